"""Sites with their rooms, circuits and supplies; and the stock by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.errors import Invalid, NotFound, Refusal
from server.core.words import N_
from server.parties.models import Organisation
from server.storage.models import NitrogenSupply, PowerCircuit, Room, Site, Vial
from server.storage.queries.free_stock import free_by_line
from server.storage.queries.guarding import banks_to_renew
from server.storage.queries.holds import held_by_line


@dataclass(frozen=True)
class Places:
    """The sites that someone may see, and what belongs to them."""

    sites: Sequence[Site]
    rooms: Sequence[Room]
    circuits: Sequence[PowerCircuit]
    supplies: Sequence[NitrogenSupply]

    def room(self, room_id: int) -> Room:
        """Return the room; it was offered as a choice."""
        return next(row for row in self.rooms if row.id == room_id)

    def circuit(self, circuit_id: int | str) -> PowerCircuit | None:
        """Return the circuit, or None where none was chosen."""
        return next((row for row in self.circuits if row.id == circuit_id), None)

    def supply(self, supply_id: int | str) -> NitrogenSupply | None:
        """Return the supply, or None where none was chosen."""
        return next((row for row in self.supplies if row.id == supply_id), None)

    def site_of(self, row: Room | PowerCircuit | NitrogenSupply) -> Site:
        """Return the site of a room, circuit or supply."""
        return next(site for site in self.sites if site.id == row.site_id)


def places(session: Session, actor: Actor, permission: str = "storage.read") -> Places:
    """Return the sites that the actor may see, by name."""
    wanted = select(Site).order_by(Site.name, Site.code)
    sites = list(session.scalars(visible(wanted, actor, permission, Site.org_id)))
    ids = [site.id for site in sites]
    return Places(
        sites=sites,
        rooms=_of_sites(session, Room, ids),
        circuits=_of_sites(session, PowerCircuit, ids),
        supplies=_of_sites(session, NitrogenSupply, ids),
    )


def _of_sites(session: Session, kind: Any, ids: list[int]) -> list[Any]:  # noqa: ANN401  three tables alike
    return list(session.scalars(select(kind).where(kind.site_id.in_(ids)).order_by(kind.code)))


def site(session: Session, actor: Actor, permission: str, code: str) -> Site:
    """Return the site with this code; NotFound where there is none to see."""
    wanted = select(Site).where(Site.code == code).order_by(Site.id)
    found: Site | None = session.scalars(visible(wanted, actor, permission, Site.org_id)).first()
    if found is None:
        because = N_("No site has the code %(code)s. The page of places shows all of them.")
        raise NotFound(Refusal("no_such_site", because, {"code": code}))
    return found


def own_org(session: Session, actor: Actor, permission: str) -> int:
    """Return the organisation for which the actor acts when nothing else says which."""
    orgs = actor.orgs(permission)
    if actor.org_id is not None and (orgs is None or actor.org_id in orgs):
        return actor.org_id
    if orgs is not None and len(orgs) == 1:
        return next(iter(orgs))
    allowed = select(Organisation.id).order_by(Organisation.id)
    found = session.scalar(allowed if orgs is None else allowed.where(Organisation.id.in_(orgs)))
    if found is None:
        because = N_("There is no organisation yet to which this could belong. Add one first.")
        raise Invalid(Refusal("no_organisation", because))
    return found


@dataclass(frozen=True)
class StockRow:
    """One line of the stock: how many vials are stored, and of how many lots."""

    line: CellLine
    lots: int
    stored: int
    distribution: int
    held: int = 0
    """How many of those in storage are on hold."""
    free: int = 0
    """Distribution stock that can be given out: released, promised to nobody and not held (BR-06)."""
    renew: bool = False
    """Less distribution stock is free than the rules of stock want."""


def stock_by_line(session: Session, actor: Actor, words: str = "") -> list[StockRow]:
    """Return the lines that the actor may see, by name, with their stored vials."""
    here = (
        select(Vial.lot_id, func.count().label("n"))
        .where(Vial.state == "in_storage")
        .group_by(Vial.lot_id)
        .subquery()
    )
    count = func.coalesce(here.c.n, 0)
    shared = func.sum(case((Lot.tier == "distribution", count), else_=0))
    wanted: Any = (
        select(CellLine, func.count(Lot.id), func.sum(count), shared)
        .outerjoin(Lot, Lot.line_id == CellLine.id)
        .outerjoin(here, here.c.lot_id == Lot.id)
        .group_by(CellLine.id)
        .order_by(CellLine.name)
    )
    if words:
        wanted = wanted.where(func.lower(CellLine.name).contains(words.lower(), autoescape=True))
    rows = session.execute(visible(wanted, actor, "storage.read", CellLine.org_id))
    held, free = held_by_line(session), free_by_line(session, actor)
    renew = banks_to_renew(session, actor, free)
    return [
        StockRow(
            line,
            lots,
            int(stored or 0),
            int(out or 0),
            held.get(line.id, 0),
            free.get((line.id, "distribution"), 0),
            line.id in renew,
        )
        for line, lots, stored, out in rows
    ]
