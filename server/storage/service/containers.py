"""Freezers, racks and boxes: added, put into each other, retired."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage import queries, rules
from server.storage.models import Container, Custody, NitrogenSupply, PowerCircuit, Room, Site
from server.storage.positions import BoxShape
from server.storage.service.sites import save_new
from server.storage.service.stays import Moment, end_stay, hold, occupy, why_not_into
from server.storage.service.vials import first_free


def add_freezer(
    session: Session,
    actor: Actor,
    room: Room,
    code: str,
    shape: BoxShape,
    *,
    name: str = "",
    model: str = "",
    power_circuit: PowerCircuit | None = None,
    nitrogen_supply: NitrogenSupply | None = None,
    at: datetime,
) -> Container:
    """Add a freezer to a room; its circuit and supply are those that it fails with."""
    site = session.get_one(Site, room.site_id)
    for part in (power_circuit, nitrogen_supply):
        if part is not None and part.site_id != site.id:
            because = N_("%(code)s belongs to another site than the room.")
            raise Invalid(Refusal("other_site", because, {"code": part.code}))
    freezer = _new("freezer", site.org_id, code, shape, name, None, model, at)
    freezer.room_id = room.id
    freezer.power_circuit_id = power_circuit.id if power_circuit else None
    freezer.nitrogen_supply_id = nitrogen_supply.id if nitrogen_supply else None
    return _keep(session, actor, freezer, at, room=room.code, site=site.code)


def add_rack(
    session: Session,
    actor: Actor,
    org_id: int,
    code: str,
    shape: BoxShape,
    *,
    into: Container | None = None,
    ordinal: int | None = None,
    name: str = "",
    barcode: str | None = None,
    model: str = "",
    at: datetime,
) -> Container:
    """Add a rack, and put it into a freezer where one is named."""
    rack = _new("rack", org_id, code, shape, name, barcode, model, at)
    return _keep_in(session, actor, rack, into, ordinal, at)


def add_box(
    session: Session,
    actor: Actor,
    org_id: int,
    code: str,
    shape: BoxShape,
    *,
    into: Container | None = None,
    ordinal: int | None = None,
    name: str = "",
    barcode: str | None = None,
    model: str = "",
    at: datetime,
) -> Container:
    """Add a box, and put it into a rack or freezer where one is named."""
    box = _new("box", org_id, code, shape, name, barcode, model, at)
    return _keep_in(session, actor, box, into, ordinal, at)


def place_container(
    session: Session,
    actor: Actor,
    container: Container,
    into: Container,
    ordinal: int,
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> Custody:
    """Put a rack or box into a position, out of the one where it was; all that is in it goes along."""
    when = Moment.of(at, happened_at)
    hold(session, container)
    why_not_into(session, container, into, ordinal, when)
    before = queries.path_of(session, container)
    wanted = select(Custody).where(Custody.child_id == container.id, queries.true_at(None))
    end_stay(session, actor, session.scalars(wanted).first(), when)
    custody = occupy(session, actor, container, into, ordinal, when)
    audit.record(
        session,
        actor,
        f"{container.kind}.placed",
        container.kind,
        container.code,
        at=at,
        org_id=container.org_id,
        stated_at=happened_at,
        before=before.text,
        now=queries.path_of(session, container).text,
        position=into.shape.label(ordinal),
    )
    return custody


def retire_container(session: Session, actor: Actor, container: Container, *, at: datetime) -> None:
    """Close a container for good; refused while anything is in it."""
    hold(session, container)
    inside = queries.occupants(session, container)
    if inside:
        because = N_(
            "%(box)s still holds %(count)s things, among them %(occupant)s. Move them first."
        )
        facts = {
            "box": container.code,
            "count": len(inside),
            "occupant": next(iter(inside.values())),
        }
        raise Conflict(Refusal("not_empty", because, facts))
    container.retired_at = at
    audit.record(
        session,
        actor,
        f"{container.kind}.retired",
        container.kind,
        container.code,
        at=at,
        org_id=container.org_id,
    )


def _new(
    kind: str,
    org_id: int,
    code: str,
    shape: BoxShape,
    name: str,
    barcode: str | None,
    model: str,
    at: datetime,
) -> Container:
    if refusal := rules.why_not_shape(shape):
        raise Invalid(refusal, field="rows")
    return Container(
        kind=kind,
        org_id=org_id,
        code=code,
        name=name,
        barcode=barcode or None,
        model=model,
        rows=shape.rows,
        columns=shape.columns,
        layers=shape.layers,
        labels=shape.labels,
        created_at=at,
    )


def _keep(
    session: Session,
    actor: Actor,
    container: Container,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> Container:
    save_new(session, container, container.code)
    audit.record(
        session,
        actor,
        f"{container.kind}.added",
        container.kind,
        container.code,
        at=at,
        org_id=container.org_id,
        rows=container.rows,
        columns=container.columns,
        **facts,
    )
    return container


def _keep_in(
    session: Session,
    actor: Actor,
    container: Container,
    into: Container | None,
    ordinal: int | None,
    at: datetime,
) -> Container:
    _keep(session, actor, container, at)
    if into is not None:
        place = ordinal if ordinal is not None else first_free(session, into)
        place_container(session, actor, container, into, place, at=at)
    return container
