"""Reads of imports and webhooks that more than one caller needs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_, unpacked
from server.exchange import registry
from server.exchange.models import Import, ImportProblem, ImportRow

AT_ONCE = 500
NO_IMPORT = N_("There is no import %(code)s that you may see.")


@dataclass(frozen=True)
class Shown:
    """One problem as it is shown: the file's row, the column, what was found, what is expected."""

    id: int
    number: int
    column: str
    found: str
    expected: str
    facts: dict[str, Any]
    step: str


def imports(actor: Actor) -> Select[Import]:
    """Return the select of the imports that this actor may see: those of rows that they may bring in."""
    conditions = []
    for sheet in registry.SHEETS.values():
        orgs = actor.orgs(sheet.permission)
        if orgs is None:
            conditions.append(Import.sheet == sheet.name)
        elif orgs:
            conditions.append((Import.sheet == sheet.name) & Import.org_id.in_(sorted(orgs)))
    return select(Import).where(or_(*conditions) if conditions else false())


def import_of(session: Session, actor: Actor, code: str) -> Import:
    """Return the import with this code."""
    found: Import | None = session.scalar(imports(actor).where(Import.code == code.strip().upper()))
    if found is None:
        raise NotFound(Refusal("no_such_import", NO_IMPORT, {"code": code}))
    return found


def problems(session: Session, import_id: int, size: int, offset: int = 0) -> list[Shown]:
    """Return some of the problems of an import, those of the first rows first."""
    wanted = (
        select(ImportProblem)
        .where(ImportProblem.import_id == import_id)
        .order_by(ImportProblem.step.desc(), ImportProblem.number, ImportProblem.id)
    )
    return [shown(one) for one in session.scalars(wanted.limit(size).offset(offset))]


def shown(one: ImportProblem) -> Shown:
    """Return the problem with its facts."""
    return Shown(
        one.id, one.number, one.field, one.found, one.expected, unpacked(one.facts), one.step
    )


def count_problems(session: Session, import_id: int) -> int:
    """Return how many things are wrong."""
    counted = select(func.count()).where(ImportProblem.import_id == import_id)
    return session.scalar(counted) or 0


def all_problems(session: Session, import_id: int) -> Iterator[Shown]:
    """Yield all problems in parts, in the order of rows."""
    number, after = 0, 0
    while True:
        later = (ImportProblem.number > number) | (
            (ImportProblem.number == number) & (ImportProblem.id > after)
        )
        wanted = select(ImportProblem).where(ImportProblem.import_id == import_id, later)
        part = session.scalars(
            wanted.order_by(ImportProblem.number, ImportProblem.id).limit(AT_ONCE)
        ).all()
        if not part:
            return
        yield from (shown(one) for one in part)
        number, after = part[-1].number, part[-1].id


def refused_rows(session: Session, import_id: int) -> Iterator[tuple[int, list[Any], list[Shown]]]:
    """Yield (number, cells, problems) of each row that did not come in."""
    found: list[Shown] = []
    for one in all_problems(session, import_id):
        if one.step != "in":
            continue
        if found and found[-1].number != one.number:
            yield _with_cells(session, import_id, found)
            found = []
        found.append(one)
    if found:
        yield _with_cells(session, import_id, found)


def _with_cells(
    session: Session, import_id: int, found: list[Shown]
) -> tuple[int, list[Any], list[Shown]]:
    row = session.get_one(ImportRow, (import_id, found[0].number))
    return found[0].number, json.loads(row.cells), found
