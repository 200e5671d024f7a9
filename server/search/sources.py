"""What is found by words: each feature says once, beside its tables, whose text is whose.

    keeping.offer(Source("line", CellLine.id, CellLine.org_id, CellLine.code, CellLine.name, texts=[
        Texts(CellLine, select(CellLine.id, CellLine.code, CellLine.name), things=CellLine.id),
        Texts(CellLineName, select(CellLineName.line_id, CellLineName.name), things=CellLineName.line_id),
    ]))

From then on every change of those rows through a session changes the words in the same transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.core.sets import among
from server.search import rules

AnyColumn = InstrumentedAttribute[Any]
AT_ONCE = 500


@dataclass(frozen=True)
class Texts:
    """Columns of one table that are text of a thing."""

    of: type[Any]
    """The table's class; a change of one of its rows is a change of the thing's words."""
    rows: Select[*tuple[Any, ...]]
    """The thing's id, then its texts; one row or several for each thing."""
    things: AnyColumn | Select[int]
    """Which things a changed row concerns: a column of the row, or the ids where `of.id` is given."""
    keys: Sequence[AnyColumn] = ()
    """The row's columns that lead the thing to other rows with text of its own."""


@dataclass(frozen=True)
class Source:
    """One kind of things that are found by words."""

    kind: str
    id: AnyColumn
    org: AnyColumn
    code: AnyColumn
    name: AnyColumn | None
    texts: list[Texts]
    worded: CompoundSelect[int] | None = None
    """The ids of those that have any text, where most have none; else all are read when the index is made."""


_SOURCES: dict[str, Source] = {}


def add(source: Source) -> None:
    """Note what a feature offers; see `keeping.offer`."""
    _SOURCES[source.kind] = source


def source(kind: str) -> Source:
    """Return what a feature has offered for this kind."""
    return _SOURCES[kind]


def kinds() -> list[str]:
    """Return all kinds that are found by words."""
    return sorted(_SOURCES)


def touched_by(thing: object) -> Iterator[tuple[Source, Texts]]:
    """Yield whose text a row of this class may be."""
    for one in _SOURCES.values():
        for text in one.texts:
            if isinstance(thing, text.of):
                yield one, text


def columns_of(text: Texts) -> list[str]:
    """Return the names of the row's own columns that are text."""
    table = text.of.__table__
    return [str(c.key) for c in list(text.rows.selected_columns)[1:] if c.key in table.columns]


def words_of(session: Session, one: Source, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return the words of these things, read from their rows; things without text are left out."""
    texts: dict[int, list[str]] = {}
    for text in one.texts:
        first = next(iter(text.rows.selected_columns))
        for part in sliced(ids):
            for row in session.execute(text.rows.where(among(first, part))):
                texts.setdefault(row[0], []).extend(_written(row[1:]))
    return {thing: words for thing, found in texts.items() if (words := rules.words_of(*found))}


def _written(values: Iterable[object]) -> Iterator[str]:
    return (str(value) for value in values if value not in (None, ""))


def sliced(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the ids in parts that one statement takes."""
    for at in range(0, len(ids), AT_ONCE):
        yield ids[at : at + AT_ONCE]
