"""A process beside the worker makes the parts of a large import: one ahead of the one that is written.

Python checks one row at a time, and a database writes one transaction at a time; two threads of one
interpreter would wait for each other at every answer of the database, and alarms for both.
"""

import gc
import logging
import multiprocessing
import os
from contextlib import suppress
from multiprocessing.connection import Connection

from server.core.clock import SystemClock
from server.core.db import Database
from server.exchange.ahead import Ahead, Part

log = logging.getLogger(__name__)

NICE = 5
"""Alarms come first."""
_UP, _FORGET = "up", "forget"
_LOST = (EOFError, OSError)


class Beside:
    """Gives the parts of one import: those of the process once it is up, else those made here."""

    def __init__(self, database: Database, import_id: int, here: Ahead) -> None:
        self._here, self._up, self._asked = here, False, -1
        context = multiprocessing.get_context("spawn")
        self._line, other = context.Pipe()
        url = database.url.render_as_string(hide_password=False)
        self._process = context.Process(target=serve, args=(url, import_id, other), daemon=True)
        self._process.start()
        other.close()

    def take(self, after: int, most: int) -> Part | None:
        """Return the part that begins after this row, and let the one behind it be made."""
        try:
            if not self._is_up():
                return self._here.take(after, most)
            if self._asked != after:
                self._drain()
                self._ask(after, most)
            part = self._given()
            if part is not None:
                self._ask(part.through, most)
        except _LOST:
            log.warning("the process beside the worker is gone; rows are prepared here")
            self.close()
            return self._here.take(after, most)
        return part

    def again(self, part: Part) -> Part:
        """Return a part as it stands in the file, and forget all that was prepared."""
        self.forget()
        return self._here.again(part)

    def forget(self) -> None:
        """Let go of what was prepared."""
        self._here.forget()
        try:
            self._drain()
            if self._up:
                self._line.send(_FORGET)
        except _LOST:
            self.close()

    def close(self) -> None:
        """End the process."""
        self._up, self._asked = False, -1
        self._line.close()
        self._process.terminate()

    def _is_up(self) -> bool:
        if not self._up and not self._line.closed and self._line.poll():
            self._up = self._line.recv() == _UP
            self._here.forget()
        return self._up

    def _ask(self, after: int, most: int) -> None:
        self._line.send((after, most))
        self._asked = after

    def _drain(self) -> None:
        if self._asked >= 0:
            self._given()

    def _given(self) -> Part | None:
        self._asked = -1
        found = self._line.recv()
        if isinstance(found, Part) or found is None:
            return found
        raise EOFError(found)


def serve(url: str, import_id: int, line: Connection) -> None:
    """Make the parts that are asked for, until nobody asks any more."""
    from server.exchange.meeting import meet  # noqa: PLC0415  a module above this one

    os.nice(NICE)
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    database = Database(url, pool_size=2)
    with suppress(*_LOST, KeyboardInterrupt):
        here = meet(database, SystemClock(), import_id).here
        line.send(_UP)
        while True:
            asked = line.recv()
            if asked == _FORGET:
                here.forget()
            else:
                part = here.take(*asked)
                line.send(part and here.for_sending(part))
    database.close()
