"""Freezers, racks and boxes: added, and put into each other."""

from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_, Sentence
from server.storage import queries, rules
from server.storage.container_types import WORDS
from server.storage.models import (
    Container,
    Custody,
    FreezerPlace,
    NitrogenSupply,
    PowerCircuit,
    Room,
    Site,
)
from server.storage.positions import BoxShape
from server.storage.queries.types import AnyType
from server.storage.service.holding_places import hold_for_move
from server.storage.service.scanned_once import refuse_container
from server.storage.service.sites import save_new
from server.storage.service.stays import Moment, end_stay, occupy, why_not_into
from server.storage.service.types import kept, shape_columns
from server.storage.service.vials import first_free
from server.storage.sizes import as_json


class Facts(TypedDict, total=False):
    """What may be said of any container."""

    name: str
    barcode: str | None
    model: str
    type: AnyType | None
    """The type from which it is made: its shape (where none is given), heights and sizes are copied."""


def add_freezer(
    session: Session,
    actor: Actor,
    room: Room,
    code: str,
    shape: BoxShape | None = None,
    *,
    power_circuit: PowerCircuit | None = None,
    nitrogen_supply: NitrogenSupply | None = None,
    at: datetime,
    **facts: Unpack[Facts],
) -> Container:
    """Add a freezer to a room; its circuit and supply are those that it fails with."""
    site = session.get_one(Site, room.site_id)
    freezer = _new(session, "freezer", site.org_id, code, shape, at, facts)
    stand_in(session, freezer, room, power_circuit, nitrogen_supply)
    _keep(session, actor, freezer, at, room=room.code, site=site.code)
    begin_place(session, actor, freezer, None, Moment.of(at))
    return freezer


def add_rack(
    session: Session,
    actor: Actor,
    org_id: int,
    code: str,
    shape: BoxShape | None = None,
    *,
    into: Container | None = None,
    ordinal: int | None = None,
    at: datetime,
    **facts: Unpack[Facts],
) -> Container:
    """Add a rack, and put it into a freezer or rack where one is named."""
    rack = _new(session, "rack", org_id, code, shape, at, facts)
    return _keep_in(session, actor, rack, into, ordinal, at)


def add_box(
    session: Session,
    actor: Actor,
    org_id: int,
    code: str,
    shape: BoxShape | None = None,
    *,
    into: Container | None = None,
    ordinal: int | None = None,
    at: datetime,
    **facts: Unpack[Facts],
) -> Container:
    """Add a box, and put it into a rack or freezer where one is named."""
    box = _new(session, "box", org_id, code, shape, at, facts)
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
    hold_for_move(session, [(container, into)])
    why_not_into(session, container, into, ordinal, when)
    before = queries.path_of(session, container)
    end_stay(session, actor, standing(session, container), when)
    custody = occupy(session, actor, container, into, ordinal, when)
    record(
        session,
        actor,
        "placed",
        container,
        at,
        stated_at=happened_at,
        before=before.text,
        now=queries.path_of(session, container).text,
        position=into.shape.label(ordinal),
    )
    return custody


def standing(session: Session, container: Container) -> Custody | None:
    """Return the row that says where the container stands now; None where it stands nowhere."""
    wanted = select(Custody).where(Custody.child_id == container.id, queries.true_at(None))
    return session.scalars(wanted).first()


def stand_in(
    session: Session,
    freezer: Container,
    room: Room,
    circuit: PowerCircuit | None,
    supply: NitrogenSupply | None,
) -> None:
    """Let a freezer stand in a room, on a circuit and a supply of the same site."""
    site = session.get_one(Site, room.site_id)
    for part in (circuit, supply):
        if part is not None and part.site_id != site.id:
            because = N_("%(code)s belongs to another site than the room.")
            raise Invalid(Refusal("other_site", because, {"code": part.code}))
    if site.org_id != freezer.org_id:
        because = N_("%(code)s belongs to another organisation.")
        raise Conflict(Refusal("other_organisation", because, {"code": room.code}))
    freezer.room_id = room.id
    freezer.power_circuit_id = circuit.id if circuit else None
    freezer.nitrogen_supply_id = supply.id if supply else None


def begin_place(
    session: Session, actor: Actor, freezer: Container, began_at: datetime | None, when: Moment
) -> None:
    """Keep that a freezer stands where it stands now, from then on; None: as far back as anything is known."""
    session.add(
        FreezerPlace(
            freezer_id=freezer.id,
            room_id=freezer.room_id,
            power_circuit_id=freezer.power_circuit_id,
            nitrogen_supply_id=freezer.nitrogen_supply_id,
            began_at=began_at,
            began_recorded_at=when.recorded_at,
            by_name=actor.name,
        )
    )
    session.flush()


def record(
    session: Session,
    actor: Actor,
    act: str,
    container: Container,
    at: datetime,
    stated_at: datetime | None = None,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> None:
    """Write the audit entry of something done with a container."""
    audit.record(
        session,
        actor,
        f"{container.kind}.{act}",
        container.kind,
        container.code,
        at=at,
        org_id=container.org_id,
        stated_at=stated_at,
        **facts,
    )


def _new(
    session: Session,
    kind: str,
    org_id: int,
    code: str,
    shape: BoxShape | None,
    at: datetime,
    facts: Facts,
) -> Container:
    of = facts.get("type")
    if of is not None and of.kind != kind:
        because = N_("%(code)s is no type of a %(kind)s.")
        told = {"code": of.code, "kind": Sentence(WORDS[kind])}
        raise Invalid(Refusal("wrong_type", because, told), field="type")
    found = shape or (of.shape if of is not None else None)
    if found is None:
        raise Invalid(Refusal("no_shape", N_("A type, or rows and columns, are missing.")))
    if refusal := rules.why_not_shape(found):
        raise Invalid(refusal, field="rows")
    return Container(
        kind=kind,
        org_id=org_id,
        code=code,
        name=facts.get("name", ""),
        barcode=facts.get("barcode") or None,
        model=facts.get("model", ""),
        created_at=at,
        **columns_of(session, found, of, at),
    )


def columns_of(
    session: Session, shape: BoxShape, of: AnyType | None, at: datetime
) -> dict[str, Any]:
    """Return what a container of this shape and type has in its columns."""
    columns = shape_columns(shape) | {"unusable": shape.size - shape.capacity}
    if of is None:
        return columns
    row = kept(session, of, at=at)
    same_rows = (shape.rows, shape.layers) == (row.rows, row.layers)
    same_cells = same_rows and shape.columns == row.columns
    return columns | {
        "type_id": row.id,
        "size_class": row.size_class,
        "size_classes": row.size_classes if same_cells else as_json({}),
        "heights_mm": row.heights_mm if same_rows else as_json([]),
        "mobile": row.mobile,
    }


def _keep(
    session: Session,
    actor: Actor,
    container: Container,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> Container:
    codes = [one for one in (container.code, container.barcode) if one]
    refuse_container(session, container.org_id, codes)
    save_new(session, container, container.code)
    facts |= {"rows": container.rows, "columns": container.columns}
    record(session, actor, "added", container, at, **facts)
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
