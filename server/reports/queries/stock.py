"""Stock by line and tier, and by age; boxes with free positions."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.storage.models import Container, Vial
from server.storage.queries import paths_of
from server.storage.queries.free_stock import free_by_line
from server.storage.queries.room import roomiest

READ = "storage.read"
TIERS = ("seed", "master", "working", "distribution", "safety", "retention")


@dataclass(frozen=True)
class LineStock:
    """How many vials of a line are in storage, by tier in the order of TIERS."""

    code: str
    name: str
    counts: tuple[int, ...]
    free: int = 0
    """Distribution stock that can be given out: released, promised to nobody and not held (BR-06)."""

    @property
    def total(self) -> int:
        """Return how many vials there are in all."""
        return sum(self.counts)


@dataclass(frozen=True)
class RoomyBox:
    """A box with free positions."""

    code: str
    free: int
    places: int
    way: str


def stock_by_tier(session: Session, actor: Actor) -> list[LineStock]:
    """Return every line with its stored vials by tier, by name; lines without any too."""
    stored = (
        select(Vial.lot_id, func.count().label("n"))
        .where(Vial.state == "in_storage")
        .group_by(Vial.lot_id)
        .subquery()
    )
    wanted: Any = (
        select(
            CellLine.id,
            CellLine.code,
            CellLine.name,
            Lot.tier,
            func.coalesce(func.sum(stored.c.n), 0),
        )
        .outerjoin(Lot, Lot.line_id == CellLine.id)
        .outerjoin(stored, stored.c.lot_id == Lot.id)
        .group_by(CellLine.id, CellLine.code, CellLine.name, Lot.tier)
        .order_by(CellLine.name, CellLine.code)
    )
    rows: dict[tuple[int, str, str], dict[str, int]] = {}
    found = session.execute(visible(wanted, actor, READ, CellLine.org_id))
    for line, code, name, tier, count in found:
        rows.setdefault((line, code, name), {})[tier] = int(count)
    free = free_by_line(session, actor)
    return [
        LineStock(
            code,
            name,
            tuple(by_tier.get(tier, 0) for tier in TIERS),
            free.get((line, "distribution"), 0),
        )
        for (line, code, name), by_tier in rows.items()
    ]


def lots_by_age(session: Session, actor: Actor) -> list[tuple[str, date | None, int]]:
    """Return (tier, frozen on, stored vials) of every lot that has any."""
    wanted: Any = (
        select(Lot.tier, Lot.frozen_on, func.count(Vial.id))
        .join(Vial, Vial.lot_id == Lot.id)
        .where(Vial.state == "in_storage")
        .group_by(Lot.id, Lot.tier, Lot.frozen_on)
    )
    rows = session.execute(visible(wanted, actor, READ, Lot.org_id))
    return [(tier, frozen_on, int(count)) for tier, frozen_on, count in rows]


def oldest_lots(session: Session, actor: Actor, most: int = 20) -> list[tuple[str, str, date, int]]:
    """Return (lot, line, frozen on, stored vials) of the lots that were frozen first."""
    wanted: Any = (
        select(Lot.code, CellLine.name, Lot.frozen_on, func.count(Vial.id))
        .join(CellLine, CellLine.id == Lot.line_id)
        .join(Vial, Vial.lot_id == Lot.id)
        .where(Vial.state == "in_storage", Lot.frozen_on.is_not(None))
        .group_by(Lot.id, Lot.code, CellLine.name, Lot.frozen_on)
        .order_by(Lot.frozen_on, Lot.code)
        .limit(most)
    )
    rows = session.execute(visible(wanted, actor, READ, Lot.org_id))
    return [(lot, line, frozen_on, int(count)) for lot, line, frozen_on, count in rows]


def roomy_boxes(session: Session, actor: Actor, least: int, most: int = 200) -> list[RoomyBox]:
    """Return boxes with at least so many free positions, those with most first, and the way there."""
    wanted = roomiest(least).limit(most)
    rows = session.execute(visible(wanted, actor, READ, Container.org_id)).all()
    paths = paths_of(session, containers=[box.id for box, _ in rows]) if rows else {}
    return [
        RoomyBox(box.code, int(count), len(box.shape.usable), paths[box.id].text)
        for box, count in rows
    ]
