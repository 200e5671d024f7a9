"""A box or rack travels as one: every vial's custody is true all along, and nothing else reaches it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.db import Database
from server.core.errors import CryokeepError
from server.genealogy import service as genealogy
from server.handling.models import Shipment
from server.handling.service import freight, receiving, shipments
from server.storage import service as storage
from server.storage.models import Container, Custody, Vial
from server.storage.queries import holds_on, live_custody, path_of, ref, vial_path
from server.storage.rules.moves import Move
from server.storage.service.allowances import limit
from server.storage.service.bulk import move_vials
from server.storage.service.freight import freight_of
from tests.service.handling.test_shipments import actor, box, refused, site, states, stocked, vial
from tests.support.shelves import START

LATER = START.replace(hour=12)


def packed(session: Session, outer: str = "D-PD", *, sent: bool = True) -> Shipment:
    made = shipments.begin_transfer(
        session, actor(), site(session, "PD"), site(session, "XH"), box(session, "DRY-1"), at=START
    )
    freight.pack_box(session, actor(), made, box(session, outer), at=START)
    return shipments.send(session, actor(), made, "", "", at=START) if sent else made


def lives(session: Session, code: str) -> list[tuple[str, int | None, bool]]:
    """Return the places of a vial in order, which position each names, and whether the next follows at once."""
    rows = session.scalars(
        select(Custody).where(Custody.vial_id == vial(session, code).id).order_by(Custody.id)
    ).all()
    onward = [*rows[1:], None]
    return [
        (row.place, row.ordinal, row.ended_at == (after.began_at if after else None))
        for row, after in zip(rows, onward, strict=True)
    ]


@pytest.mark.parametrize("outer", ["D-PD", "R-PD"])
def test_a_box_or_rack_travels_with_all_that_is_in_it(database: Database, outer: str) -> None:
    stocked(database)
    with database.writing() as session:
        made = packed(session, outer)
        assert states(session) == {f"SH-{place}": "packed" for place in (1, 2, 3)}
        assert [one.code for one in freight_of(session, made.id)] == [outer]
        assert vial(session, "SH-1").state == "checked_out"
        assert vial_path(session, vial(session, "SH-1")).kept_position == "A1"
    with database.writing() as session:
        made = session.scalars(select(Shipment)).one()
        into = box(session, "R-XH") if outer == "D-PD" else box(session, "LN2-XH")
        count = freight.receive_box(session, actor(), made, box(session, outer), into, at=LATER)
        assert count == 3
        assert set(states(session).values()) == {"received"}
        assert receiving.close_shipment(session, actor(), made, at=LATER) == 0
    with database.reading() as session:
        for place in (1, 2, 3):
            code = f"SH-{place}"
            assert vial(session, code).state == "in_storage"
            way = vial_path(session, vial(session, code))
            assert (way.site_id, way.ordinal) == (site(session, "XH").id, place)
            assert lives(session, code) == [
                ("position", place, True), ("transit", place, True), ("position", place, True),
            ]  # fmt: skip
            acts = select(AuditEntry.action).where(AuditEntry.subject_code == code)
            assert session.scalars(acts.order_by(AuditEntry.id)).all()[-2:] == [
                "vial.packed", "vial.received",
            ]  # fmt: skip
        assert path_of(session, box(session, "D-PD")).site_id == site(session, "XH").id
        assert freight_of(session, 1) == []


def test_one_that_may_not_leave_keeps_the_box_here(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        one = vial(session, "SH-1")
        genealogy.lay(session, actor(), ref(one), one.org_id, "identity", "", at=START)
        storage.reserve(
            session, actor(), vial(session, "SH-3"), for_kind="request", for_id=1, for_code="Q-1",
            at=START,
        )  # fmt: skip
        made = shipments.begin_transfer(
            session, actor(), site(session, "PD"), site(session, "XH"), at=START
        )
        found = refused(freight.pack_box, session, actor(), made, box(session, "D-PD"), at=START)
        assert [one.code for one in found.refusals] == ["reserved", "on_hold"]
        assert {vial(session, f"SH-{place}").state for place in (1, 2, 3)} == {"in_storage"}
        empty = refused(freight.pack_box, session, actor(), made, box(session, "D-XH"), at=START)
        assert empty.refusal.code == "other_site"
        tank = refused(freight.pack_box, session, actor(), made, box(session, "LN2-PD"), at=START)
        assert tank.refusal.code == "not_freight"


@pytest.mark.parametrize("outer", ["D-PD", "R-PD"])
def test_nothing_else_reaches_what_travels(database: Database, outer: str) -> None:
    stocked(database)
    with database.writing() as session:
        packed(session, outer)
        inner, stays = box(session, "D-PD"), vial(session, "OUT-1")
        new = storage.add_vial(session, actor(), stays.lot, "NEW-1", at=START)
        verbs = [
            (storage.place_vial, (new, inner, 40)),
            (storage.place_container, (inner, box(session, "R-XH"), 2)),
            (storage.take_out, (vial(session, "SH-1"),)),
            (storage.put_back, (vial(session, "SH-1"), box(session, "D-XH"), 1)),
            (
                move_vials,
                ([Move(vial(session, "SH-2").id, box(session, "D-XH").id, 5)],),
            ),
        ]
        for verb, given in verbs:
            with pytest.raises(CryokeepError) as found, session.begin_nested():
                verb(session, actor(), *given, at=LATER)
            assert found.value.refusal.code in ("in_transit", "wrong_state"), verb.__name__
        assert live_custody(session, vial(session, "SH-1")).place == "transit"


def test_a_tube_may_be_received_before_its_box(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = packed(session)
        arrival = receiving.Arrival(box=box(session, "D-XH"))
        receiving.receive_tube(session, actor(), made, "SH-2", arrival, at=LATER)
        receiving.did_not_arrive(session, actor(), made, "SH-3", "its place is empty", at=LATER)
        rack = box(session, "R-XH")
        assert (
            freight.receive_box(session, actor(), made, box(session, "D-PD"), rack, at=LATER) == 1
        )
        assert states(session) == {"SH-1": "received", "SH-2": "received", "SH-3": "missing"}
        assert vial_path(session, vial(session, "SH-2")).box_id == box(session, "D-XH").id
        assert vial(session, "SH-3").state == "missing"


def test_a_packed_box_is_taken_out_again(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = packed(session, sent=False)
        still = refused(shipments.cancel, session, actor(), made, "no", at=START)
        assert still.refusal.code == "still_packed"
        away = refused(
            freight.unpack_box, session, actor(), made, box(session, "D-PD"), box(session, "R-XH"),
            at=START,
        )  # fmt: skip
        assert away.refusal.code == "box_elsewhere"
        rack = box(session, "R-PD")
        freight.unpack_box(session, actor(), made, box(session, "D-PD"), rack, "3", at=START)
        assert set(states(session).values()) == {"unpacked"}
        assert vial(session, "SH-1").state == "in_storage"
        freight.pack_box(session, actor(), made, box(session, "D-PD"), at=START)
        assert set(states(session).values()) == {"packed"}


def test_a_box_that_is_lost_is_nowhere_and_may_be_found(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        made = packed(session)
        assert receiving.close_shipment(session, actor(), made, "the lorry burnt", at=LATER) == 3
        assert {vial(session, f"SH-{place}").state for place in (1, 2, 3)} == {"missing"}
        assert path_of(session, box(session, "D-PD")).site_id is None
        storage.place_container(
            session, actor(), box(session, "D-PD"), box(session, "R-PD"), 1, at=LATER
        )
        storage.bring_vial(
            session, actor(), vial(session, "SH-1"), box(session, "D-PD"), 1, at=LATER
        )
        assert vial(session, "SH-1").state == "in_storage"


def test_quarantine_holds_every_tube_of_the_box(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        org = box(session, "D-PD").org_id
        shipments.set_rule(session, actor(), org, "transfer", quarantine=True, at=START)
        made = packed(session)
        limit(session, actor(), box(session, "LN2-XH"), {"quarantine": ["never"]}, at=START)
        rack = box(session, "R-XH")
        with pytest.raises(CryokeepError) as found, session.begin_nested():
            freight.receive_box(session, actor(), made, box(session, "D-PD"), rack, at=LATER)
        assert [one.code for one in found.value.refusals] == ["quarantined"] * 3
        limit(session, actor(), box(session, "LN2-XH"), {}, at=START)
        freight.receive_box(session, actor(), made, box(session, "D-PD"), rack, at=LATER)
        held = holds_on(session, list(session.scalars(select(Vial).where(Vial.code.like("SH-%")))))
        assert [[one.severity for one in holds] for holds in held.values()] == [["quarantine"]] * 3


def test_many_tubes_travel_in_a_few_statements(database: Database) -> None:
    stocked(database)
    with database.writing() as session:
        lot, into = vial(session, "SH-1").lot, box(session, "D-PD")
        for place in range(4, 82):
            one = storage.add_vial(session, actor(), lot, f"SH-{place}", at=START)
            storage.place_vial(session, actor(), one, into, place, at=START)
    with database.writing() as session:
        made = packed(session)
        rack = box(session, "R-XH")
        assert freight.receive_box(session, actor(), made, into_box(session), rack, at=LATER) == 81
    with database.reading() as session:
        assert set(session.scalars(select(Vial.state).where(Vial.code.like("SH-%")))) == {
            "in_storage"
        }


def into_box(session: Session) -> Container:
    return box(session, "D-PD")
