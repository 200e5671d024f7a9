"""What is in a box, position by position, in one query."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.errors import NotFound
from server.core.many import among
from server.core.plain import Plain
from server.storage.models import Container, Custody, Reservation, Vial
from server.storage.models.containers import SHAPE, shape_of
from server.storage.queries.aliases import spellings
from server.storage.queries.holds import holds_among
from server.storage.rules.missing import no_such_container

_CHILD = aliased(Container)
"""Made once: a fresh alias costs about a millisecond at its first use."""


class Place(NamedTuple):
    """One position and what is in it."""

    ordinal: int
    label: str
    vial_id: int | None = None
    vial_code: str = ""
    lot_id: int | None = None
    lot_code: str = ""
    line_name: str = ""
    passage: int | None = None
    disposition: str = ""
    reserved_for: str = ""
    held_because: str = ""
    """The cause of the oldest open hold on the vial, its lot or its line; empty where there is none."""
    kept_for: str = ""
    """The vial that is away and comes back here; nothing is in the position meanwhile."""

    @property
    def filled(self) -> bool:
        """Say whether a vial is here."""
        return self.vial_id is not None

    @property
    def free(self) -> bool:
        """Say whether something may come here: nothing is in it, and it is kept for nothing."""
        return self.vial_id is None and not self.kept_for


class AnyBox(Protocol):
    """A container, or a row with its id, its code and its shape; see `box_row`."""

    id: Any
    code: Any
    rows: Any
    columns: Any
    layers: Any


def box_row(session: Session, actor: Actor, permission: str, code: str) -> AnyBox:
    """Return the box with this code or barcode as a row to read from; NotFound where there is none to see."""
    orgs = actor.orgs(permission)
    found = _box(everywhere=orgs is None).ask(
        session, codes=spellings(code), orgs=sorted(orgs or ())
    )
    for row in found.found():
        return row  # type: ignore[no-any-return]  # named as AnyBox asks
    raise NotFound(no_such_container(code, "box"))


@cache
def _box(*, everywhere: bool) -> Plain:
    bears = among(Container.code, "codes") | among(Container.barcode, "codes")
    shape = (getattr(Container, one) for one in SHAPE)
    wanted = select(Container.id, Container.code, *shape).where(bears, Container.kind == "box")
    if not everywhere:
        wanted = wanted.where(among(Container.org_id, "orgs"))
    return Plain(wanted.order_by(Container.id).limit(1))


def box_contents(session: Session, box: AnyBox) -> list[Place]:
    """Return every position of the box, in the order of the ordinals."""
    shape = shape_of(box)
    taken = {row.ordinal: row for row in _INSIDE.ask(session, box=box.id).found()}
    held = holds_among(session, [(row.vial_id, row.lot_id, row.line_id) for row in taken.values()])
    causes = {vial: holds[0].cause for vial, holds in held.items()}
    return [_place(shape.label(one), one, taken.get(one), causes) for one in shape.ordinals]


def _inside() -> Select[*tuple[Any, ...]]:
    promise = aliased(Reservation)
    return (
        select(
            Custody.ordinal,
            Custody.place,
            Vial.id.label("vial_id"),
            Vial.code.label("vial_code"),
            Lot.id.label("lot_id"),
            Lot.line_id,
            Lot.code.label("lot_code"),
            Lot.passage,
            Lot.disposition,
            CellLine.name.label("line_name"),
            promise.for_code.label("reserved_for"),
        )
        .join(Vial, Vial.id == Custody.vial_id)
        .join(Lot, Lot.id == Vial.lot_id)
        .join(CellLine, CellLine.id == Lot.line_id)
        .outerjoin(promise, (promise.vial_id == Vial.id) & promise.ended_at.is_(None))
        .where(Custody.container_id == bindparam("box"), LIVE_HERE)
    )


LIVE_HERE = Custody.ended_at.is_(None) & Custody.superseded_at.is_(None)


_INSIDE = Plain(_inside())


def _place(label: str, ordinal: int, row: Any, causes: Mapping[int, str]) -> Place:  # noqa: ANN401  a row of `_inside`
    if row is None:
        return Place(ordinal, label)
    if row.place != "position":
        return Place(ordinal, label, kept_for=row.vial_code)
    return Place(
        ordinal,
        label,
        vial_id=row.vial_id,
        vial_code=row.vial_code,
        lot_id=row.lot_id,
        lot_code=row.lot_code,
        line_name=row.line_name,
        passage=row.passage,
        disposition=row.disposition,
        reserved_for=row.reserved_for or "",
        held_because=causes.get(row.vial_id, ""),
    )


def occupants(session: Session, container: Container) -> dict[int, str]:
    """Return who is in each taken position: the code of a vial, or of a container."""
    wanted = (
        select(Custody.ordinal, Vial.code, _CHILD.code)
        .outerjoin(Vial, Vial.id == Custody.vial_id)
        .outerjoin(_CHILD, _CHILD.id == Custody.child_id)
        .where(Custody.container_id == container.id, LIVE_HERE)
    )
    return {
        ordinal: vial or inner
        for ordinal, vial, inner in session.execute(wanted)
        if ordinal is not None
    }


def occupant_at(session: Session, container: Container, ordinal: int) -> str | None:
    """Return who is in this position, or None when it is free."""
    row = session.execute(_occupant(), {"box": container.id, "place": ordinal}).first()
    return None if row is None else str(row[0] or row[1])


@cache
def _occupant() -> Select[*tuple[Any, ...]]:
    return (
        select(Vial.code, _CHILD.code)
        .select_from(Custody)
        .outerjoin(Vial, Vial.id == Custody.vial_id)
        .outerjoin(_CHILD, _CHILD.id == Custody.child_id)
        .where(
            Custody.container_id == bindparam("box"),
            Custody.ordinal == bindparam("place"),
            LIVE_HERE,
        )
    )
