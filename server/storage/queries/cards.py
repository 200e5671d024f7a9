"""All that is told of one vial, asked at once: for whoever has just scanned it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, bindparam, literal, null, select, union_all
from sqlalchemy.orm import Session

from server.catalogue.models import CellLine, Lot
from server.core.plain import Plain, together
from server.genealogy.models import Hold
from server.storage.models import (
    Destruction,
    FieldDefinition,
    FieldValue,
    Reservation,
    SampleType,
    Vial,
    VialAlias,
)
from server.storage.queries.fields import Plain as PlainValue
from server.storage.queries.fields import plain_value
from server.storage.queries.paths import Path, ask_paths

EARLY = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Card:
    """A vial: what it is, where it is, and what is to be known before it is touched."""

    vial: Any
    """A row of `_VIAL`."""
    path: Path
    promised_to: str | None
    held: Sequence[str]
    """The causes of the open holds on the vial, its lot and its line, the oldest first within each."""
    destruction_waits: bool
    aliases: Sequence[str]
    fields: dict[str, PlainValue]


def card(session: Session, vial_id: int) -> Card:
    """Return the card of a vial that is there; who asks has been admitted to it."""
    with together(session):
        vial = _VIAL.ask(session, vial=vial_id)
        way = ask_paths(session, vials=[vial_id])
        facts = _FACTS.ask(session, vial=vial_id)
        fields = _FIELDS.ask(session, vial=vial_id)
    told: dict[str, list[str]] = {}
    for row in sorted(facts.found(), key=lambda one: (one.what, one.at or EARLY, one.id)):
        told.setdefault(row.what, []).append(row.text)
    return Card(
        vial=vial.found()[0],
        path=way.paths(session)[vial_id],
        promised_to=next(iter(told.get("promise", ())), None),
        held=[*told.get("held 1", ()), *told.get("held 2", ()), *told.get("held 3", ())],
        destruction_waits="destruction" in told,
        aliases=told.get("alias", []),
        fields={row.code: plain_value(row.kind, row.text, row.number) for row in fields.found()},
    )


_OWN = bindparam("vial", type_=Vial.id.type)
_VIAL = Plain(
    select(
        Vial.id,
        Vial.code,
        Vial.state,
        Vial.volume_ul,
        Vial.thaws,
        Vial.damaged_at,
        Vial.verified_at,
        Vial.version,
        Lot.code.label("lot"),
        Lot.tier,
        CellLine.code.label("line"),
        CellLine.name.label("line_name"),
        SampleType.code.label("sample_type"),
    )
    .join(Lot, Lot.id == Vial.lot_id)
    .join(CellLine, CellLine.id == Lot.line_id)
    .outerjoin(SampleType, SampleType.id == Vial.sample_type_id)
    .where(Vial.id == _OWN)
)


def _fact(what: str, row_id: Any, text: Any, at: Any = None) -> Select[Any]:  # noqa: ANN401  columns of any table
    return select(
        literal(what).label("what"),
        row_id.label("id"),
        text.label("text"),
        (null() if at is None else at).label("at"),
    )


def _held(what: str, kind: str, target: Select[Any]) -> Select[Any]:
    """Return the open holds on one thing: a vial, its lot or its line."""
    wanted = _fact(what, Hold.id, Hold.cause, Hold.opened_at)
    standing = Hold.lifted_at.is_(None), Hold.kind == kind
    return wanted.where(*standing, Hold.target_id == target.scalar_subquery())


_LOT = select(Vial.lot_id).where(Vial.id == _OWN)
_LINE = select(Lot.line_id).join(Vial, Vial.lot_id == Lot.id).where(Vial.id == _OWN)
_FACTS = Plain(
    union_all(
        _fact("held 1", Hold.id, Hold.cause, Hold.opened_at).where(
            Hold.lifted_at.is_(None), Hold.kind == "vial", Hold.target_id == _OWN
        ),
        _held("held 2", "lot", _LOT),
        _held("held 3", "line", _LINE),
        _fact("promise", Reservation.id, Reservation.for_code).where(
            Reservation.vial_id == _OWN, Reservation.ended_at.is_(None)
        ),
        _fact("destruction", Destruction.id, Destruction.reason).where(
            Destruction.vial_id == _OWN, Destruction.ended_at.is_(None)
        ),
        _fact("alias", VialAlias.id, VialAlias.code).where(VialAlias.vial_id == _OWN),
    )
)
_FIELDS = Plain(
    select(FieldDefinition.code, FieldDefinition.kind, FieldValue.text, FieldValue.number)
    .join(FieldDefinition, FieldDefinition.id == FieldValue.definition_id)
    .where(FieldValue.subject_id == _OWN, FieldDefinition.subject == "vial")
    .order_by(FieldDefinition.place, FieldDefinition.id)
)
