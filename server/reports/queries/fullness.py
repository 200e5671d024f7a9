"""How full freezers, racks and boxes are, now and in the past months."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.storage.models import Container, Custody
from server.storage.queries import true_at
from server.storage.queries.counts import PLACES, tree

WEEKS = 52
CHUNK = 500


@dataclass(frozen=True)
class Cell:
    """One box on the map of a freezer."""

    code: str
    label: str
    """Its position in the rack, as it is written."""
    taken: int
    places: int

    @property
    def tenths(self) -> int:
        """Return how full it is in tenths, rounded up so that one tube is seen."""
        return -(-10 * self.taken // self.places) if self.places else 0


@dataclass(frozen=True)
class Column:
    """One rack (or the freezer itself) on the map, with its boxes in order."""

    code: str
    label: str
    cells: tuple[Cell, ...]


def taken_of(session: Session, boxes: Sequence[int]) -> dict[int, int]:
    """Return how many positions of each box are taken or kept."""
    found: dict[int, int] = {}
    for start in range(0, len(boxes), CHUNK):
        wanted: Any = (
            select(Custody.container_id, func.count())
            .where(Custody.container_id.in_(boxes[start : start + CHUNK]), true_at(None))
            .group_by(Custody.container_id)
        )
        found |= dict(session.execute(wanted).all())
    return found


def children(session: Session, outer: Iterable[int]) -> dict[int, list[tuple[int, Container]]]:
    """Return what stands in each of these containers, by position."""
    wanted = (
        select(Custody.container_id, Custody.ordinal, Container)
        .join(Container, Container.id == Custody.child_id)
        .where(Custody.container_id.in_(list(outer)), true_at(None))
        .order_by(Custody.container_id, Custody.ordinal)
    )
    found: dict[int, list[tuple[int, Container]]] = defaultdict(list)
    for holder, ordinal, inner in session.execute(wanted):
        if holder is not None and ordinal is not None:
            found[holder].append((ordinal, inner))
    return found


def map_of(session: Session, freezer: Container) -> list[Column]:
    """Return the freezer's racks with their boxes, and the boxes that stand in it directly."""
    first = children(session, [freezer.id])[freezer.id]
    racks = [(ordinal, one) for ordinal, one in first if one.kind != "box"]
    below = children(session, [rack.id for _, rack in racks]) if racks else {}
    direct = [(ordinal, one) for ordinal, one in first if one.kind == "box"]
    boxes = [box.id for _, box in direct] + [box.id for row in below.values() for _, box in row]
    taken = taken_of(session, boxes)
    columns = [
        Column(
            rack.name or rack.code,
            freezer.shape.label(ordinal),
            _cells(rack, below.get(rack.id, []), taken),
        )
        for ordinal, rack in racks
    ]
    return columns + ([Column(freezer.code, "", _cells(freezer, direct, taken))] if direct else [])


def _cells(
    holder: Container, boxes: Sequence[tuple[int, Container]], taken: Mapping[int, int]
) -> tuple[Cell, ...]:
    return tuple(
        Cell(box.code, holder.shape.label(ordinal), taken.get(box.id, 0), len(box.shape.usable))
        for ordinal, box in boxes
        if box.kind == "box"
    )


def boxes_of(session: Session, outer: Container) -> list[Container]:
    """Return the boxes in a container, all the way down, by code."""
    below = tree([outer.id])
    wanted = (
        select(Container)
        .join(below, below.c.id == Container.id)
        .where(Container.kind == "box", Container.retired_at.is_(None))
        .order_by(Container.code)
    )
    return list(session.scalars(wanted))


def capacity_of(session: Session, outer: Container) -> int:
    """Return how many positions the boxes of a container have."""
    below = tree([outer.id])
    wanted = (
        select(func.coalesce(func.sum(PLACES), 0))
        .select_from(Container)
        .join(below, below.c.id == Container.id)
        .where(Container.kind == "box")
    )
    return int(session.scalar(wanted) or 0)


def weekly_counts(
    session: Session, freezer: Container, now: datetime, weeks: int = WEEKS
) -> list[tuple[date, int]]:
    """Return how many vials were in the freezer at the end of each of the last weeks, oldest first.

    A box counts for the weeks in which it was in this freezer: what it brought along or took away is
    seen. Weeks before the first vial are left out.
    """
    ends = [(now - timedelta(weeks=back)).date() for back in range(weeks, -1, -1)]
    stays = _box_stays(session, freezer.id)
    counts = [0] * len(ends)
    deltas = _daily_changes(session, list(stays))
    for box, intervals in stays.items():
        running = _running(deltas.get(box, []), ends)
        for n, day in enumerate(ends):
            at = datetime.combine(day, time.max, UTC)
            if any(began <= at and (end is None or end > at) for began, end in intervals):
                counts[n] += running[n]
    found = list(zip(ends, counts, strict=True))
    first = next((n for n, (_, count) in enumerate(found) if count), len(found))
    return found[first:]


Interval = tuple[datetime, datetime | None]


def _box_stays(session: Session, freezer_id: int) -> dict[int, list[Interval]]:
    """Return from when to when each box was in the freezer, directly or in a rack of it."""
    found: dict[int, list[Interval]] = defaultdict(list)
    holders: dict[int, list[Interval]] = {freezer_id: [(datetime.min.replace(tzinfo=UTC), None)]}
    while holders:
        inner: dict[int, list[Interval]] = defaultdict(list)
        for custody, kind in _stays_in(session, list(holders)):
            spans = [
                _both(outer, (custody.began_at, custody.ended_at))
                for outer in holders[custody.container_id]
            ]
            target = found if kind == "box" else inner
            target[custody.child_id] += [span for span in spans if span is not None]
        holders = inner
    return found


def _stays_in(session: Session, holders: Sequence[int]) -> list[tuple[Any, str]]:
    rows: list[tuple[Any, str]] = []
    for start in range(0, len(holders), CHUNK):
        wanted = (
            select(Custody, Container.kind)
            .join(Container, Container.id == Custody.child_id)
            .where(
                Custody.container_id.in_(holders[start : start + CHUNK]),
                Custody.superseded_at.is_(None),
            )
        )
        rows += [(custody, kind) for custody, kind in session.execute(wanted)]
    return rows


def _both(one: Interval, other: Interval) -> Interval | None:
    """Return the time that both intervals share, or None."""
    began = max(one[0], other[0])
    ends = [end for end in (one[1], other[1]) if end is not None]
    end = min(ends) if ends else None
    return None if end is not None and end <= began else (began, end)


def _daily_changes(session: Session, boxes: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """Return by box how many vials came (or went, negative) on each day."""
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for column, sign in ((Custody.began_at, 1), (Custody.ended_at, -1)):
        day = func.date(column)
        for start in range(0, len(boxes), CHUNK):
            wanted: Any = (
                select(Custody.container_id, day, func.count())
                .where(
                    Custody.container_id.in_(boxes[start : start + CHUNK]),
                    Custody.vial_id.is_not(None),
                    Custody.place == "position",
                    Custody.superseded_at.is_(None),
                    column.is_not(None),
                )
                .group_by(Custody.container_id, day)
            )
            for box, on, count in session.execute(wanted):
                found[box].append((str(on)[:10], sign * count))
    return found


def _running(changes: Sequence[tuple[str, int]], ends: Sequence[date]) -> list[int]:
    """Return the sum of the changes up to and with each of these days."""
    ordered, total, at = sorted(changes), 0, 0
    sums = []
    for day in ends:
        while at < len(ordered) and ordered[at][0] <= day.isoformat():
            total += ordered[at][1]
            at += 1
        sums.append(total)
    return sums
