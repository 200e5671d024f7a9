"""Things go out as rows of a layout's columns: what comes out can come in again."""

import json
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.exchange.layouts.base import Layout, as_text
from server.exchange.models import ForeignRow
from server.exchange.sheets.base import Sheet, Values

AT_ONCE = 500
Row = list[str]


def header_of(session: Session, sheet: Sheet, layout: Layout, org_id: int) -> list[str]:
    """Return the names of the columns that go out."""
    if not layout.columns:
        return [column.name for column in sheet.columns(session, org_id)]
    return list(layout.template)


def rows_of(
    session: Session, actor: Actor, sheet: Sheet, layout: Layout, org_id: int
) -> Iterator[Row]:
    """Yield the rows of all things of the organisation, in the layout's columns."""
    header = header_of(session, sheet, layout, org_id)
    if layout.outward_many is not None:
        yield from _together(session, sheet, layout, org_id, header)
        return
    things = sheet.rows(session, actor, org_id)
    if not layout.columns:
        for _id, values in things:
            yield [as_text(values.get(name)) for name in header]
        return
    for part in _parts(things):
        yield from _foreign(session, layout, org_id, header, part)


def _parts(things: Iterator[tuple[int, Values]]) -> Iterator[list[tuple[int, Values]]]:
    part: list[tuple[int, Values]] = []
    for thing in things:
        part.append(thing)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _foreign(
    session: Session, layout: Layout, org_id: int, header: Sequence[str],
    part: Sequence[tuple[int, Values]],
) -> Iterator[Row]:  # fmt: skip
    """Write our values over what the other system said, where they say something else."""
    kept = _kept(session, layout, org_id, [thing_id for thing_id, _values in part])
    assert layout.outward is not None
    for thing_id, values in part:
        anew = layout.anew(values) if layout.anew and thing_id not in kept else [{}]
        for said in kept.get(thing_id, anew):
            row = dict(said)
            _overwrite(layout, row, layout.outward(values), values)
            yield [row.get(name, "") for name in header]


def _together(
    session: Session, sheet: Sheet, layout: Layout, org_id: int, header: Sequence[str]
) -> Iterator[Row]:
    """Yield the rows that stand for several things, as they came in, with what has changed since."""
    assert layout.outward_many is not None
    after, number = 0, 0
    mine = (ForeignRow.layout == layout.name) & (ForeignRow.org_id == org_id)
    while True:
        later = (ForeignRow.import_id > after) | (
            (ForeignRow.import_id == after) & (ForeignRow.number > number)
        )
        first = select(ForeignRow.import_id, ForeignRow.number).where(mine, later)
        ordered = first.order_by(ForeignRow.import_id, ForeignRow.number).distinct()
        keys = session.execute(ordered.limit(AT_ONCE)).all()
        if not keys:
            return
        for key in keys:
            here = (ForeignRow.import_id == key.import_id) & (ForeignRow.number == key.number)
            rows = session.scalars(
                select(ForeignRow).where(here).order_by(ForeignRow.thing_id)
            ).all()
            values = sheet.some(session, org_id, [row.thing_id for row in rows])
            row = json.loads(rows[0].cells)
            things = [values[one.thing_id] for one in rows if one.thing_id in values]
            if things:
                _overwrite(layout, row, layout.outward_many(things), things[0])
            yield [row.get(name, "") for name in header]
        after, number = keys[-1].import_id, keys[-1].number
        session.expunge_all()


def _overwrite(
    layout: Layout, row: dict[str, str], ours: Mapping[str, str], values: Values
) -> None:
    for name, text in ours.items():
        if not layout.means(name, text, row, values):
            row[name] = text
            if name.endswith("Position"):  # what named the former place would contradict it
                start = name.removesuffix("Position")
                for part in ("Row", "Column"):
                    row.pop(start + part, None)


def _kept(
    session: Session, layout: Layout, org_id: int, ids: Sequence[int]
) -> dict[int, list[dict[str, str]]]:
    wanted = (
        select(ForeignRow.thing_id, ForeignRow.cells)
        .where(
            ForeignRow.layout == layout.name,
            ForeignRow.thing_id.in_(ids),
            ForeignRow.org_id == org_id,
        )
        .order_by(ForeignRow.id)
    )
    found: dict[int, list[dict[str, str]]] = {}
    for thing_id, cells in session.execute(wanted):
        found.setdefault(thing_id, []).append(json.loads(cells))
    return found
