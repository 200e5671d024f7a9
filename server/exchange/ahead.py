"""The rows that come next are read and checked before their transaction, here or in a process beside.

What is found so is only a preparation: in the transaction that writes them everything on which it
rests is looked at again, and where any of that has changed the rows are checked anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy.orm import Session

from server.core.clock import Clock
from server.core.db import Database
from server.exchange import staged
from server.exchange.layouts.base import Parser
from server.exchange.models import ImportRow
from server.exchange.sheets.base import Item, Work
from server.exchange.staged import Staged

AT_ONCE = 6000
"""So many rows are read ahead: they never change."""


@dataclass
class Part:
    """Rows that are brought in by one step: those after one row, and through another."""

    after: int
    through: int
    rows: Sequence[Staged]
    items: Sequence[Item]
    """The things of those that are to come in."""
    size: int
    """How many rows there are."""
    coming: int
    """How many of them come in."""
    ready: Any
    """What the sheet has prepared; None where they have to be checked in the step itself."""


class Parts(Protocol):
    """Gives the parts of one import in their order."""

    def take(self, after: int, most: int) -> Part | None:
        """Return the part that begins after this row, of so many rows at most; None at the end."""

    def again(self, part: Part) -> Part:
        """Return a part as it stands in the file, and forget all that was prepared."""

    def forget(self) -> None:
        """Let go of what was prepared: things have turned out otherwise."""

    def close(self) -> None:
        """End it; nothing is taken any more."""


class Ahead:
    """Makes the parts of one import."""

    def __init__(
        self, database: Database, clock: Clock, import_id: int, parser: Parser, work: Work
    ) -> None:
        self._database, self._clock = database, clock
        self._import_id, self._parser, self._work = import_id, parser, work
        self._rows: list[Staged] = []
        self._bad: set[int] = set()

    def take(self, after: int, most: int) -> Part | None:
        """Return the part that begins after this row."""
        self._read(after)
        rows, self._rows = self._rows[:most], self._rows[most:]
        if not rows:
            return None
        part = self._part(after, rows, self._bad)
        if part.items:
            with self._looking() as session:
                part.ready = self._work.prepare(session, part.items, self._clock.now())
        return part

    def again(self, part: Part) -> Part:
        """Return a part as it stands in the file, and forget all that was prepared."""
        self.forget()
        here = ImportRow.number.between(part.after + 1, part.through)
        with self._database.reading() as session:
            rows = staged.rows(session, self._import_id, here, part.size)
            bad = staged.bad_among(session, self._import_id, rows)
        return self._part(part.after, rows, bad)

    def forget(self) -> None:
        """Let go of what was prepared."""
        self._rows = []
        self._work.unprepare()

    def close(self) -> None:
        """There is nothing to end."""

    def for_sending(self, part: Part) -> Part:
        """Return the part without what only the check needed: other systems' words are kept with their things."""
        if self._parser.layout.convert is None:
            return replace(part, rows=(), items=())
        return replace(part, items=[replace(item, found=None) for item in part.items])

    def _looking(self) -> Session:
        """Return a session to prepare in; PostgreSQL's readers may not even take ids from a sequence."""
        if self._database.dialect == "postgresql":
            return self._database.writer()
        return self._database.reader()

    def _part(self, after: int, rows: Sequence[Staged], bad: set[int]) -> Part:
        items = [item for item in staged.items(self._parser, rows) if item.number not in bad]
        coming = len({item.number for item in items})
        return Part(after, rows[-1][0], rows, items, len(rows), coming, None)

    def _read(self, after: int) -> None:
        if self._rows and self._rows[0][0] > after:
            return
        with self._database.reading() as session:
            here = ImportRow.number > after
            self._rows = staged.rows(session, self._import_id, here, AT_ONCE)
            self._bad = staged.bad_among(session, self._import_id, self._rows)
