"""How full a freezer was week by week, also for boxes that came and went; consolidation box by box."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.db import Database
from server.core.errors import Conflict
from server.reports import service
from server.reports.queries import fullness, plans, stock
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.queries import vial_path
from tests.support.shelves import START, Shelves

WEEK = timedelta(weeks=1)


def later(shelves: Shelves, weeks: float) -> datetime:
    shelves.at = START + weeks * WEEK
    return shelves.at


def box(session: Session, code: str) -> Container:
    return session.scalars(select(Container).where(Container.code == code)).one()


def test_a_box_counts_for_the_weeks_in_which_it_was_there(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        room, lot = shelves.room(org), shelves.lot(org)
        one, other = (shelves.freezer(org, f"LN2-{n}", room) for n in (1, 2))
        rack, far = shelves.rack(org, "R1", one), shelves.rack(org, "R2", other)
        boxes = [shelves.box(org, f"D-{n}", rack) for n in (1, 2)]
        for place in range(1, 4):
            shelves.vial(lot, f"A{place}", boxes[0], place)
        later(shelves, 1.5)
        for place in range(1, 6):
            shelves.vial(lot, f"B{place}", boxes[1], place)
        at = later(shelves, 2.5)
        storage.place_container(session, shelves.actor, boxes[1], far, 1, at=at)
        gone = session.scalars(select(Vial).where(Vial.code == "A1")).one()
        storage.take_out(session, shelves.actor, gone, at=later(shelves, 3.5))
        session.flush()
        now = START + 4 * WEEK
        here = [count for _, count in fullness.weekly_counts(session, one, now, 4)]
        there = [count for _, count in fullness.weekly_counts(session, other, now, 4)]

    assert here == [3, 3, 8, 3, 2]
    assert there == [5, 5]


def test_the_map_has_every_box_with_what_is_in_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org, "LN2-1")
        rack = shelves.rack(org, "R1", freezer)
        shelves.vial(shelves.lot(org), "A1", shelves.box(org, "D-1", rack), 5)
        shelves.box(org, "D-2", rack)
        session.flush()
        [column] = fullness.map_of(session, freezer)

    assert [(cell.code, cell.label, cell.taken, cell.places, cell.tenths) for cell in column.cells] == [
        ("D-1", "1", 1, 81, 1), ("D-2", "2", 0, 81, 0),
    ]  # fmt: skip


def planned(session: Session) -> tuple[Shelves, Container]:
    shelves = Shelves(session)
    org = shelves.org()
    freezer = shelves.freezer(org, "LN2-1")
    rack = shelves.rack(org, "R1", freezer)
    lot = shelves.lot(org)
    for number, tubes in (("1", 2), ("2", 40), ("3", 81)):
        inside = shelves.box(org, f"D-{number}", rack)
        for place in range(1, tubes + 1):
            shelves.vial(lot, f"V{number}-{place}", inside, place)
    session.flush()
    return shelves, freezer


def test_boxes_are_put_together_one_by_one_and_a_step_can_be_undone(database: Database) -> None:
    with database.writing() as session:
        shelves, freezer = planned(session)
        made = service.make_plan(
            session, shelves.actor, freezer, service.steps_for(session, freezer), at=START
        )
        [step] = plans.steps_of(session, made)
        assert step.box.code == "D-1"
        move = service.do_step(session, shelves.actor, made, step, at=START)
        session.flush()
        vial = session.scalars(select(Vial).where(Vial.code == "V1-1")).one()
        assert vial_path(session, vial).box_id == box(session, "D-2").id
        with pytest.raises(Conflict):
            service.do_step(session, shelves.actor, made, step, at=START)
        storage.bulk.undo_bulk(session, shelves.actor, move, at=START + WEEK)
        session.flush()
        assert vial_path(session, vial).box_id == box(session, "D-1").id


def test_a_box_that_changed_since_the_plan_is_not_touched(database: Database) -> None:
    with database.writing() as session:
        shelves, freezer = planned(session)
        made = service.make_plan(
            session, shelves.actor, freezer, service.steps_for(session, freezer), at=START
        )
        [step] = plans.steps_of(session, made)
        vial = session.scalars(select(Vial).where(Vial.code == "V1-2")).one()
        storage.take_out(session, shelves.actor, vial, at=START)
        with pytest.raises(Conflict) as refused:
            service.do_step(session, shelves.actor, made, step, at=START)

    assert refused.value.refusal.code == "changed"


def test_what_cannot_be_put_together_makes_no_plan(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        freezer = shelves.freezer(org, "LN2-1")
        with pytest.raises(Conflict) as refused:
            service.steps_for(session, freezer)

    assert refused.value.refusal.code == "nothing_to_gain"


def test_stock_and_free_positions_are_counted(database: Database) -> None:
    with database.writing() as session:
        shelves, _ = planned(session)
        session.flush()
        [row] = stock.stock_by_tier(session, shelves.actor)
        roomy = stock.roomy_boxes(session, shelves.actor, 1)

    assert dict(zip(stock.TIERS, row.counts, strict=True))["distribution"] == row.total == 123
    assert [(one.code, one.free) for one in roomy] == [("D-1", 79), ("D-2", 41)]
