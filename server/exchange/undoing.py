"""An import is taken back: first it is tried whether every row can be, then part by part, the last rows first."""

import time
from collections.abc import Sequence

from sqlalchemy.orm import Session

from server.core.errors import Refusal
from server.core.words import N_n
from server.exchange import pace, staged
from server.exchange.keeping import forget, keep_problems
from server.exchange.marks import Marks
from server.exchange.meeting import AtWork
from server.exchange.models import Import, ImportEffect, ImportRow
from server.exchange.rules import State
from server.exchange.service.imports import said
from server.exchange.sheets.base import Item
from server.exchange.staged import Staged

_clock = time.perf_counter
NOT_BACK = N_n(
    "1 row cannot be taken back: row %(row)s. Nothing was taken back.",
    "%(count)s rows cannot be taken back; the first is row %(row)s. Nothing was taken back.",
    "count",
)
STUCK = N_n(
    "1 row could not be taken back: row %(row)s.",
    "%(count)s rows could not be taken back; the first is row %(row)s.",
    "count",
)


class Stuck(Exception):
    """Some rows cannot be taken back, so that none of their step is."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        super().__init__()


class Undoing:
    """Takes an import back."""

    def __init__(self, marks: Marks) -> None:
        self._marks, self._database, self._clock = marks, marks.database, marks.clock

    def look_back(self, known: AtWork) -> bool:
        """Try whether some rows can be taken back, and keep nothing of it; says whether to go on at once."""
        made = known.made
        here = ImportRow.number.between(made.at_row + 1, made.through)
        with self._database.reading() as session:
            rows = staged.rows(session, made.id, here, known.rows_at_once)
        if not rows:
            self._looked_back(known)
            return False
        items, effects = self._of_record(known, rows)
        tries = known.work.rehearses_back(effects)
        opened, began = self._database.writer() if tries else self._database.reader(), _clock()
        with opened as session:
            known.stuck += known.work.look_back(session, items, effects, self._clock.now())
            session.rollback()
        known.rows_at_once = pace.paced(len(rows), _clock() - began)
        with self._database.writing() as session:
            self._marks.move(session, made, rows[-1][0])
        return True

    def _looked_back(self, known: AtWork) -> None:
        made, stuck = known.made, known.stuck
        with self._database.writing() as session:
            if not stuck:
                changes = {"state": State.TAKING_BACK}
                self._marks.move(
                    session, made, made.through + 1, version=Import.version + 1, **changes
                )
                return
            keep_problems(session, made.id, stuck, "back")
            why = Refusal("not_back", NOT_BACK, {"count": len(stuck), "row": stuck[0].number})
            done = made.applied_at is not None
            self._marks.move(
                session, made, made.through, state=State.APPLIED if done else State.HALTED,
                because=said(why), version=Import.version + 1,
            )  # fmt: skip

    def take_back(self, known: AtWork) -> bool:
        """Take some rows back; says whether there is more to do at once."""
        made = known.made
        here = ImportRow.number < made.at_row
        with self._database.reading() as session:
            rows = staged.rows(session, made.id, here, known.rows_at_once, backward=True)
        if not rows:
            self._marks.end(made, State.TAKEN_BACK, "taken_back", taken_back_at=self._clock.now())
            return False
        items, effects = self._of_record(known, rows)
        numbers, began = [number for number, _cells in rows], _clock()
        left = made.applied - len({item.number for item in items})
        try:
            with self._marks.working() as session:
                self._undo(session, known, items, effects)
                forget(session, made.id, numbers)
                self._marks.move(session, made, numbers[-1], applied=left, through=numbers[-1] - 1)
        except Stuck as error:
            self._halt(made, error.items)
            return False
        known.rows_at_once = pace.paced(len(rows), _clock() - began)
        made.applied, made.through = left, numbers[-1] - 1
        return True

    def _undo(
        self, session: Session, known: AtWork, items: Sequence[Item], effects: Sequence[ImportEffect]
    ) -> None:  # fmt: skip
        if stuck := known.work.take_back(session, items, effects, self._clock.now()):
            raise Stuck(stuck)

    def _halt(self, made: Import, stuck: Sequence[Item]) -> None:
        why = Refusal("stuck", STUCK, {"count": len(stuck), "row": stuck[0].number})
        with self._database.writing() as session:
            keep_problems(session, made.id, stuck, "back")
            self._marks.move(
                session, made, made.at_row, state=State.HALTED, because=said(why),
                version=Import.version + 1,
            )  # fmt: skip

    def _of_record(
        self, known: AtWork, rows: Sequence[Staged]
    ) -> tuple[list[Item], list[ImportEffect]]:
        """Return the items of these rows that came in, and what they did."""
        with self._database.reading() as session:
            bad = staged.bad_among(session, known.made.id, rows)
            effects = staged.effects(session, known.made.id, rows)
        return [
            item for item in staged.items(known.parser, rows) if item.number not in bad
        ], effects
