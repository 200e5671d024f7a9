"""Every verb obeys holds on the vial, its lot and its line, on both databases."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.accounts.proof import Proof
from server.catalogue.service import LotFacts
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict
from server.genealogy import service as genealogy
from server.storage import queries
from server.storage import service as storage
from server.storage.queries.holds import holds_on
from server.storage.service import holding, lineage, marks
from tests.support.shelves import START, Shelves

ALL = frozenset(
    {
        "storage.read",
        "storage.move",
        "storage.discard",
        "storage.witness",
        "holds.lift",
        "holds.manage",
    }
)


@dataclass
class Bank:
    """One stored vial, one in hand and one missing, all of one lot."""

    session: Session
    shelves: Shelves = field(init=False)

    def __post_init__(self) -> None:
        self.shelves = Shelves(self.session)
        self.org = self.shelves.org()
        self.lab = self.shelves.org()
        self.lot = self.shelves.lot(self.org, passage=5)
        self.box = self.shelves.box(self.org)
        self.person = self.someone("chen@bank.example")
        self.stored = self.shelves.vial(self.lot, "SH-1", self.box, 1)
        self.out = self.shelves.vial(self.lot, "SH-2")
        storage.fill_vial(self.session, self.person, self.out, 1000, at=START)
        storage.place_vial(self.session, self.person, self.out, self.box, 2, at=START)
        storage.take_out(self.session, self.person, self.out, at=START)
        self.gone = self.shelves.vial(self.lot, "SH-3", self.box, 3)
        storage.miss_vial(self.session, self.person, self.gone, at=START)

    def someone(self, email: str) -> Actor:
        row = Person(
            email=email, name=email.partition("@")[0], org_id=self.org.id, created_at=START
        )
        self.session.add(row)
        self.session.flush()
        granted = {name: frozenset({self.org.id}) for name in ALL}
        return Actor(id=row.id, name=row.name, org_id=self.org.id, permissions=granted)

    def lay(self, target: str, cause: str = "contamination", severity: str = "hold") -> Any:
        thing = {"vial": None, "lot": self.lot, "line": self.lot.line}[target]
        things = [self.stored, self.out, self.gone] if thing is None else [thing]
        return [
            genealogy.lay(
                self.session, self.person, queries.ref(each), self.org.id, cause, severity=severity, at=START
            )
            for each in things
        ]  # fmt: skip


Verb = Callable[[Bank], object]


def take_out(bank: Bank) -> object:
    return storage.take_out(bank.session, bank.person, bank.stored, at=START)


def reserve(bank: Bank) -> object:
    return storage.reserve(
        bank.session,
        bank.person,
        bank.stored,
        for_kind="request",
        for_id=1,
        for_code="R-1",
        at=START,
    )


def ship(bank: Bank) -> object:
    return storage.ship_vial(bank.session, bank.person, bank.out, bank.lab.id, at=START)


def thaw(bank: Bank) -> object:
    return storage.thaw_vial(bank.session, bank.person, bank.out, at=START)


def consume(bank: Bank) -> object:
    return storage.consume_vial(bank.session, bank.person, bank.out, at=START)


def aliquot(bank: Bank) -> object:
    return lineage.aliquot(bank.session, bank.person, bank.out, ["A-1"], 100, at=START)


def split(bank: Bank) -> object:
    return lineage.split(bank.session, bank.person, bank.out, ["A-1", "A-2"], at=START)


def pool(bank: Bank) -> object:
    other = bank.shelves.vial(bank.lot, "SH-9")
    storage.fill_vial(bank.session, bank.person, other, 500, at=START)
    return lineage.pool(bank.session, bank.person, [bank.out, other], "P-1", at=START)


def derive(bank: Bank) -> object:
    facts = LotFacts("L-9", "seed", passage=6)
    line = bank.lot.line
    return lineage.derive_lot(
        bank.session, bank.person, [bank.out], line, facts, "expansion", at=START
    )


def discard(bank: Bank) -> object:
    proof = Proof(bank.person.id or 0, START)
    return storage.discard_vial(bank.session, bank.person, bank.stored, "warmed", proof, at=START)


def move(bank: Bank) -> object:
    return storage.move_vial(bank.session, bank.person, bank.stored, bank.box, 40, at=START)


def put_back(bank: Bank) -> object:
    return storage.put_back(bank.session, bank.person, bank.out, at=START)


def miss(bank: Bank) -> object:
    return storage.miss_vial(bank.session, bank.person, bank.stored, at=START)


def find_again(bank: Bank) -> object:
    return storage.place_vial(bank.session, bank.person, bank.gone, bank.box, 41, at=START)


def lose(bank: Bank) -> object:
    return storage.lose_vial(bank.session, bank.person, bank.gone, "looked twice", at=START)


def mark_damaged(bank: Bank) -> object:
    return marks.mark_damaged(bank.session, bank.person, bank.stored, "cracked", at=START)


def measure(bank: Bank) -> object:
    return marks.measure_volume(bank.session, bank.person, bank.out, 900, at=START)


FORBIDDEN: tuple[Verb, ...] = (
    take_out, reserve, ship, thaw, consume, aliquot, split, pool, derive, discard, lose,
)  # fmt: skip
ALLOWED: tuple[Verb, ...] = (move, put_back, miss, find_again, mark_damaged, measure)


@pytest.mark.parametrize("target", ["vial", "lot", "line"])
@pytest.mark.parametrize("verb", FORBIDDEN, ids=lambda verb: verb.__name__)
def test_what_uses_a_held_vial_is_refused_with_the_cause(
    database: Database, verb: Verb, target: str
) -> None:
    """BR-25: held is a vial whose lot or line is."""
    with database.writing() as session:
        bank = Bank(session)
        holds = bank.lay(target)

        with pytest.raises(Conflict) as refused, session.begin_nested():
            verb(bank)
        assert refused.value.refusal.code == "on_hold"
        assert "contamination is suspected" in refused.value.refusal.text()

        for each in holds:
            genealogy.lift(session, bank.person, each, "retested", at=START)
        session.flush()
        verb(bank)  # free again: nothing else was in its way


@pytest.mark.parametrize("severity", ["hold", "quarantine"])
@pytest.mark.parametrize("verb", ALLOWED, ids=lambda verb: verb.__name__)
def test_what_only_carries_or_counts_a_held_vial_is_allowed(
    database: Database, verb: Verb, severity: str
) -> None:
    with database.writing() as session:
        bank = Bank(session)
        bank.lay("lot", severity=severity)

        verb(bank)


def test_a_vial_is_free_only_when_all_holds_are_lifted(database: Database) -> None:
    """BR-25."""
    with database.writing() as session:
        bank = Bank(session)
        (on_lot,), (on_line,) = bank.lay("lot", "excursion"), bank.lay("line", "identity")
        assert [hold.cause for hold in holds_on(session, [bank.stored])[bank.stored.id]] == [
            "excursion",
            "identity",
        ]
        genealogy.lift(session, bank.person, on_lot, "no effect", at=START)
        session.flush()
        with pytest.raises(Conflict, match="identity is in doubt"):
            take_out(bank)
        genealogy.lift(session, bank.person, on_line, "STR matches", at=START)
        session.flush()
        take_out(bank)


def test_every_held_vial_of_many_is_named(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        free = bank.shelves.vial(bank.shelves.lot(bank.org), "SH-7", bank.box, 7)
        bank.lay("lot")
        asked: list[Any] = [bank.stored, bank.out.id, free]

        refusals = holding.why_held(session, asked, "ship")
        assert [refusal.facts["thing"] for refusal in refusals] == ["SH-1", "SH-2"]
        holding.refuse_if_held(session, asked, "move")
        holding.refuse_if_held(session, [free], "ship")


def test_a_box_says_which_of_its_vials_are_held_and_why(database: Database) -> None:
    with database.writing() as session:
        bank = Bank(session)
        bank.lay("line", "consent")
        other = bank.shelves.vial(bank.shelves.lot(bank.org), "SH-7", bank.box, 7)
        held = {
            place.vial_code: place.held_because for place in queries.box_contents(session, bank.box)
        }

        assert held["SH-1"] == "consent"
        assert held[other.code] == ""
