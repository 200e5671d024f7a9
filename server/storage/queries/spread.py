"""Where the stored vials of lots would fail together: one climb for all their boxes."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.storage.models import Container, Custody, Room, Vial
from server.storage.queries.paths import paths_of, true_at
from server.storage.rules.spread import BANKS, Domains

NEWEST = 40
"""So many banks are looked at for the first page; the list looks at all of them, page by page."""


@dataclass
class _Counts:
    freezers: Counter[str] = field(default_factory=Counter)
    supplies: Counter[str] = field(default_factory=Counter)
    rooms: Counter[str] = field(default_factory=Counter)
    circuits: Counter[str] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)

    def add(self, freezer: Container, site: str, vials: int) -> None:
        self.freezers[freezer.code] += vials
        if freezer.nitrogen_supply is not None:
            self.supplies[freezer.nitrogen_supply.code] += vials
        if freezer.power_circuit is not None:
            self.circuits[freezer.power_circuit.code] += vials
        if freezer.room is not None:
            self.rooms[f"{site} {freezer.room.code}".strip()] += vials
        self.sites[site] += vials


def failure_domains(session: Session, lot_ids: Collection[int]) -> dict[int, Domains]:
    """Return, for each lot, what its vials in storage would be lost with; lots without any are left out."""
    if not lot_ids:
        return {}
    rows = session.execute(
        select(Vial.lot_id, Custody.container_id, func.count())
        .join(Custody, Custody.vial_id == Vial.id)
        .where(Vial.lot_id.in_(lot_ids), Custody.place == "position", true_at(None))
        .group_by(Vial.lot_id, Custody.container_id)
    ).all()
    if not rows:
        return {}
    ways = paths_of(session, containers={box for _, box, _ in rows if box is not None})
    freezers = _freezers(session, {way.freezer_id for way in ways.values() if way.freezer_id})
    counts: dict[int, _Counts] = {}
    totals: Counter[int] = Counter()
    for lot_id, box, vials in rows:
        way = ways[box or 0]
        found = counts.setdefault(lot_id, _Counts())
        totals[lot_id] += vials
        freezer, site = freezers.get(way.freezer_id or 0), way.step("site")
        if freezer is not None:
            found.add(freezer, site.name if site else "", vials)
    return _domains(session, counts, totals)


def _domains(
    session: Session, counts: Mapping[int, _Counts], totals: Mapping[int, int]
) -> dict[int, Domains]:
    wanted = select(Lot.id, Lot.code, Lot.tier).where(Lot.id.in_(list(counts)))
    return {
        lot_id: Domains(
            code,
            tier,
            totals[lot_id],
            counts[lot_id].freezers,
            counts[lot_id].supplies,
            counts[lot_id].rooms,
            counts[lot_id].circuits,
            counts[lot_id].sites,
        )
        for lot_id, code, tier in session.execute(wanted)
    }


def _freezers(session: Session, ids: Collection[int]) -> dict[int, Container]:
    wanted = (
        select(Container)
        .where(Container.id.in_(ids))
        .options(
            joinedload(Container.room).joinedload(Room.site),
            joinedload(Container.power_circuit),
            joinedload(Container.nitrogen_supply),
        )
    )
    return {one.id: one for one in session.scalars(wanted)}


def banks(
    session: Session, actor: Actor, limit: int = NEWEST, before: int | None = None
) -> list[int]:
    """Return the ids of the lots that are banks, the newest first; `before` continues a list."""
    wanted = select(Lot.id).where(Lot.tier.in_(BANKS))
    if before is not None:
        wanted = wanted.where(Lot.id < before)
    wanted = visible(wanted, actor, "storage.read", Lot.org_id)
    return list(session.scalars(wanted.order_by(Lot.id.desc()).limit(limit)))
