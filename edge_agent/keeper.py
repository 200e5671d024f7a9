"""Puts rows into the spool, and keeps them in memory while the disk will not take them."""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from edge_agent.clock import Moment
from edge_agent.rows import NewRow, event_row
from edge_agent.spool import Spool, SpoolError
from edge_agent.wire.messages import Clk

_LOG = logging.getLogger(__name__)
KEPT_IN_MEMORY: Final = 100_000
RETRY_MS: Final = 1_000


class Keeper:
    """The way into the spool. Rows that could not be written go in, in order, as soon as they can."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._unwritten: deque[NewRow] = deque()
        self._trouble_ms: int | None = None
        self._lost = 0

    def keep(
        self, rows: Iterable[NewRow], now: Moment, clk: Clk, *, dates: Sequence[str] = ()
    ) -> bool:
        """Write the rows durably; say whether they are on the disk."""
        for row in rows:
            if len(self._unwritten) >= KEPT_IN_MEMORY:
                self._drop_oldest_reading()
            self._unwritten.append(row)
        if not self._unwritten or self._waits(now):
            return not self._unwritten
        try:
            self._spool.add([*self._unwritten, *self._confession(now, clk)], dates=dates)
        except SpoolError as error:
            self._trouble(error, now)
            return False
        self._unwritten.clear()
        self._trouble_ms, self._lost = None, 0
        return True

    @property
    def unwritten(self) -> int:
        """How many rows are in memory only."""
        return len(self._unwritten)

    @property
    def takes_rows(self) -> bool:
        """Whether a row that comes now is kept without another being given up."""
        return len(self._unwritten) < KEPT_IN_MEMORY

    def _drop_oldest_reading(self) -> None:
        """Give up the oldest reading of no alarm's time; an event goes only when there is nothing else."""
        at = next(
            (n for n, row in enumerate(self._unwritten) if row.event is None and not row.keep), 0
        )
        del self._unwritten[at]
        self._lost += 1

    def _waits(self, now: Moment) -> bool:
        return self._trouble_ms is not None and now.mono_ms - self._trouble_ms < RETRY_MS

    def _trouble(self, error: SpoolError, now: Moment) -> None:
        if self._trouble_ms is None:
            _LOG.error("%s; rows are kept in memory until it can", error)
        self._trouble_ms = now.mono_ms

    def _confession(self, now: Moment, clk: Clk) -> list[NewRow]:
        """After trouble, the event that says so."""
        if self._trouble_ms is None:
            return []
        at_ms = now.wall_ms if clk.s else now.mono_ms
        return [
            event_row(at_ms, clk, "spool_trouble", waited=len(self._unwritten), lost=self._lost)
        ]
