"""What the worker does with imports, one short step at a time.

A step reads and checks first, and writes in a transaction of about TARGET_S at most. Each writing
step moves a mark (`at_row`) in the same transaction, from where it saw it: after a kill the next
worker goes on at the mark, and two workers can never do the same rows twice.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.accounts.queries import person_actor
from server.audit import service as audit
from server.core import bulk
from server.core.actor import Actor
from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import CryokeepError, Forbidden, Refusal
from server.core.wake import announce
from server.core.words import N_
from server.exchange import registry, staging
from server.exchange.cells import Options
from server.exchange.layouts.base import Parser, kept_words
from server.exchange.models import ForeignRow, Import, ImportEffect, ImportProblem, ImportRow
from server.exchange.rules import ALL, MOST_PROBLEMS_A_ROW, WORKING, State
from server.exchange.service.imports import NOT_YOURS, said
from server.exchange.sheets.base import Desk, Effect, Item, Work

log = logging.getLogger(__name__)
_clock = time.perf_counter

TARGET_S = 0.08
"""What one writing step should take: an alarm waits behind one at most."""
LEAST_ROWS, FIRST_ROWS, MOST_ROWS = 100, 600, 6000
AHEAD = 6000
"""So many rows are read ahead while an import is applied: they never change."""
CHECK_ROWS = 4000
CLAIM = timedelta(seconds=10)
PROBLEM: Any = ImportProblem.__table__
EFFECT: Any = ImportEffect.__table__
KEPT: Any = ForeignRow.__table__
RACED = Refusal(
    "raced",
    N_(
        "Row %(row)s was right when it was checked, and is refused now. All or nothing was chosen,"
        " so what had been applied is taken back. Check the file again."
    ),
)
NOT_BACK = N_(
    "%(count)s rows cannot be taken back; the first is row %(row)s. Nothing was taken back."
)
STUCK = N_("%(count)s rows could not be taken back; the first is row %(row)s.")


class Raced(Exception):
    """A row that was right when it was checked is refused as things stand now."""

    def __init__(self, bad: Sequence[Item]) -> None:
        self.bad = bad
        super().__init__()


class Elsewhere(Exception):
    """Another worker, or a person, has moved this import on meanwhile."""


@dataclass
class AtWork:
    """What the worker knows of one import while it works on it."""

    version: int
    made: Import
    parser: Parser
    work: Work
    header: list[str]
    rows_at_once: int = field(default_factory=lambda: FIRST_ROWS)
    stuck: list[Item] = field(default_factory=list)
    ahead: list[tuple[int, str]] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)
    """Of the rows ahead those that do not come in."""


class Worker:
    """Takes one import after the other through its steps."""

    def __init__(
        self, database: Database, clock: Clock, name: str, go_on: Callable[[], bool] = lambda: True
    ) -> None:
        self.database, self.clock, self.name, self.go_on = database, clock, name, go_on
        self._known: dict[int, AtWork] = {}
        self._going: Import | None = None
        """The import of which this worker has just applied some rows, and goes on with."""

    def step(self) -> bool:
        """Do one step of the oldest import that wants one; says whether there was one."""
        made, self._going = self._going or self._next(), None
        if made is None:
            return False
        steps: dict[str, Callable[[AtWork], None]] = {
            State.CHECKING: self._check,
            State.APPLYING: self._apply,
            State.LOOKING_BACK: self._look_back,
            State.TAKING_BACK: self._take_back,
        }
        try:
            steps[made.state](self._at_work(made))
        except Elsewhere:
            self._known.pop(made.id, None)
        except CryokeepError as error:
            self._stop(made, error)
        return True

    def _next(self) -> Import | None:
        now = self.clock.now()
        free = or_(
            Import.claimed_until.is_(None),
            Import.claimed_until < now,
            Import.claimed_by == self.name,
        )
        wanted = select(Import).where(Import.state.in_(WORKING), free).order_by(Import.id).limit(1)
        with self.database.reading() as session:
            return session.scalar(wanted)

    def _at_work(self, made: Import) -> AtWork:
        """Return what is known of the import, made anew where it is another state of it than before."""
        known = self._known.get(made.id)
        if known is not None and known.version == made.version:
            known.made = made
            return known
        with self.database.reading() as session:
            sheet = registry.sheet_of(made.sheet)
            layout = registry.layout_of(made.sheet, made.layout)
            columns = layout.columns_for(sheet, session, made.org_id)
            own = columns if not layout.columns else sheet.columns(session, made.org_id)
            actor = _actor(session, made)
        if not actor.may(sheet.permission, made.org_id):
            raise Forbidden(NOT_YOURS)
        desk = Desk(
            made.org_id, actor, made.code, _mapped(own, json.loads(made.mapping), layout.columns)
        )
        parser = Parser(
            layout, columns, json.loads(made.mapping), Options(**json.loads(made.options))
        )
        known = AtWork(made.version, made, parser, sheet.work(desk), json.loads(made.header))
        self._known = {made.id: known}
        if made.state in (State.CHECKING, State.LOOKING_BACK):
            self._begin_again(made)
        return known

    def _begin_again(self, made: Import) -> None:
        """A check remembers what earlier rows said, so it begins at the first row."""
        step = "in" if made.state == State.CHECKING else "back"
        gone = delete(ImportProblem).where(
            ImportProblem.import_id == made.id, ImportProblem.step == step
        )
        with self.database.writing() as session:
            session.execute(gone)
            self._mark(session, made, 0, **({"bad": 0} if step == "in" else {}))

    # each step

    def _check(self, known: AtWork) -> None:
        made = known.made
        if not made.staged:
            self._stage(made)
        rows = self._rows(made.id, ImportRow.number > made.at_row, CHECK_ROWS)
        if not rows:
            self._end(made, State.CHECKED, "checked", checked_at=self.clock.now())
            return
        items = _items(known, rows)
        if rehearses := known.work.rehearses(items):
            rows = rows[: known.rows_at_once]
            items = _items(known, rows)
        opened, began = self.database.writer() if rehearses else self.database.reader(), _clock()
        with opened as session:
            known.work.check(session, items, self.clock.now())
            session.rollback()
        if rehearses:
            known.rows_at_once = _paced(len(rows), _clock() - began)
        bad = [item for item in items if item.problems]
        with self.database.writing() as session:
            _keep_problems(session, made.id, bad, "in")
            self._mark(session, made, rows[-1][0], bad=made.bad + len({one.number for one in bad}))

    def _stage(self, made: Import) -> None:
        with self.database.writing() as session:
            self._mark(session, made, made.at_row)  # the claim
        count = staging.stage(self.database, made, lambda: self._still(made))
        if count is None:
            raise Elsewhere
        with self.database.writing() as session:
            self._mark(session, made, 0, staged=True, rows=count)
        made.rows, made.staged = count, True

    def _still(self, made: Import) -> bool:
        """Say whether to go on, and renew the claim: staging is many transactions of one step."""
        with self.database.writing() as session:
            self._mark(session, made, made.at_row)
        return self.go_on()

    def _apply(self, known: AtWork) -> None:
        made = known.made
        if not known.ahead or known.ahead[0][0] <= made.at_row:
            known.ahead = self._rows(made.id, ImportRow.number > made.at_row, AHEAD)
            known.bad = self._bad_among(made.id, known.ahead) if known.ahead else set()
        if not known.ahead:
            self._end(made, State.APPLIED, "applied", applied_at=self.clock.now())
            return
        rows = known.ahead[: known.rows_at_once]
        items = [item for item in _items(known, rows) if item.number not in known.bad]
        through = rows[-1][0]
        try:
            self._apply_rows(known, items, rows, through, all_or_nothing=made.mode == ALL)
        except Raced as raced:
            self._turn_back(made, raced.bad)
        except (IntegrityError, OperationalError) as error:
            self._tried_in_vain(known, items, through, error)

    def _apply_rows(
        self, known: AtWork, items: Sequence[Item], rows: Sequence[tuple[int, str]], through: int, *,
        all_or_nothing: bool,
    ) -> None:  # fmt: skip
        made, began = known.made, _clock()
        with self.database.writing() as session:
            effects = known.work.apply(session, items, self.clock.now())
            wrong = [item for item in items if item.problems]
            if wrong and all_or_nothing:
                raise Raced(wrong)
            numbers = {one.number for one in wrong}
            _keep_problems(session, made.id, wrong, "in")
            _keep_effects(session, made.id, effects)
            done = len({item.number for item in items} - numbers)
            _keep_words(session, known, items, rows, effects)
            self._mark(
                session, made, through, through=through, applied=made.applied + done,
                bad=made.bad + len(numbers),
            )  # fmt: skip
        made.through, made.applied, made.bad = through, made.applied + done, made.bad + len(numbers)
        known.ahead = known.ahead[len(rows) :]
        known.rows_at_once, self._going = _paced(len(rows), _clock() - began), made

    def _tried_in_vain(
        self, known: AtWork, items: Sequence[Item], through: int, error: Exception
    ) -> None:
        """The database itself has refused these rows: halve them until the one that it means is found."""
        if isinstance(error, OperationalError) and known.rows_at_once <= LEAST_ROWS:
            raise error
        log.warning(
            "rows of an import refused", extra={"import": known.made.code, "why": str(error)[:300]}
        )
        if known.rows_at_once > 1:
            known.rows_at_once = max(1, known.rows_at_once // 8)
            return
        because = N_("what agrees with the rest of the record; the database has refused this row")
        for item in items:
            item.expect("", because)
        if known.made.mode == ALL:
            self._turn_back(known.made, items)
            return
        with self.database.writing() as session:
            _keep_problems(session, known.made.id, items, "in")
            bad = known.made.bad + len(items)
            self._mark(session, known.made, through, through=through, bad=bad)
        known.rows_at_once = FIRST_ROWS

    def _turn_back(self, made: Import, bad: Sequence[Item]) -> None:
        """All or nothing, and not all can be: what was applied so far is taken back."""
        why = Refusal(RACED.code, RACED.because, {"row": bad[0].number})
        with self.database.writing() as session:
            _keep_problems(session, made.id, bad, "in")
            self._mark(
                session, made, made.through + 1, state=State.TAKING_BACK, because=said(why),
                bad=made.bad + len(bad), version=Import.version + 1,
            )  # fmt: skip

    def _look_back(self, known: AtWork) -> None:
        made = known.made
        here = ImportRow.number.between(made.at_row + 1, made.through)
        rows = self._rows(made.id, here, known.rows_at_once)
        if not rows:
            self._looked_back(known)
            return
        items, effects = self._of_record(known, rows)
        began = _clock()
        with self.database.writer() as session:
            known.stuck += known.work.take_back(session, items, effects, self.clock.now())
            session.rollback()
        known.rows_at_once = _paced(len(rows), _clock() - began)
        with self.database.writing() as session:
            self._mark(session, made, rows[-1][0])

    def _looked_back(self, known: AtWork) -> None:
        made, stuck = known.made, known.stuck
        with self.database.writing() as session:
            if not stuck:
                changes = {"state": State.TAKING_BACK}
                self._mark(session, made, made.through + 1, version=Import.version + 1, **changes)
                return
            _keep_problems(session, made.id, stuck, "back")
            why = Refusal("not_back", NOT_BACK, {"count": len(stuck), "row": stuck[0].number})
            done = made.applied_at is not None
            self._mark(
                session, made, made.through, state=State.APPLIED if done else State.HALTED,
                because=said(why), version=Import.version + 1,
            )  # fmt: skip

    def _take_back(self, known: AtWork) -> None:
        made = known.made
        rows = self._rows(
            made.id, ImportRow.number < made.at_row, known.rows_at_once, backward=True
        )
        if not rows:
            self._end(made, State.TAKEN_BACK, "taken_back", taken_back_at=self.clock.now())
            return
        items, effects = self._of_record(known, rows)
        numbers, began = [number for number, _cells in rows], _clock()
        with self.database.writer() as session:
            stuck = known.work.take_back(session, items, effects, self.clock.now())
            if stuck:
                session.rollback()
            else:
                _forget(session, made.id, numbers)
                left = made.applied - len({item.number for item in items})
                self._mark(session, made, numbers[-1], applied=left, through=numbers[-1] - 1)
                session.commit()
        known.rows_at_once = _paced(len(rows), _clock() - began)
        if stuck:
            self._halt(made, stuck)

    def _halt(self, made: Import, stuck: Sequence[Item]) -> None:
        why = Refusal("stuck", STUCK, {"count": len(stuck), "row": stuck[0].number})
        with self.database.writing() as session:
            _keep_problems(session, made.id, stuck, "back")
            self._mark(
                session, made, made.at_row, state=State.HALTED, because=said(why),
                version=Import.version + 1,
            )  # fmt: skip

    # what the steps share

    def _rows(
        self, import_id: int, which: ColumnElement[bool], most: int, *, backward: bool = False
    ) -> list[tuple[int, str]]:
        order = ImportRow.number.desc() if backward else ImportRow.number
        wanted = select(ImportRow.number, ImportRow.cells).where(
            ImportRow.import_id == import_id, which
        )
        with self.database.reading() as session:
            found = session.execute(wanted.order_by(order).limit(most))
            return [(row.number, row.cells) for row in found]

    def _bad_among(self, import_id: int, rows: Sequence[tuple[int, str]]) -> set[int]:
        numbers = [number for number, _cells in rows]
        wanted = select(ImportProblem.number).where(
            ImportProblem.import_id == import_id, ImportProblem.step == "in",
            ImportProblem.number.between(min(numbers), max(numbers)),
        )  # fmt: skip
        with self.database.reading() as session:
            return set(session.scalars(wanted))

    def _of_record(
        self, known: AtWork, rows: Sequence[tuple[int, str]]
    ) -> tuple[list[Item], list[ImportEffect]]:
        """Return the items of these rows that came in, and what they did."""
        bad = self._bad_among(known.made.id, rows)
        items = [item for item in _items(known, rows) if item.number not in bad]
        numbers = [number for number, _cells in rows]
        wanted = select(ImportEffect).where(
            ImportEffect.import_id == known.made.id,
            ImportEffect.number.between(min(numbers), max(numbers)),
        )
        last_first = wanted.order_by(ImportEffect.number.desc(), ImportEffect.place.desc())
        with self.database.reading() as session:
            return items, list(session.scalars(last_first))

    def _mark(self, session: Session, made: Import, at_row: int, **changes: object) -> None:
        """Move the mark on, from where it was seen; raises Elsewhere where it has been moved meanwhile."""
        now = self.clock.now()
        seen = (
            Import.state == made.state,
            Import.at_row == made.at_row,
            Import.version == made.version,
        )
        moved = session.execute(
            update(Import)
            .where(Import.id == made.id, *seen)
            .values(at_row=at_row, claimed_by=self.name, claimed_until=now + CLAIM, **changes)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
            raise Elsewhere
        made.at_row = at_row
        announce(session, "imports")

    def _end(self, made: Import, state: State, what: str, **changes: object) -> None:
        with self.database.writing() as session:
            self._mark(
                session, made, made.at_row, state=state, version=Import.version + 1, **changes
            )
            actor = _actor(session, made)
            told: dict[str, Any] = {"rows": made.rows, "bad": made.bad, "applied": made.applied}
            audit.record(
                session, actor, f"import.{what}", "import", made.code, at=self.clock.now(),
                org_id=made.org_id, **told,
            )  # fmt: skip
        self._known.pop(made.id, None)

    def _stop(self, made: Import, error: CryokeepError) -> None:
        """The file cannot be read, or its sender may not do this any more: the import waits for a person."""
        after = {State.CHECKING: State.RECEIVED, State.LOOKING_BACK: State.APPLIED}
        with self.database.writing() as session:
            session.execute(
                update(Import)
                .where(Import.id == made.id, Import.state == made.state)
                .values(
                    state=after.get(State(made.state), State.HALTED), because=said(error),
                    version=Import.version + 1,
                )
            )  # fmt: skip
        self._known.pop(made.id, None)


def _actor(session: Session, made: Import) -> Actor:
    who = made.applied_by_id or made.by_id
    if who is None:
        return Actor.system(made.by_name, door="import")
    person = session.get_one(Person, who)
    actor = person_actor(session, person, "import", made.code)
    return actor if person.active else replace(actor, permissions={})


def _mapped(own: Sequence[Any], mapping: dict[str, int], foreign: Sequence[Any]) -> list[Any]:
    """Return our columns of which the file speaks at all; another system's layout decides for itself."""
    return list(own) if foreign else [column for column in own if column.name in mapping]


def _items(known: AtWork, rows: Sequence[tuple[int, str]]) -> list[Item]:
    decode = msgspec.json.Decoder().decode
    return [item for number, cells in rows for item in known.parser.items(number, decode(cells))]


def _paced(rows: int, took_s: float) -> int:
    """Return how many rows the next step takes, so that it takes about TARGET_S."""
    return int(
        min(max(rows * TARGET_S / max(took_s, 0.001), rows / 4, LEAST_ROWS), rows * 2, MOST_ROWS)
    )


def _keep_problems(session: Session, import_id: int, items: Sequence[Item], step: str) -> None:
    rows = [
        (import_id, item.number, step, one.column, one.found, one.expected,
         json.dumps(dict(one.facts), ensure_ascii=False, default=str))
        for item in items
        for one in item.problems[:MOST_PROBLEMS_A_ROW]
    ]  # fmt: skip
    columns = ("import_id", "number", "step", "field", "found", "expected", "facts")
    bulk.insert_many(session, PROBLEM, columns, rows)


def _keep_effects(session: Session, import_id: int, effects: Sequence[Effect]) -> None:
    rows = [
        (import_id, one.number, one.place, one.act, one.thing_id, one.code, one.version,
         json.dumps(one.before, ensure_ascii=False, default=str))
        for one in effects
    ]  # fmt: skip
    columns = ("import_id", "number", "place", "act", "thing_id", "code", "version", "before")
    bulk.insert_many(session, EFFECT, columns, rows)


def _keep_words(
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


def _forget(session: Session, import_id: int, numbers: Sequence[int]) -> None:
    for model in (ImportEffect, ForeignRow):
        session.execute(
            delete(model).where(
                model.import_id == import_id, model.number.between(min(numbers), max(numbers))
            )
        )
