"""Shipments: which there are, what is expected of each, what arrived, and what is on its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.handling.models import Shipment, ShipmentLine, ShipmentRule
from server.handling.rules.shipments import OPEN, quarantined
from server.storage.models import Container, Custody, Vial
from server.storage.queries import true_at
from server.storage.queries.aliases import spellings

READ = "storage.read"
NO_SHIPMENT = N_("There is no shipment %(found)s.")
TRAVELLING = ("packing", "in_transit", "receiving")


@dataclass(frozen=True)
class ShipmentRow:
    """A shipment, and how many of its tubes are in each state."""

    shipment: Shipment
    tubes: int
    waiting: int
    received: int
    differing: int
    """Missing, unexpected and damaged ones."""


def shipments(session: Session, actor: Actor, most: int = 100) -> list[ShipmentRow]:
    """Return the shipments, those that are not closed first and the newest of each first."""
    wanted = _rows().order_by(Shipment.closed_at.is_not(None), Shipment.id.desc()).limit(most)
    found = session.execute(visible(wanted, actor, READ, Shipment.org_id))
    return [ShipmentRow(row[0], *(int(count) for count in row[1:])) for row in found]


def _rows() -> Select[Any]:
    line = ShipmentLine
    differs = line.state.in_(("missing", "unexpected")) | line.damaged
    return select(
        Shipment,
        _count(line.state != "unpacked"),
        _count(line.state.in_(OPEN)),
        _count(line.state == "received"),
        _count(differs),
    ).options(joinedload(Shipment.from_site), joinedload(Shipment.to_site))


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    counted = func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
    wanted = select(counted).where(ShipmentLine.shipment_id == Shipment.id)
    return wanted.correlate(Shipment).scalar_subquery()


def every(actor: Actor) -> Select[Any]:
    """Return the query of all shipments that the actor may see."""
    return visible(select(Shipment), actor, READ, Shipment.org_id)


def shipment(session: Session, actor: Actor, permission: str, code: str) -> Shipment:
    """Return the shipment with this code; refused (NotFound) where there is none to see."""
    wanted = select(Shipment).where(Shipment.code.in_(spellings(code)))
    found: Shipment | None = session.scalars(
        visible(wanted, actor, permission, Shipment.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_shipment", NO_SHIPMENT, {"found": code}))
    return found


def lines_of(session: Session, found: Shipment) -> list[ShipmentLine]:
    """Return the tubes of a shipment as they were announced or packed, vials, lots and lines loaded."""
    wanted = (
        select(ShipmentLine)
        .where(ShipmentLine.shipment_id == found.id)
        .options(
            joinedload(ShipmentLine.vial).joinedload(Vial.lot).joinedload(Lot.line),
            joinedload(ShipmentLine.lot).joinedload(Lot.line),
        )
        .order_by(ShipmentLine.id)
    )
    return list(session.scalars(wanted))


def line_of(session: Session, found: Shipment, codes: Sequence[str]) -> ShipmentLine | None:
    """Return the line of the tube with one of these codes, or None."""
    wanted = select(ShipmentLine).where(
        ShipmentLine.shipment_id == found.id, ShipmentLine.code.in_(codes)
    )
    return session.scalars(wanted).first()


def journey_of(session: Session, vial: Vial) -> Shipment | None:
    """Return the shipment in which a vial is on its way, or None."""
    wanted = (
        select(Shipment)
        .join(Custody, Custody.shipment_id == Shipment.id)
        .where(Custody.vial_id == vial.id, Custody.place == "transit", true_at(None))
    )
    return session.scalars(wanted).first()


def travels_in(session: Session, shipper: Container) -> Shipment | None:
    """Return the open shipment that a mobile container carries, or None."""
    wanted = select(Shipment).where(
        Shipment.shipper_id == shipper.id, Shipment.state.in_(TRAVELLING)
    )
    return session.scalars(wanted).first()


def rule(session: Session, org_id: int, kind: str) -> bool:
    """Say whether what arrives by this kind of shipment goes into quarantine in this bank."""
    own = session.get(ShipmentRule, (org_id, kind))
    return quarantined(kind, rule=own.quarantine if own else None)
