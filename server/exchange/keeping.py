"""What an import leaves of each row: what was wrong, what it did, what another system said."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.words import as_kept
from server.exchange.layouts.base import kept_words
from server.exchange.meeting import AtWork
from server.exchange.models import ForeignRow, ImportEffect, ImportProblem
from server.exchange.rules import MOST_PROBLEMS_A_ROW
from server.exchange.sheets.base import Effect, Item

PROBLEM: Any = ImportProblem.__table__
EFFECT: Any = ImportEffect.__table__
KEPT: Any = ForeignRow.__table__


def keep_problems(session: Session, import_id: int, items: Sequence[Item], step: str) -> None:
    """Keep what is wrong with these; `step` is in or back."""
    rows = [
        (import_id, item.number, step, one.column, one.found, one.expected,
         json.dumps(dict(one.facts), ensure_ascii=False, default=as_kept))
        for item in items
        for one in item.problems[:MOST_PROBLEMS_A_ROW]
    ]  # fmt: skip
    columns = ("import_id", "number", "step", "field", "found", "expected", "facts")
    bulk.insert_many(session, PROBLEM, columns, rows)


def keep_effects(session: Session, import_id: int, effects: Sequence[Effect]) -> None:
    """Keep what rows did, so that it can be undone."""
    rows = [
        (import_id, one.number, one.place, one.act, one.thing_id, one.code, one.version,
         json.dumps(one.before, ensure_ascii=False, default=str))
        for one in effects
    ]  # fmt: skip
    columns = ("import_id", "number", "place", "act", "thing_id", "code", "version", "before")
    bulk.insert_many(session, EFFECT, columns, rows)


def keep_words(
    session: Session, known: AtWork, items: Sequence[Item], rows: Sequence[tuple[int, str]],
    effects: Sequence[Effect],
) -> None:  # fmt: skip
    """Keep what another system's rows say, word for word, beside the things that came of them."""
    if known.parser.layout.convert is None:
        return
    things = known.work.things(session, [item for item in items if not item.problems], effects)
    cells = {number: json.loads(text) for number, text in rows}
    made = known.made
    said_by = {
        number: json.dumps(kept_words(known.header, row), ensure_ascii=False)
        for number, row in cells.items()
    }
    kept = [
        (made.org_id, made.layout, thing_id, made.id, number, said_by[number])
        for number, thing_id in things
    ]
    columns = ("org_id", "layout", "thing_id", "import_id", "number", "cells")
    bulk.insert_many(session, KEPT, columns, kept)


def forget(session: Session, import_id: int, numbers: Sequence[int]) -> None:
    """Forget what these rows did: they have been taken back."""
    for model in (ImportEffect, ForeignRow):
        session.execute(
            delete(model).where(
                model.import_id == import_id, model.number.between(min(numbers), max(numbers))
            )
        )
