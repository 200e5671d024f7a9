"""What the pages' process does while no worker lives: it says so, and sends what alarms have to tell by itself.

A dead worker writes no letter. After two minutes without a sign of life this process raises *alarm path off*,
tells the next steps of calls, and carries the letters; it stops as soon as a worker lives again.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from server.alarms import jobs, watch
from server.alarms.watchers import path
from server.core.clock import Clock
from server.core.db import Database
from server.core.settings import Settings
from server.outbox.sender import Sender
from server.telemetry.models import WorkerBeat

_LOG = logging.getLogger(__name__)
LOOK_S: Final = 10.0
DEAD_AFTER_S: Final = 120.0


class Guard:
    """Looks at the worker's sign of life; times are this process's own, so that no clock that jumps deceives it."""

    def __init__(
        self, database: Database, settings: Settings, clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._database, self._settings, self._clock = database, settings, clock
        self._monotonic = monotonic
        self._beats: object = None
        self._alive_at = monotonic()
        self._sender: Sender | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        threading.Thread(target=self._run, name="worker guard", daemon=True).start()

    def stop(self) -> None:
        """Look no more, and give back what was to be sent."""
        self._stop.set()
        self._stand_down()

    def look(self) -> bool:
        """Look once and do what is due; says whether the worker is dead."""
        with self._database.reading() as session:
            beats = session.execute(
                select(WorkerBeat.name, WorkerBeat.at).order_by(WorkerBeat.name)
            ).all()
        if beats and beats != self._beats:
            self._beats, self._alive_at = beats, self._monotonic()
        dead = self._monotonic() - self._alive_at > DEAD_AFTER_S
        if dead:
            self._stand_in()
        else:
            self._stand_down()
        return dead

    def _stand_in(self) -> None:
        if self._sender is None:
            _LOG.error("no worker lives: this process sends the letters of alarms")
            self._sender = Sender(self._database, self._settings, None, self._clock)
            self._sender.start()
        now = self._clock.now()
        with self._database.writing() as session:
            found = path.of_rules(session, path.rules(session, "worker"), now)
            watch.settle(session, found, now=now)
        jobs.tell_managers(self._database, self._clock)
        jobs.escalate(self._database, self._clock)

    def _stand_down(self) -> None:
        if self._sender is not None:
            self._sender.stop()
            self._sender = None

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self.look()
            except SQLAlchemyError:
                _LOG.exception("the worker's sign of life could not be looked at")
