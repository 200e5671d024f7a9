"""Rack scans that were handed in."""

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.models import Container, RackScan

MOST = 30


def recent_scans(session: Session, actor: Actor) -> list[RackScan]:
    """Return the newest scans that the actor may see, newest first."""
    wanted = select(RackScan).options(joinedload(RackScan.box)).order_by(RackScan.id.desc())
    wanted = visible(wanted.limit(MOST), actor, "storage.import", RackScan.org_id)
    return list(session.scalars(wanted))


def rack_scans(actor: Actor) -> Select[tuple[RackScan]]:
    """Return the statement of all scans that the actor may see."""
    wanted = select(RackScan).options(joinedload(RackScan.box))
    return visible(wanted, actor, "storage.import", RackScan.org_id)


def rack_scan(session: Session, actor: Actor, scan_id: int) -> RackScan:
    """Return this scan with its box; NotFound where there is none to see."""
    wanted = select(RackScan).where(RackScan.id == scan_id).options(joinedload(RackScan.box))
    wanted = visible(wanted, actor, "storage.import", RackScan.org_id)
    found: RackScan | None = session.scalars(wanted).first()
    if found is None:
        because = N_("There is no scan %(number)s.")
        raise NotFound(Refusal("no_such_scan", because, {"number": scan_id}))
    return found


def lot_of(session: Session, scan: RackScan) -> Lot | None:
    """Return the lot into which the scan's unknown tubes are entered, or None."""
    return session.get(Lot, scan.lot_id) if scan.lot_id is not None else None


def box_bearing(session: Session, org_id: int, mark: str) -> Container | None:
    """Return the organisation's box with this code or barcode, or None."""
    wanted = select(Container).where(
        Container.org_id == org_id,
        Container.kind == "box",
        or_(Container.code == mark, Container.barcode == mark),
    )
    return session.scalars(wanted.order_by(Container.id)).first()
