"""Custody corrected or entered late, on both databases: both times stand, and there is never a gap."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container, Custody, Vial
from server.storage.positions import BoxShape
from server.storage.service.corrections import correct_stay, enter_late, stays_of
from tests.support.shelves import START, Shelves

HOUR = timedelta(hours=1)
LATER = START + 10 * HOUR


def moved_vial(session: Session) -> tuple[Shelves, Vial]:
    """Make SH-1: at A1 from 0 h, at A2 from 2 h, at A3 from 4 h on."""
    shelves = Shelves(session)
    org = shelves.org()
    box = shelves.box(org, "D-044")
    vial = shelves.vial(shelves.lot(org), "SH-1", box, 1)
    for hours, ordinal in ((2, 2), (4, 3)):
        storage.move_vial(session, shelves.actor, vial, box, ordinal, at=START + hours * HOUR)
    return shelves, vial


def where(session: Session, vial: Vial, hours: float, known: datetime | None = None) -> str:
    path = queries.vial_path(session, vial, START + hours * HOUR, known)
    return path.text or path.place


def test_a_corrected_position_is_true_of_then_and_was_not_known_then(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        middle = stays_of(session, vial)[1]
        made = correct_stay(session, shelves.actor, middle, ordinal=12, reason="misread", at=LATER)

        assert where(session, vial, 3) == "D-044 › B3"
        assert where(session, vial, 3, known=START + 5 * HOUR) == "D-044 › A2"
        assert where(session, vial, 3, known=LATER) == "D-044 › B3"
        assert (middle.superseded_at, middle.superseded_by_id) == (LATER, made.id)
        assert (made.corrects_id, made.reason) == (middle.id, "misread")


def test_a_corrected_time_fits_the_stays_around_it(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        correct_stay(
            session, shelves.actor, stays_of(session, vial)[1],
            began_at=START + HOUR, ended_at=START + 3 * HOUR, reason="clock was wrong", at=LATER,
        )  # fmt: skip
        ends = [(one.began_at, one.ended_at, one.ordinal) for one in stays_of(session, vial)]
        assert ends == [
            (START, START + HOUR, 1),
            (START + HOUR, START + 3 * HOUR, 2),
            (START + 3 * HOUR, None, 3),
        ]
        assert where(session, vial, 3.5) == "D-044 › A3"
        assert where(session, vial, 3.5, known=START + 5 * HOUR) == "D-044 › A2"


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [((-1, None), "before it began"), ((None, 11), "not come yet"), ((3, 2.5), "before it began")],
)
def test_times_that_overlap_are_refused(
    database: Database, hours: tuple[float | None, float | None], sentence: str
) -> None:
    began, ended = (START + one * HOUR if one is not None else None for one in hours)
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        with pytest.raises(Conflict, match=sentence):
            correct_stay(
                session, shelves.actor, stays_of(session, vial)[1],
                began_at=began, ended_at=ended, reason="clock", at=LATER,
            )  # fmt: skip
        assert all(one.superseded_at is None for one in session.scalars(select(Custody)))


def test_a_position_that_another_had_then_is_refused(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        box = queries.container(session, shelves.actor, "storage.read", "D-044")
        other = shelves.vial(vial.lot, "SH-2", box, 12)
        storage.move_vial(session, shelves.actor, other, box, 20, at=START + 3 * HOUR)
        with pytest.raises(Conflict, match="B3 of D-044 held SH-2 until"):
            correct_stay(
                session, shelves.actor, stays_of(session, vial)[1], ordinal=12,
                reason="misread", at=LATER,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"reason": " ", "ordinal": 5}, "Say why"),
        ({"reason": "x"}, "Nothing differs"),
        ({"reason": "x", "ordinal": 99}, "not a position"),
        ({"reason": "x", "ended_at": START + 5 * HOUR}, "still: move it"),
    ],
)
def test_a_correction_says_what_and_why(
    database: Database, facts: dict[str, object], sentence: str
) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        with pytest.raises((Conflict, Invalid), match=sentence):
            correct_stay(session, shelves.actor, stays_of(session, vial)[2], at=LATER, **facts)


def test_what_was_corrected_is_corrected_again_where_it_stands(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        first = stays_of(session, vial)[2]
        made = correct_stay(session, shelves.actor, first, ordinal=12, reason="x", at=LATER)
        with pytest.raises(Conflict, match="corrected already"):
            correct_stay(session, shelves.actor, first, ordinal=13, reason="x", at=LATER)
        correct_stay(session, shelves.actor, made, ordinal=13, reason="x", at=LATER + HOUR)
        assert queries.vial_path(session, vial).text == "D-044 › B4"


def test_what_nobody_recorded_is_put_between_the_stays(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        late = enter_late(
            session, shelves.actor, vial, happened_at=START + 2.5 * HOUR,
            until=START + 3 * HOUR, reason="thaw check", at=LATER,
        )  # fmt: skip

        assert (late.place, late.began_recorded_at) == ("bench", LATER)
        assert [where(session, vial, one) for one in (2.2, 2.7, 3.5, 4.5)] == [
            "D-044 › A2", "bench", "D-044 › A2", "D-044 › A3",
        ]  # fmt: skip
        assert where(session, vial, 2.7, known=START + 5 * HOUR) == "D-044 › A2"


def test_the_same_late_stay_is_entered_once(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        told = {"happened_at": START + 2.5 * HOUR, "until": START + 3 * HOUR, "at": LATER}
        enter_late(session, shelves.actor, vial, **told)
        before = len(stays_of(session, vial))
        with pytest.raises(Conflict, match="SH-1 was there at that time by the record already"):
            enter_late(session, shelves.actor, vial, **told)
        assert len(stays_of(session, vial)) == before


def test_a_late_position_lasts_as_long_as_the_stay_it_falls_into(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        box = queries.container(session, shelves.actor, "storage.read", "D-044")
        enter_late(
            session, shelves.actor, vial, container=box, ordinal=50,
            happened_at=START + 3 * HOUR, at=LATER,
        )  # fmt: skip
        assert [where(session, vial, one) for one in (2.5, 3.5, 4)] == [
            "D-044 › A2", "D-044 › F5", "D-044 › A3",
        ]  # fmt: skip
        enter_late(
            session, shelves.actor, vial, container=box, ordinal=60,
            happened_at=START + 5 * HOUR, at=LATER,
        )  # fmt: skip
        assert queries.vial_path(session, vial).text == "D-044 › G6"


def test_a_time_before_the_record_begins_is_refused(database: Database) -> None:
    with database.writing() as session:
        shelves, vial = moved_vial(session)
        with pytest.raises(Conflict, match="SH-1 was nowhere at"):
            enter_late(
                session, shelves.actor, vial, happened_at=START - HOUR, until=START, at=LATER
            )


def test_a_box_was_elsewhere_and_so_was_what_is_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        rack = shelves.rack(org, "R07")
        box = shelves.box(org, "D-044", rack)
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 1)
        (stay,) = stays_of(session, box)
        correct_stay(session, shelves.actor, stay, ordinal=7, reason="misread", at=LATER)
        assert queries.vial_path(session, vial).text == "R07 · 7 › D-044 › A1"
        assert where(session, vial, 1, known=START + HOUR) == "R07 · 1 › D-044 › A1"


def racks(session: Session) -> tuple[Shelves, Container, Container, Vial]:
    """Make rack R1 with a box BX in it from 0 h on and a vial in that, and rack R2 beside it."""
    shelves = Shelves(session)
    org = shelves.org()
    one, other = shelves.rack(org, "R1"), shelves.rack(org, "R2")
    box = shelves.box(org, "BX", one)
    return shelves, box, other, shelves.vial(shelves.lot(org), "SH-1", box, 1)


def test_a_box_that_was_elsewhere_for_a_while_is_recorded_late_and_its_vials_with_it(
    database: Database,
) -> None:
    with database.writing() as session:
        shelves, box, other, vial = racks(session)
        late = {"happened_at": START + HOUR, "until": START + 2 * HOUR, "at": LATER}
        with pytest.raises(Conflict, match="in which BX stood then"):
            enter_late(session, shelves.actor, box, **late)
        made = enter_late(session, shelves.actor, box, container=other, ordinal=3, **late)

        assert (made.child_id, made.began_recorded_at) == (box.id, LATER)
        assert [where(session, vial, hours)[:2] for hours in (0.5, 1.5, 3)] == ["R1", "R2", "R1"]
        enter_late(
            session, shelves.actor, box, container=other, ordinal=4,
            happened_at=START + 5 * HOUR, at=LATER,
        )  # fmt: skip
        assert [where(session, vial, hours)[:2] for hours in (4, 6)] == ["R1", "R2"]
        told = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject_code == "BX").order_by(AuditEntry.id)
        )
        assert list(told)[-2:] == ["box.entered_late", "box.placed"]


def test_a_rack_was_never_in_what_stood_in_it_at_that_time(database: Database) -> None:
    """R2 stood in R1 from 1 h until 2 h: then R1 cannot have stood in R2, and before that it can."""
    with database.writing() as session:
        shelves, _box, other, _vial = racks(session)
        org_id = other.org_id
        one = queries.container(session, shelves.actor, "storage.read", "R1")
        room = storage.add_rack(
            session, shelves.actor, org_id, "R0", BoxShape(9, 1, labels="number"), at=START
        )
        for hours, into in ((1, one), (2, room)):
            storage.place_container(session, shelves.actor, other, into, 9, at=START + hours * HOUR)
        storage.place_container(session, shelves.actor, one, room, 1, at=START)
        stay = stays_of(session, one)[0]
        with pytest.raises(Conflict, match="cycle"):
            correct_stay(
                session, shelves.actor, stay, container=other, ordinal=1, reason="misread", at=LATER
            )
        late = {"container": other, "ordinal": 2, "happened_at": START + 2.5 * HOUR}
        made = enter_late(session, shelves.actor, one, **late, until=START + 3 * HOUR, at=LATER)
        assert made.container_id == other.id
