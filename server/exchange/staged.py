"""Reads of the rows that a file has become."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.exchange.layouts.base import Parser
from server.exchange.models import ImportEffect, ImportProblem, ImportRow
from server.exchange.sheets.base import Item

Staged = tuple[int, str]
"""The number of a row, and its cells as JSON."""


def rows(
    session: Session, import_id: int, which: ColumnElement[bool], most: int, *, backward: bool = False
) -> list[Staged]:  # fmt: skip
    """Return some of the staged rows, in order or from the last one on."""
    order = ImportRow.number.desc() if backward else ImportRow.number
    wanted = select(ImportRow.number, ImportRow.cells).where(
        ImportRow.import_id == import_id, which
    )
    return [(row[0], row[1]) for row in session.execute(wanted.order_by(order).limit(most))]


def bad_among(session: Session, import_id: int, some: Sequence[Staged]) -> set[int]:
    """Return the numbers of those of these rows that do not come in."""
    if not some:
        return set()
    numbers = [number for number, _cells in some]
    wanted = select(ImportProblem.number).where(
        ImportProblem.import_id == import_id, ImportProblem.step == "in",
        ImportProblem.number.between(min(numbers), max(numbers)),
    )  # fmt: skip
    return set(session.scalars(wanted))


def effects(session: Session, import_id: int, some: Sequence[Staged]) -> list[ImportEffect]:
    """Return what these rows did, the last one first."""
    numbers = [number for number, _cells in some]
    wanted = select(ImportEffect).where(
        ImportEffect.import_id == import_id,
        ImportEffect.number.between(min(numbers), max(numbers)),
    )
    last_first = wanted.order_by(ImportEffect.number.desc(), ImportEffect.place.desc())
    return list(session.scalars(last_first))


def items(parser: Parser, some: Sequence[Staged]) -> list[Item]:
    """Return the things for which these rows stand."""
    decode = msgspec.json.Decoder().decode
    return [item for number, cells in some for item in parser.items(number, decode(cells))]
