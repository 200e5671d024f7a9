"""Shipments: announced against received, packed and never lost in between, quarantine by rule."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import AllRefused, CryokeepError
from server.genealogy import service as genealogy
from server.handling.models import Shipment, ShipmentLine
from server.handling.queries import shipments as queries
from server.handling.rules.manifests import read
from server.handling.service import receiving, shipments
from server.handling.service.receiving import Arrival
from server.storage import service as storage
from server.storage.models import Container, Custody, Site, Vial
from server.storage.queries import holds_on, live_custody, ref, vial_path
from server.storage.service.lineage import aliquot
from tests.support.shelves import START, Shelves


def stocked(database: Database, tier: str = "distribution") -> None:
    """Make two sites with a box each, three tubes at the first, a mobile shipper and a lot to come."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("SCB")
        lot = shelves.lot(org, tier, code="L-1")
        for code in ("PD", "XH"):
            site = storage.add_site(session, shelves.actor, org.id, code, code, "UTC", at=START)
            room = storage.add_room(session, shelves.actor, site, "R1", at=START)
            rack = shelves.rack(org, f"R-{code}", shelves.freezer(org, f"LN2-{code}", room))
            box = shelves.box(org, f"D-{code}", rack)
            if code == "PD":
                for place in (1, 2, 3):
                    shelves.vial(lot, f"SH-{place}", box, place)
        shelves.box(org, "DRY-1").mobile = True
        shelves.vial(lot, "OUT-1", box, 60)
        out = vial(session, "OUT-1")
        storage.take_out(session, shelves.actor, out, at=START)
        storage.ship_vial(session, shelves.actor, out, shelves.org("LAB").id, at=START)


def actor() -> Actor:
    return Actor.system("tests")


def vial(session: Session, code: str) -> Vial:
    return session.scalars(select(Vial).where(Vial.code == code)).one()


def box(session: Session, code: str) -> Container:
    return session.scalars(select(Container).where(Container.code == code)).one()


def site(session: Session, code: str) -> Site:
    return session.scalars(select(Site).where(Site.code == code)).one()


def newest(session: Session) -> Shipment:
    return session.scalars(select(Shipment).order_by(Shipment.id.desc())).first()


def states(session: Session) -> dict[str, str]:
    return {line.code: line.state for line in session.scalars(select(ShipmentLine))}


def refused(verb: object, *given: object, **named: object) -> CryokeepError:
    with pytest.raises(CryokeepError) as found:
        verb(*given, **named)
    return found.value


def announced(session: Session, text: str) -> Shipment:
    return shipments.expect_incoming(session, actor(), site(session, "PD"), read(text), at=START)


def transfer(session: Session, *codes: str, sent: bool = True) -> Shipment:
    made = shipments.begin_transfer(
        session, actor(), site(session, "PD"), site(session, "XH"), box(session, "DRY-1"), at=START
    )
    for code in codes:
        shipments.pack_tube(session, actor(), made, vial(session, code), at=START)
    return shipments.send(session, actor(), made, "road", "WB-1", at=START) if sent else made


def receive(session: Session, code: str, into: str = "", **seen: object) -> ShipmentLine:
    arrival = Arrival(box=box(session, into) if into else None, **seen)
    return receiving.receive_tube(session, actor(), newest(session), code, arrival, at=START)


def test_an_incoming_shipment_is_checked_against_its_manifest(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        announced(session, "code,lot,line,colour\nN-1,L-1,HEK293T,red\nN-2,l-1,,\nN-3,L-1,,\n")
        assert session.scalars(select(Vial).where(Vial.code == "N-1")).first() is None
        receive(session, "n-1", "D-PD")
        receive(session, "N-2", damaged=True, note="cracked")
        strange = refused(receive, session, "N-9")
        assert strange.refusal.code == "not_announced"
        assert strange.refusal.facts["count"] == 1
        receive(session, "N-9", unannounced=True)
        assert refused(receive, session, "N-1").refusal.code == "settled"
        no_reason = refused(
            receiving.close_shipment, session, actor(), newest(session), "", at=START
        )
        assert no_reason.refusal.facts == {"count": 1}
        assert (
            receiving.close_shipment(session, actor(), newest(session), "not in it", at=START) == 1
        )

    with database.reading() as session:
        assert states(session) == {
            "N-1": "received", "N-2": "received", "N-3": "missing", "N-9": "unexpected",
        }  # fmt: skip
        (row,) = queries.shipments(session, actor())
        assert (row.tubes, row.waiting, row.received, row.differing) == (4, 0, 2, 3)
        first, broken = vial(session, "N-1"), vial(session, "N-2")
        assert (first.state, first.verified_at) == ("in_storage", START)
        assert broken.damaged_at == START
        held = holds_on(session, [first, broken])
        assert {(hold.severity, hold.note) for one in held.values() for hold in one} == {
            ("quarantine", row.shipment.code)
        }
        assert len(held) == 2
        assert session.scalars(select(Vial).where(Vial.code.in_(["N-3", "N-9"]))).all() == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["many_tubes"]),
        (
            "N-1,L-9\nSH-1,L-1\nN-3\nN-4,L-1,HeLa",
            ["no_lot", "code_taken", "lot_missing", "other_line"],
        ),
        ("N-1,L-1\nn-1,L-1", ["code_twice"]),
    ],
)
def test_a_bad_manifest_is_refused_with_every_problem(
    database: Database, text: str, codes: list[str]
) -> None:
    stocked(database)
    with database.writing() as session:
        found = refused(announced, session, text)
        assert isinstance(found, AllRefused)
        assert [refusal.code for refusal in found.refusals] == codes


@pytest.mark.parametrize("tier", ["distribution", "master"])
def test_a_transfer_is_never_lost_in_between(database: Database, tier: str) -> None:
    stocked(database, tier)
    with database.writing() as session:
        sent = transfer(session, "SH-1", "SH-2")
        for code in ("SH-1", "SH-2"):
            stay = live_custody(session, vial(session, code))
            assert stay is not None
            assert (stay.place, stay.shipment_id) == ("transit", sent.id)
            assert vial(session, code).state == "checked_out"
        journey = queries.journey_of(session, vial(session, "SH-1"))
        assert journey is sent
        assert refused(receive, session, "SH-1").refusal.code == "no_box"
        assert refused(receive, session, "SH-1", "D-PD").refusal.code == "box_elsewhere"
        receive(session, "SH-1", "D-XH")
        assert vial(session, "SH-1").state == "in_storage"
        assert "D-XH" in vial_path(session, vial(session, "SH-1")).text
        receiving.did_not_arrive(session, actor(), newest(session), "SH-2", "searched", at=START)
        assert vial(session, "SH-2").state == "missing"
        assert receiving.close_shipment(session, actor(), newest(session), at=START) == 0
        assert newest(session).state == "received"
        assert holds_on(session, [vial(session, "SH-1")]) == {}
        storage.place_vial(
            session, actor(), vial(session, "SH-2"), box(session, "D-XH"), 5, at=START
        )

        for code in ("SH-1", "SH-2"):  # no gap and no overlap in what is known of them
            wanted = select(Custody).where(Custody.vial_id == vial(session, code).id)
            stays = session.scalars(wanted.order_by(Custody.id)).all()
            assert [one.ended_at for one in stays[:-1]] == [one.began_at for one in stays[1:]]
            assert stays[-1].ended_at is None


def test_a_shipment_that_is_lost_as_a_whole_is_decided_in_one(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        transfer(session, "SH-1", "SH-2", "SH-3")
        first = vial(session, "SH-1")
        version = first.version
        assert receiving.close_shipment(session, actor(), newest(session), "lost", at=START) == 3
        assert first.state == "missing"
        assert first.version > version
    with database.reading() as session:
        assert states(session) == dict.fromkeys(("SH-1", "SH-2", "SH-3"), "missing")
        for code in ("SH-1", "SH-2", "SH-3"):
            stay = live_custody(session, vial(session, code))
            assert stay is not None
            assert (stay.place, stay.began_at) == ("unknown", START)
            wanted = select(AuditEntry.action).where(AuditEntry.subject_code == code)
            assert "vial.missed" in session.scalars(wanted).all()


def test_nothing_else_is_done_with_what_travels(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        transfer(session, "SH-1")
        one, at = vial(session, "SH-1"), START
        for verb, given in (
            (storage.put_back, (box(session, "D-PD"), 1)),
            (storage.miss_vial, ()),
            (storage.thaw_vial, ()),
            (storage.consume_vial, ()),
            (storage.ship_vial, (1,)),
            (storage.bring_vial, (box(session, "D-XH"), 1)),
        ):
            with pytest.raises(CryokeepError) as found, session.begin_nested():
                verb(session, actor(), one, *given, at=at)
            assert found.value.refusal.code == "in_transit"
        with pytest.raises(CryokeepError) as found, session.begin_nested():
            storage.thaw_vial(session, actor(), one, ends=False, at=at)
        assert found.value.refusal.code == "in_transit"
        with pytest.raises(CryokeepError) as found, session.begin_nested():
            aliquot(session, actor(), one, ["A-1"], 10, at=at)
        assert found.value.refusal.code == "in_transit"
        stay = live_custody(session, one)
        assert stay is not None
        assert stay.place == "transit"


def test_what_may_be_packed(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = transfer(session, "SH-1", sent=False)
        again = refused(
            shipments.pack_tube, session, actor(), made, vial(session, "SH-1"), at=START
        )
        assert again.refusal.code == "wrong_state"
        storage.reserve(
            session, actor(), vial(session, "SH-2"), for_kind="request", for_id=1, for_code="Q-1",
            at=START,
        )  # fmt: skip
        promised = refused(
            shipments.pack_tube, session, actor(), made, vial(session, "SH-2"), at=START
        )
        assert promised.refusal.code == "reserved"
        storage.move_vial(
            session, actor(), vial(session, "SH-3"), box(session, "D-XH"), 9, at=START
        )
        away = refused(shipments.pack_tube, session, actor(), made, vial(session, "SH-3"), at=START)
        assert away.refusal.code == "other_site"
        unpacked = shipments.unpack_tube(
            session, actor(), made, vial(session, "SH-1"), box(session, "D-PD"), at=START
        )
        assert unpacked.state == "unpacked"
        assert vial(session, "SH-1").state == "in_storage"
        empty = refused(shipments.send, session, actor(), made, "", "", at=START)
        assert empty.refusal.code == "nothing_packed"
        shipments.pack_tube(session, actor(), made, vial(session, "SH-1"), at=START)
        assert states(session) == {"SH-1": "packed"}
        full = refused(shipments.cancel, session, actor(), made, "no", at=START)
        assert full.refusal.code == "still_packed"


def test_what_was_put_on_hold_after_packing_does_not_leave(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = transfer(session, "SH-1", "SH-2", sent=False)
        one = vial(session, "SH-1")
        hold = genealogy.lay(session, actor(), ref(one), one.org_id, "identity", "", at=START)
        held = refused(shipments.send, session, actor(), made, "", "", at=START)
        assert [one.code for one in held.refusals] == ["on_hold"]
        assert held.refusals[0].text().startswith("SH-1 is on hold")
        assert made.state == "packing"
        genealogy.lift(session, actor(), hold, "it is right", at=START)
        assert shipments.send(session, actor(), made, "", "", at=START).state == "in_transit"


@pytest.mark.parametrize("kind", ["incoming", "transfer", "return"])
def test_a_tube_that_was_missing_turns_up_before_the_end(database: Database, kind: str) -> None:
    stocked(database)
    codes = {"incoming": ["N-1", "N-2"], "transfer": ["SH-1", "SH-2"], "return": ["OUT-1"]}[kind]
    with database.writing() as session:
        if kind == "incoming":
            made, into = announced(session, "code,lot\nN-1,L-1\nN-2,L-1"), "D-PD"
        elif kind == "transfer":
            made, into = transfer(session, *codes), "D-XH"
        else:
            made, into = (
                shipments.expect_return(session, actor(), site(session, "PD"), codes, at=START),
                "D-PD",
            )
        receiving.did_not_arrive(session, actor(), made, codes[0], "not seen", at=START)
        assert states(session)[codes[0]] == "missing"
        line = receive(session, codes[0], into)
        assert (line.state, line.note) == ("received", "")
        assert vial(session, codes[0]).state == "in_storage"
        assert vial_path(session, vial(session, codes[0])).box_id == box(session, into).id
        twice = refused(receive, session, codes[0], into)
        assert twice.refusal.code == "settled"


def test_the_same_tube_is_announced_once_at_a_time(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        first = announced(session, "code,lot\nN-1,L-1\nN-2,L-1")
        again = refused(announced, session, "code,lot\nn-1,L-1\nN-3,L-1")
        assert [one.code for one in again.refusals] == ["announced"]
        assert again.refusals[0].facts == {"code": "N-1", "shipment": first.code}
        boxes = refused(announced, session, "code,lot\nD-PD,L-1")
        assert boxes.refusals[0].code == "container_code"
        shipments.cancel(session, actor(), first, "sent again", at=START)
        assert announced(session, "code,lot\nN-1,L-1").state == "expected"


def test_a_shipper_is_mobile_and_carries_one_shipment(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = transfer(session, sent=False)
        for code, why in (("DRY-1", "shipper_busy"), ("D-PD", "not_mobile")):
            found = refused(
                shipments.begin_transfer, session, actor(), site(session, "PD"),
                site(session, "XH"), box(session, code), at=START,
            )  # fmt: skip
            assert found.refusal.code == why
        same = refused(
            shipments.begin_transfer,
            session,
            actor(),
            site(session, "PD"),
            site(session, "PD"),
            at=START,
        )
        assert same.refusal.code == "same_site"
        assert (
            refused(shipments.cancel, session, actor(), made, " ", at=START).refusal.code
            == "no_reason"
        )
        shipments.cancel(session, actor(), made, "not needed", at=START)
        late = refused(shipments.send, session, actor(), made, "", "", at=START)
        assert late.refusal.facts["state"] == "cancelled"


@pytest.mark.parametrize("tier", ["distribution", "master"])
def test_what_comes_back_is_in_quarantine(database: Database, tier: str) -> None:
    stocked(database, tier)
    with database.writing() as session:
        stranger = refused(
            shipments.expect_return,
            session,
            actor(),
            site(session, "XH"),
            ["OUT-1", "SH-1"],
            at=START,
        )
        assert stranger.refusal.facts == {"code": "SH-1"}
        shipments.expect_return(session, actor(), site(session, "XH"), ["OUT-1"], at=START)
        shipments.set_rule(
            session, actor(), vial(session, "OUT-1").org_id, "return", quarantine=False, at=START
        )
        if tier == "master":
            assert refused(receive, session, "OUT-1", "D-XH").refusal.code == "return_forbidden"
        session.expire_all()


def test_a_returned_tube_is_in_hand_and_held(database: Database) -> None:
    stocked(database, "master")
    with database.writing() as session:
        shipments.expect_return(session, actor(), site(session, "XH"), ["OUT-1"], at=START)
        receive(session, "OUT-1")
        back = vial(session, "OUT-1")
        assert back.state == "checked_out"
        assert [hold.severity for hold in holds_on(session, [back])[back.id]] == ["quarantine"]
        thaw = refused(storage.thaw_vial, session, actor(), back, at=START)
        assert thaw.refusal.code == "on_hold"


@pytest.mark.parametrize("quarantine", [True, False])
def test_the_rule_of_the_bank_decides_about_quarantine(
    database: Database, quarantine: bool
) -> None:
    stocked(database)
    with database.writing() as session:
        org = vial(session, "SH-1").org_id
        for kind in ("incoming", "transfer"):
            shipments.set_rule(session, actor(), org, kind, quarantine=quarantine, at=START)
        transfer(session, "SH-1")
        receive(session, "SH-1", "D-XH")
        announced(session, "N-1,L-1")
        receive(session, "N-1")
        assert len(holds_on(session, [vial(session, "SH-1"), vial(session, "N-1")])) == (
            2 if quarantine else 0
        )


def test_a_tube_that_nobody_announced_is_taken_in_on_purpose(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        transfer(session, "SH-1")
        receive(
            session, "SH-2", "D-XH", unannounced=True
        )  # packed, but never scanned at the other site
        lot = vial(session, "SH-1").lot
        receive(session, "X-1", "D-XH", unannounced=True, lot=lot)
        assert states(session) == {"SH-1": "packed", "SH-2": "unexpected", "X-1": "unexpected"}
        assert "D-XH" in vial_path(session, vial(session, "SH-2")).text
        assert len(holds_on(session, [vial(session, "SH-2"), vial(session, "X-1")])) == 2


def test_a_damaged_transfer_stays_in_the_hand(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        transfer(session, "SH-1")
        assert refused(receive, session, "SH-1", damaged=True).refusal.code == "no_note"
        receive(session, "SH-1", damaged=True, note="leaks")
        stay = live_custody(session, vial(session, "SH-1"))
        assert stay is not None
        assert stay.place == "bench"
        assert vial(session, "SH-1").damaged_at == START
