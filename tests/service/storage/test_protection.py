"""Clearances, policies, witnessed destruction and reversed endings, on both databases."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.models import Person, Signature
from server.accounts.proof import Proof
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Forbidden, Invalid
from server.genealogy import service as genealogy
from server.genealogy.queries import children
from server.parties.models import Project
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Clearance, Vial
from server.storage.queries import guarding
from server.storage.queries.holds import ref
from server.storage.rules.protection import Policy
from server.storage.service import lineage, marks
from server.storage.service.space import reserve_space
from server.storage.service.upkeep import block
from tests.support.shelves import START, Shelves

MAY = ("storage.read", "storage.move", "storage.discard", "storage.witness", "storage.approve")


@dataclass
class Bank:
    """A line with a master bank and distribution stock under the default rules, and four people."""

    session: Session
    shelves: Shelves = field(init=False)

    def __post_init__(self) -> None:
        self.shelves = Shelves(self.session)
        self.org = self.shelves.org(protected=True)
        self.line = self.shelves.line(self.org)
        self.box = self.shelves.box(self.org)
        self.technician, self.wu, self.lin, self.reader = (
            self.person(f"{name}@bank.example", MAY if name != "reader" else ("storage.read",))
            for name in ("technician", "wu", "lin", "reader")
        )

    def person(self, email: str, may: tuple[str, ...]) -> Actor:
        row = Person(
            email=email, name=email.partition("@")[0], org_id=self.org.id, created_at=START
        )
        self.session.add(row)
        self.session.flush()
        granted = {name: frozenset({self.org.id}) for name in may}
        return Actor(id=row.id, name=row.name, org_id=self.org.id, permissions=granted)

    def bank(self, tier: str, vials: int, first: int = 1) -> list[Vial]:
        lot = self.shelves.lot(self.org, tier, self.line, passage=4)
        return [self.shelves.vial(lot, "", self.box, first + n) for n in range(vials)]

    def take(self, vial: Vial, **how: str) -> object:
        return storage.take_out(self.session, self.technician, vial, at=START, **how)

    def ask(self, vial: Vial, use: str = "qc") -> Clearance:
        return storage.ask_clearance(self.session, self.technician, vial, use, at=START)

    def clear(self, who: Actor, asked: Clearance) -> Clearance:
        return storage.sign_clearance(self.session, who, asked, proof(who), at=START)


def proof(actor: Actor) -> Proof:
    assert actor.id is not None
    return Proof(actor.id, START)


def refused(code: str) -> "pytest.RaisesExc[Conflict]":
    return pytest.raises(Conflict, check=lambda error: error.refusal.code == code)


def test_a_master_vial_is_used_only_when_quality_has_signed(database: Database) -> None:
    """BR-11."""
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("master", 12)[0]
        with refused("bad_use"):
            bank.take(vial)
        with refused("not_cleared"):
            bank.take(vial, use="make_bank")
        asked = bank.ask(vial, "make_bank")
        with refused("not_cleared"):
            bank.take(vial)
        with refused("own_request"):
            bank.clear(bank.technician, asked)
        bank.clear(bank.wu, asked)
        bank.take(vial)
        storage.thaw_vial(session, bank.technician, vial, at=START)
        session.flush()

        assert vial.state == "thawed"
        assert guarding.clearance_of(session, vial) is None
        signed = session.scalars(select(Signature)).one()
        assert (signed.person_name, signed.subject_code) == ("wu", vial.code)


def test_what_is_cleared_for_one_use_is_not_used_for_another_use(database: Database) -> None:
    """BR-11."""
    with database.writing() as session:
        bank = Bank(session)
        vials = bank.bank("master", 12)
        bank.clear(bank.wu, bank.ask(vials[0], "make_bank"))
        bank.take(vials[0])
        with refused("not_cleared"):
            storage.consume_vial(session, bank.technician, vials[0], at=START)
        seed = bank.bank("seed", 2, 40)
        bank.clear(bank.wu, bank.ask(seed[0], "discard"))
        with refused("bad_use"):
            bank.take(seed[0])
        kept = bank.bank("safety", 3, 50)
        bank.clear(bank.wu, bank.ask(kept[0], "discard"))
        with refused("kept"):
            bank.take(kept[0])


def test_a_bank_does_not_fall_below_its_floor_unless_quality_clears_it(database: Database) -> None:
    """BR-12: five of a master bank, three of a seed bank."""
    with database.writing() as session:
        bank = Bank(session)
        bank.bank("distribution", 5, 20)
        seeds = bank.bank("seed", 4)
        storage.set_policy(session, bank.wu, bank.org.id, Policy("seed", least_vials=3), at=START)
        bank.take(seeds[0])
        with refused("below_floor"):
            bank.take(seeds[1])
        with refused("below_floor"):
            storage.discard_vial(
                session, bank.technician, seeds[1], "broken", proof(bank.technician), at=START
            )
        bank.clear(bank.wu, bank.ask(seeds[1]))
        bank.take(seeds[1])


def test_the_last_two_vials_of_a_line_need_two_persons(database: Database) -> None:
    """BR-12: over all tiers, whatever the tier of the vial."""
    with database.writing() as session:
        bank = Bank(session)
        vials = bank.bank("distribution", 2)
        working = bank.bank("working", 1, 30)
        bank.take(vials[0])  # three are stored, two stay
        with refused("last_of_line"):
            bank.take(vials[1])
        with refused("last_of_line"):
            bank.take(working[0])
        asked = bank.ask(vials[1])
        bank.clear(bank.wu, asked)
        with refused("last_of_line"):
            bank.take(vials[1])
        with refused("signed_already"):
            bank.clear(bank.wu, asked)
        bank.clear(bank.lin, asked)
        bank.take(vials[1])
        with refused("last_of_line"):
            bank.take(working[0])


def test_a_refused_or_spent_clearance_clears_nothing(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("retention", 9)[0]
        asked = bank.ask(vial)
        with pytest.raises(Conflict, match="already"):
            bank.ask(vial)
        with pytest.raises(Invalid):
            storage.end_clearance(session, bank.wu, asked, "refused", at=START)
        storage.end_clearance(session, bank.wu, asked, "refused", "another lot will do", at=START)
        with pytest.raises(Conflict, match="ended already"):
            bank.clear(bank.wu, asked)
        with refused("kept"):
            bank.take(vial)


def test_reserve_respects_floors_and_requests_get_distribution_stock_only(
    database: Database,
) -> None:
    """BR-11, BR-12."""
    promise = {"for_kind": "request", "for_code": "R-1"}
    with database.writing() as session:
        bank = Bank(session)
        stock, master = bank.bank("distribution", 3), bank.bank("master", 1, 40)
        with refused("not_distribution"):
            storage.reserve(session, bank.technician, master[0], for_id=1, at=START, **promise)
        storage.reserve(session, bank.technician, stock[0], for_id=1, at=START, **promise)
        storage.reserve(session, bank.technician, stock[1], for_id=2, at=START, **promise)
        with refused("last_of_line"):
            storage.reserve(session, bank.technician, stock[2], for_id=3, at=START, **promise)


def test_whether_a_vial_goes_back_is_the_banks_policy(database: Database) -> None:
    """BR-15."""
    with database.writing() as session:
        bank = Bank(session)
        working = bank.bank("working", 5)
        bank.take(working[0])
        with refused("return_forbidden"):
            storage.put_back(session, bank.technician, working[0], at=START)
        wanted = Policy("working", return_allowed=True)
        storage.set_policy(session, bank.wu, bank.org.id, wanted, at=START)
        storage.put_back(session, bank.technician, working[0], at=START)
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "policy.changed")
        ).one()
        assert "return_allowed" in entry.facts


def test_a_destruction_waits_for_a_witness_who_is_someone_else(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("distribution", 5)[0]
        asked = storage.discard_vial(
            session, bank.technician, vial, "broken", proof(bank.technician), at=START
        )
        assert (vial.state, queries.vial_path(session, vial).place) == ("in_storage", "position")
        with refused("destruction_waits"):
            bank.take(vial)
        with refused("destruction_waits"):
            storage.discard_vial(session, bank.wu, vial, "broken", proof(bank.wu), at=START)
        with refused("own_witness"):
            storage.witness_destruction(
                session, bank.technician, asked, proof(bank.technician), at=START
            )
        with pytest.raises(Forbidden):
            storage.witness_destruction(session, bank.reader, asked, proof(bank.reader), at=START)
        storage.witness_destruction(session, bank.wu, asked, proof(bank.wu), at=START)
        session.flush()

        assert vial.state == "destroyed"
        assert (asked.asked_by_name, asked.witness_name) == ("technician", "wu")
        assert len(list(session.scalars(select(Signature)))) == 2
        with refused("ended"):
            storage.witness_destruction(session, bank.lin, asked, proof(bank.lin), at=START)


def test_a_witness_who_signs_at_once_ends_it_at_once(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("distribution", 5)[0]
        witness = storage.Witness(bank.wu, proof(bank.wu))
        storage.discard_vial(
            session,
            bank.technician,
            vial,
            "broken",
            proof(bank.technician),
            witness=witness,
            at=START,
        )
        assert vial.state == "destroyed"
        own = storage.Witness(bank.technician, proof(bank.technician))
        other = bank.bank("distribution", 1, 30)[0]
        with refused("own_witness"), session.begin_nested():
            storage.discard_vial(
                session,
                bank.technician,
                other,
                "broken",
                proof(bank.technician),
                witness=own,
                at=START,
            )
        assert guarding.destruction_of(session, other) is None


def test_what_is_withdrawn_or_refused_leaves_the_vial_as_it_was(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("distribution", 5)[0]
        asked = storage.discard_vial(
            session, bank.technician, vial, "broken", proof(bank.technician), at=START
        )
        with pytest.raises(Invalid):
            storage.end_destruction(session, bank.wu, asked, " ", at=START)
        storage.end_destruction(session, bank.wu, asked, "it is whole", at=START)

        assert asked.ended_because == "refused"
        assert session.scalars(select(Signature)).one().voided_at is not None
        bank.take(vial)


def test_a_hold_laid_meanwhile_stops_the_witness(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("distribution", 5)[0]
        asked = storage.discard_vial(
            session, bank.technician, vial, "broken", proof(bank.technician), at=START
        )
        genealogy.lay(session, bank.wu, queries.ref(vial), bank.org.id, "complaint", at=START)
        with refused("on_hold"), session.begin_nested():
            storage.witness_destruction(session, bank.wu, asked, proof(bank.wu), at=START)
        session.refresh(vial)
        assert vial.state == "in_storage"


@pytest.mark.parametrize("ending", ["destroyed", "thawed", "consumed_qc", "shipped", "lost"])
def test_an_ending_is_final_until_quality_reverses_it_and_both_facts_stay(
    database: Database, ending: str
) -> None:
    """BR-07."""
    with database.writing() as session:
        bank = Bank(session)
        lab = bank.shelves.org()
        vial = bank.bank("distribution", 5)[0]
        if ending == "lost":
            storage.miss_vial(session, bank.technician, vial, at=START)
            storage.lose_vial(session, bank.technician, vial, "not found twice", at=START)
        elif ending != "destroyed":
            bank.take(vial)
        if ending == "destroyed":
            witness = storage.Witness(bank.wu, proof(bank.wu))
            storage.discard_vial(
                session,
                bank.technician,
                vial,
                "broken",
                proof(bank.technician),
                witness=witness,
                at=START,
            )
        elif ending == "thawed":
            storage.thaw_vial(session, bank.technician, vial, at=START)
        elif ending == "consumed_qc":
            storage.consume_vial(session, bank.technician, vial, at=START)
        elif ending == "shipped":
            storage.ship_vial(session, bank.technician, vial, lab.id, at=START)
        session.flush()
        assert vial.state == ending
        for verb in (storage.take_out, storage.thaw_vial, storage.consume_vial):
            with pytest.raises(Conflict):
                verb(session, bank.technician, vial, at=START)

        storage.reverse_ending(session, bank.wu, vial, "wrong tube", proof(bank.wu), at=START)
        session.flush()
        after = {"destroyed": "in_storage", "lost": "missing"}.get(ending, "checked_out")
        assert vial.state == after
        assert vial.thaws == 0
        kept = [stay.custody.place for stay in queries.life_of(session, vial)]
        assert kept[-2:] == {
            "destroyed": ["destroyed", "position"],
            "lost": ["unknown", "unknown"],
            "shipped": ["recipient", "bench"],
        }.get(ending, ["consumed", "bench"])


def test_an_ending_stands_while_what_came_out_of_the_tube_stands(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("distribution", 5)[0]
        bank.take(vial)
        marks.measure_volume(session, bank.technician, vial, 1000, at=START)
        lineage.split(session, bank.technician, vial, ["A-1", "A-2"], at=START)

        with pytest.raises(Conflict, match=f"A-1, A-2 came out of {vial.code}"):
            storage.reverse_ending(session, bank.wu, vial, "wrong tube", proof(bank.wu), at=START)
        for edge in children(session, ref(vial)):
            genealogy.supersede_edge(session, bank.wu, edge, "of another tube", at=START)
        storage.reverse_ending(session, bank.wu, vial, "wrong tube", proof(bank.wu), at=START)
        assert vial.state == "checked_out"


def test_a_reversed_tube_whose_place_is_taken_is_missing_until_it_is_put_somewhere(
    database: Database,
) -> None:
    with database.writing() as session:
        bank = Bank(session)
        vial = bank.bank("distribution", 5)[0]
        witness = storage.Witness(bank.wu, proof(bank.wu))
        storage.discard_vial(
            session,
            bank.technician,
            vial,
            "broken",
            proof(bank.technician),
            witness=witness,
            at=START,
        )
        bank.bank("distribution", 1, 1)
        storage.reverse_ending(session, bank.wu, vial, "wrong tube", proof(bank.wu), at=START)
        assert vial.state == "missing"
        storage.place_vial(session, bank.technician, vial, bank.box, 50, at=START)
        assert vial.state == "in_storage"


def _destroyed_once(bank: Bank) -> Vial:
    vial = bank.bank("distribution", 5)[0]
    witness = storage.Witness(bank.wu, proof(bank.wu))
    storage.discard_vial(
        bank.session, bank.technician, vial, "broken", proof(bank.technician), witness=witness,
        at=START,
    )  # fmt: skip
    return vial


@pytest.mark.parametrize("now", ["quarantined", "blocked", "kept"])
def test_a_reversed_tube_goes_back_only_where_it_may_stand(database: Database, now: str) -> None:
    """BR-24 binds a reversal too: a lot that was quarantined meanwhile stays out of a released box."""
    with database.writing() as session:
        bank = Bank(session)
        vial = _destroyed_once(bank)
        place = queries.stay_before(session, vial)
        if now == "quarantined":
            storage.limit(
                session, bank.shelves.actor, bank.box, {"quarantine": ["never"]}, at=START
            )
            vial.lot.disposition = "quarantined"
            session.flush()
        elif now == "blocked":
            block(session, bank.shelves.actor, bank.box, [place.ordinal], at=START)
        else:
            other = Project(org_id=bank.org.id, code="P2", name="P2", created_at=START)
            session.add(other)
            session.flush()
            until = START + timedelta(days=9)
            reserve_space(session, bank.shelves.actor, bank.box, other, until=until, at=START)

        storage.reverse_ending(session, bank.wu, vial, "wrong tube", proof(bank.wu), at=START)

        assert vial.state == "missing"
        assert queries.live_custody(session, vial).place == "unknown"
        told = session.scalars(
            select(AuditEntry.facts).where(AuditEntry.action == "vial.ending_reversed")
        ).one()
        because = {"quarantined": "in quarantine or on hold", "kept": "is kept for project P2"}
        assert because.get(now, now) in told
