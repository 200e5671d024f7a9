"""The thread in which a worker process takes imports through their steps."""

import logging
import os
import socket
import threading
from secrets import token_hex

from sqlalchemy.exc import SQLAlchemyError

from server.core.clock import Clock
from server.core.db import Database
from server.core.wake import Waker
from server.exchange import staging
from server.exchange.steps import Worker

log = logging.getLogger(__name__)

LOOK_S = 0.25
BREATH_S = 0.003
"""Between two steps, so that whoever waits for the database or the interpreter comes first."""
FORGET_S = 60.0


class Importer:
    """Begins with the worker and ends with it; what it leaves half done, the next one goes on with."""

    def __init__(self, database: Database, clock: Clock, waker: Waker | None) -> None:
        self._database, self._clock, self._waker = database, clock, waker
        self._stop = threading.Event()
        name = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._worker = Worker(database, clock, name, lambda: not self._stop.is_set(), beside=True)
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)

    def start(self) -> None:
        """Begin to look for imports."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Finish the step under way, and end."""
        self._stop.set()
        if self._waker is not None:
            self._waker.ring()
        self._thread.join(timeout_s)
        self._worker.close()

    def _run(self) -> None:
        waits_s, forgot_s = 0.0, FORGET_S
        while not self._stop.is_set():
            try:
                worked = self._worker.step()
                waits_s = 0.0
            except (
                Exception
            ) as error:  # what it was is in the log; the next import must not wait for ever
                log.exception("import step failed", extra={"reason": str(error)[:300]})
                worked, waits_s = False, min(max(waits_s * 2, 0.5), 10.0)
            if worked:
                self._stop.wait(BREATH_S)
                continue
            forgot_s = self._forget(forgot_s)
            self._wait(max(waits_s, LOOK_S))

    def _wait(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _forget(self, since_s: float) -> float:
        """Now and then let go of files that nobody needs any more."""
        if since_s < FORGET_S:
            return since_s + LOOK_S
        try:
            staging.forget_files(self._database, self._clock)
        except SQLAlchemyError:
            log.exception("files of imports could not be dropped")
        return 0.0
