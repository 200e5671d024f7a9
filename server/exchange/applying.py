"""Rows are brought in, a part in each transaction."""

import logging
import time
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError, OperationalError

from server.core.errors import Refusal
from server.core.words import N_
from server.exchange import pace
from server.exchange.ahead import Part
from server.exchange.keeping import keep_effects, keep_problems, keep_words
from server.exchange.marks import Marks
from server.exchange.meeting import AtWork
from server.exchange.models import Import
from server.exchange.rules import ALL, State
from server.exchange.service.imports import said
from server.exchange.sheets.base import Changed, Item

log = logging.getLogger(__name__)
_clock = time.perf_counter

RACED = Refusal(
    "raced",
    N_(
        "Row %(row)s was right when it was checked, and is refused now. All or nothing was chosen,"
        " so what had been applied is taken back. Check the file again."
    ),
)
DISAGREES = N_("what agrees with the rest of the record; the database has refused this row")


class Raced(Exception):
    """A row that was right when it was checked is refused as things stand now."""

    def __init__(self, bad: Sequence[Item]) -> None:
        self.bad = bad
        super().__init__()


class Applying:
    """Brings the rows of an import in."""

    def __init__(self, marks: Marks) -> None:
        self._marks, self._database, self._clock = marks, marks.database, marks.clock

    def step(self, known: AtWork) -> bool:
        """Bring some rows in; says whether there is more to do at once."""
        made = known.made
        part = known.parts.take(made.at_row, known.rows_at_once)
        if part is None:
            self._marks.end(made, State.APPLIED, "applied", applied_at=self._clock.now())
            return False
        try:
            self._bring_in(known, part)
        except Raced as raced:
            self._turn_back(made, raced.bad)
            return False
        except (IntegrityError, OperationalError) as error:
            return self._tried_in_vain(known, part, error)
        return True

    def _bring_in(self, known: AtWork, part: Part) -> None:
        """Write what was prepared, if it still stands; else check the rows where nobody can come between."""
        began = _clock()
        if part.ready is None:
            self._write(known, known.parts.again(part))
        else:
            try:
                self._write(known, part)
            except (Changed, IntegrityError) as error:
                log.info("rows of an import are checked again", extra={"why": str(error)[:200]})
                self._write(known, known.parts.again(part))
        known.rows_at_once = pace.paced(part.size, _clock() - began)

    def _write(self, known: AtWork, part: Part) -> None:
        made, work = known.made, known.work
        with self._marks.working() as session:
            now = self._clock.now()
            if part.ready is not None:
                effects = work.apply_prepared(session, part.ready, now)
            else:
                effects = work.apply(session, part.items, now)
            wrong = [item for item in part.items if item.problems]
            if wrong and made.mode == ALL:
                raise Raced(wrong)
            bad = len({one.number for one in wrong})
            keep_problems(session, made.id, wrong, "in")
            keep_effects(session, made.id, effects)
            keep_words(session, known, part.items, part.rows, effects)
            came = {
                "through": part.through, "applied": made.applied + part.coming - bad, "bad": made.bad + bad,
            }  # fmt: skip
            self._marks.move(session, made, part.through, **came)
        for name, value in came.items():
            setattr(made, name, value)

    def _tried_in_vain(self, known: AtWork, part: Part, error: Exception) -> bool:
        """The database itself has refused these rows: take fewer, until the one that it means is found."""
        if isinstance(error, OperationalError) and part.size <= pace.LEAST_ROWS:
            known.parts.forget()
            raise error
        log.warning(
            "rows of an import refused", extra={"import": known.made.code, "why": str(error)[:300]}
        )
        part = known.parts.again(part)
        if part.size > 1:
            known.rows_at_once = max(1, part.size // 8)
            return True
        for item in part.items:
            item.expect("", DISAGREES)
        if known.made.mode == ALL:
            self._turn_back(known.made, part.items)
            return False
        with self._database.writing() as session:
            keep_problems(session, known.made.id, part.items, "in")
            bad = known.made.bad + len(part.items)
            self._marks.move(session, known.made, part.through, through=part.through, bad=bad)
        known.made.through, known.made.bad = part.through, bad
        known.rows_at_once = pace.FIRST_ROWS
        return True

    def _turn_back(self, made: Import, bad: Sequence[Item]) -> None:
        """All or nothing, and not all can be: what was applied so far is taken back."""
        why = Refusal(RACED.code, RACED.because, {"row": bad[0].number})
        with self._database.writing() as session:
            keep_problems(session, made.id, bad, "in")
            self._marks.move(
                session, made, made.through + 1, state=State.TAKING_BACK, because=said(why),
                bad=made.bad + len(bad), version=Import.version + 1,
            )  # fmt: skip
