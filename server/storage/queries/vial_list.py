"""The list of vials: narrowed, sorted, page after page by a cursor, counted to a cap."""

import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from math import isfinite
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, union_all
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.catalogue.models import CellLine, CellLineName, Lot
from server.core.actor import Actor
from server.parties.models import Project
from server.search.models import SearchWord
from server.search.queries import having
from server.search.rules import terms_of
from server.storage.models import (
    Container,
    Custody,
    FieldDefinition,
    FieldValue,
    Reservation,
    SampleType,
    Vial,
)
from server.storage.queries.aliases import spellings
from server.storage.queries.counts import tree
from server.storage.queries.holds import unheld
from server.storage.queries.paths import Path, paths_of, true_at
from server.storage.queries.searching import vials_wanted
from server.storage.queries.vials_found import ways_to_vials
from server.storage.rules.vial_filters import VialFilter

COUNTED = 10_000
PAGE = 50
READ = "storage.read"
SORTS: dict[str, Any] = {
    "code": Vial.code,
    "lot": Lot.code,
    "line": CellLine.name,
    "state": Vial.state,
    "entered": Vial.id,
}
COLUMNS: tuple[Any, ...] = (
    Vial.id, Vial.code, Vial.state, Vial.volume_ul, Vial.thaws, Vial.comment, Vial.created_at, Vial.org_id, Vial.verified_at,
    Lot.id.label("lot_id"), Lot.code.label("lot_code"), Lot.tier, Lot.disposition, Lot.passage, CellLine.id.label("line_id"),
    CellLine.code.label("line_code"), CellLine.name.label("line_name"),
    Project.code.label("project_code"), SampleType.code.label("type_code"),
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """By what the list is sorted, and after which row it goes on."""

    name: str = "code"
    down: bool = False
    after: str = ""


@dataclass(frozen=True)
class VialRow:
    """One vial of the list: its columns, the way to it, and what stands beside it."""

    facts: Any
    path: Path
    reserved_for: str = ""
    held: bool = False


def narrowed(
    session: Session, actor: Actor, wanted: VialFilter, zone: tzinfo = UTC
) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter on Vial, Lot and CellLine; days are those of the zone."""
    conditions: list[ColumnElement[bool]] = []
    for name, condition in _CONDITIONS.items():
        if value := getattr(wanted, name):
            conditions.append(condition(session, actor, value))
    conditions += [_is_in(session, actor, code) for code in wanted.places]
    conditions += [_has_field(code, value) for code, value in wanted.custom]
    if wanted.placed_after:
        conditions.append(_placed(Custody.began_at >= _midnight(wanted.placed_after, zone)))
    if wanted.placed_before:
        end = _midnight(wanted.placed_before + timedelta(days=1), zone)
        conditions.append(_placed(Custody.began_at < end))
    return conditions


def _midnight(day: Any, zone: tzinfo) -> datetime:  # noqa: ANN401  a date
    return datetime.combine(day, time(), zone)


def _words(session: Session, actor: Actor, text: str) -> ColumnElement[bool]:
    seen = dict.fromkeys(("lot", "container", "vial"), actor.orgs(READ))
    ways = ways_to_vials(session, vials_wanted(session, text, seen))
    if not ways:
        return false()
    return Vial.id.in_(union_all(*(select(Vial.id).where(way) for way in ways)))


def _lot(_session: Session, _actor: Actor, code: str) -> ColumnElement[bool]:
    return Vial.lot_id.in_(select(Lot.id).where(Lot.code.in_(spellings(code))))


def _line(_session: Session, _actor: Actor, text: str) -> ColumnElement[bool]:
    low = text.lower()
    named = select(CellLineName.line_id).where(func.lower(CellLineName.name) == low)
    line = select(CellLine.id).where(
        or_(
            CellLine.code.in_(spellings(text)), CellLine.accession.in_(spellings(text)),
            func.lower(CellLine.name) == low, CellLine.id.in_(named),
        )
    )  # fmt: skip
    return Vial.lot_id.in_(select(Lot.id).where(Lot.line_id.in_(line)))


def _tier(_session: Session, _actor: Actor, tier: str) -> ColumnElement[bool]:
    return Lot.tier == tier


def _state(_session: Session, _actor: Actor, state: str) -> ColumnElement[bool]:
    return Vial.state == state


def _project(_session: Session, _actor: Actor, code: str) -> ColumnElement[bool]:
    return Vial.project_id.in_(select(Project.id).where(Project.code.in_(spellings(code))))


def _held(_session: Session, _actor: Actor, answer: str) -> ColumnElement[bool]:
    return ~unheld() if answer == "yes" else unheld()


def _reserved(_session: Session, _actor: Actor, answer: str) -> ColumnElement[bool]:
    promised = exists(
        select(Reservation.id).where(Reservation.vial_id == Vial.id, Reservation.ended_at.is_(None))
    )
    return promised if answer == "yes" else ~promised


def _verified(_session: Session, _actor: Actor, answer: str) -> ColumnElement[bool]:
    return Vial.verified_at.is_not(None) if answer == "yes" else Vial.verified_at.is_(None)


_CONDITIONS: dict[str, Callable[[Session, Actor, str], ColumnElement[bool]]] = {
    "q": _words,
    "lot": _lot,
    "line": _line,
    "tier": _tier,
    "state": _state,
    "project": _project,
    "held": _held,
    "reserved": _reserved,
    "verified": _verified,
}


def _is_in(session: Session, actor: Actor, code: str) -> ColumnElement[bool]:
    named = or_(Container.code.in_(spellings(code)), Container.barcode.in_(spellings(code)))
    wanted = visible(select(Container.id).where(named), actor, READ, Container.org_id)
    below = tree(session.scalars(wanted))
    return _placed(Custody.container_id.in_(select(below.c.id)))


def _placed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    stays = select(Custody.vial_id).where(
        Custody.vial_id.is_not(None), Custody.place == "position", true_at(None), condition
    )
    return Vial.id.in_(stays)


def _has_field(code: str, value: str) -> ColumnElement[bool]:
    """Return the condition that a field of a vial or its lot is this value, or (a text) has it in it."""
    bears = or_(func.lower(FieldValue.text) == value.lower(), _within(value))
    if (number := number_of(value)) is not None:  # 97 and 97.0 are the same
        bears = or_(bears, FieldValue.number == number)
    of = select(FieldValue.subject_id).join(FieldDefinition)
    here = and_(func.lower(FieldDefinition.code) == code.lower(), bears)
    return or_(
        Vial.id.in_(of.where(here, FieldDefinition.subject == "vial")),
        Vial.lot_id.in_(of.where(here, FieldDefinition.subject == "lot")),
    )


def _within(value: str) -> ColumnElement[bool]:
    """Return the condition that a text has these words in it, one after the other, the last perhaps begun.

    The index of words narrows to the things that may have them; then their texts are looked at.
    """
    if not (terms := terms_of(value)):
        return false()
    words = (
        SearchWord.kind == FieldDefinition.subject,
        SearchWord.thing_id == FieldValue.subject_id,
    )
    indexed = (
        exists(select(SearchWord.word).where(*words, having(term))).correlate(
            FieldValue, FieldDefinition
        )
        for term in terms
    )
    said = func.lower(FieldValue.text).contains(value.strip().lower(), autoescape=True)
    return and_(FieldDefinition.kind == "text", *indexed, said)


def number_of(value: str) -> float | None:
    """Return the number that was typed, full-width digits too; None where it is none that can be compared."""
    try:
        number = float(unicodedata.normalize("NFKC", value))
    except ValueError:
        return None
    return number if isfinite(number) else None


def base(actor: Actor, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return the query of all vials that fit and that the actor may see."""
    wanted: Select[Any] = (
        select(*COLUMNS)
        .join(Lot, Lot.id == Vial.lot_id)
        .join(CellLine, CellLine.id == Lot.line_id)
        .outerjoin(Project, Project.id == Vial.project_id)
        .outerjoin(SampleType, SampleType.id == Vial.sample_type_id)
        .where(*conditions)
    )
    return visible(wanted, actor, READ, Vial.org_id)


def counted(session: Session, wanted: Select[Any], most: int = COUNTED) -> int:
    """Return how many fit, counted up to one more than `most`."""
    some = wanted.with_only_columns(Vial.id).order_by(None).limit(most + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def page(
    session: Session, wanted: Select[Any], order: Order, size: int = PAGE
) -> tuple[list[VialRow], str]:
    """Return one page of the list, and the place after which the next one goes on ("" where none does)."""
    rows = list(session.execute(_after(wanted, order).limit(size + 1)))
    more = len(rows) > size
    shown = rows[:size]
    return _beside(session, shown), _mark(shown[-1], order) if more else ""


def _after(wanted: Select[Any], order: Order) -> Select[Any]:
    column = SORTS[order.name]
    key = column.desc() if order.down else column.asc()
    tie = Vial.id.desc() if order.down else Vial.id.asc()
    if order.after:
        value, last = json.loads(order.after)
        beyond = column < value if order.down else column > value
        later = Vial.id < last if order.down else Vial.id > last
        wanted = wanted.where(or_(beyond, and_(column == value, later)))
    return wanted.order_by(key, tie)


_ATTRIBUTES = {
    "code": "code",
    "lot": "lot_code",
    "line": "line_name",
    "state": "state",
    "entered": "id",
}


def _mark(row: Any, order: Order) -> str:  # noqa: ANN401  a row of the list
    return json.dumps([getattr(row, _ATTRIBUTES[order.name]), row.id])


def is_mark(after: str, name: str) -> bool:
    """Say whether a list that is sorted so can go on after this."""
    try:
        value, last = json.loads(after)
    except (ValueError, TypeError):
        return False
    return isinstance(last, int) and isinstance(value, int if name == "entered" else str)


def _beside(session: Session, rows: Sequence[Any]) -> list[VialRow]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    paths = paths_of(session, vials=ids)
    promised = select(Reservation.vial_id, Reservation.for_code).where(
        Reservation.vial_id.in_(ids), Reservation.ended_at.is_(None)
    )
    promises: dict[int, str] = {vial: code for vial, code in session.execute(promised)}  # noqa: C416  rows are no pairs to mypy
    free = select(Vial.id).join(Lot, Lot.id == Vial.lot_id).where(Vial.id.in_(ids), unheld())
    unbound = set(session.scalars(free))
    return [
        VialRow(row, paths[row.id], promises.get(row.id, ""), row.id not in unbound) for row in rows
    ]


def all_pages(
    reading: Callable[[], Any], actor: Actor, wanted: VialFilter, zone: tzinfo, codes: Sequence[str] = ()
) -> Iterator[list[VialRow]]:  # fmt: skip
    """Yield all that fits in parts, each read in a short session of its own."""
    order = Order()
    while True:
        with reading() as session:
            conditions = (
                narrowed(session, actor, wanted, zone) if not codes else [Vial.code.in_(codes)]
            )
            rows, after = page(session, base(actor, conditions), order, 500)
        yield rows
        if not after:
            return
        order = Order(after=after)
