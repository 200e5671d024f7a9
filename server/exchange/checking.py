"""A file becomes rows, and the rows are checked; nothing else changes."""

import time
from collections.abc import Callable, Sequence

from server.exchange import pace, staged, staging
from server.exchange.keeping import keep_problems
from server.exchange.marks import Elsewhere, Marks
from server.exchange.meeting import AtWork
from server.exchange.models import Import, ImportRow
from server.exchange.rules import State
from server.exchange.sheets.base import Item
from server.exchange.staged import Staged

_clock = time.perf_counter
CHECK_ROWS = 4000


class Checking:
    """Checks the rows of an import; `go_on` says whether the worker is still to work."""

    def __init__(self, marks: Marks, go_on: Callable[[], bool]) -> None:
        self._marks, self._database, self._clock = marks, marks.database, marks.clock
        self._go_on = go_on

    def step(self, known: AtWork) -> bool:
        """Check some rows; says whether there is more to do at once."""
        made = known.made
        if not made.staged:
            self._stage(made)
        with self._database.reading() as session:
            rows = staged.rows(session, made.id, ImportRow.number > made.at_row, CHECK_ROWS)
        if not rows:
            self._marks.end(made, State.CHECKED, "checked", checked_at=self._clock.now())
            return False
        done, items = self._checked(known, rows)
        bad = [item for item in items if item.problems]
        with self._database.writing() as session:
            keep_problems(session, made.id, bad, "in")
            count = made.bad + len({one.number for one in bad})
            self._marks.move(session, made, done[-1][0], bad=count)
        made.bad = count
        return True

    def _checked(
        self, known: AtWork, rows: Sequence[Staged]
    ) -> tuple[Sequence[Staged], list[Item]]:
        """Check these rows, or the first of them where their verbs must be tried; returns which."""
        items = staged.items(known.parser, rows)
        if not known.work.rehearses(items):
            with self._database.reading() as session:
                known.work.check(session, items, self._clock.now())
            return rows, items
        rows = rows[: known.rows_at_once]
        items, began = staged.items(known.parser, rows), _clock()
        with self._database.writer() as session:
            known.work.check(session, items, self._clock.now())
            session.rollback()
        known.rows_at_once = pace.paced(len(rows), _clock() - began)
        return rows, items

    def _stage(self, made: Import) -> None:
        with self._database.writing() as session:
            self._marks.move(session, made, made.at_row)  # the claim
        count = staging.stage(self._database, made, lambda: self._still(made))
        if count is None:
            raise Elsewhere
        with self._database.writing() as session:
            self._marks.move(session, made, 0, staged=True, rows=count)
        made.rows, made.staged = count, True

    def _still(self, made: Import) -> bool:
        """Say whether to go on, and renew the claim: staging is many transactions of one step."""
        with self._database.writing() as session:
            self._marks.move(session, made, made.at_row)
        return self._go_on()
