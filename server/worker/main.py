"""The worker process: ingest loop, outbox, jobs. One function puts them together and takes them apart."""

import gc
import logging
import sys
import threading

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.alarms.watchers import path_house
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.settings import Settings
from server.core.wake import Waker
from server.exchange import calling
from server.exchange.importer import Importer
from server.handling.labels.printing import CHANNEL, PrinterCarrier
from server.outbox.sender import Sender
from server.telemetry.broker_plan import choose
from server.worker import heartbeat, jobs, sending
from server.worker.ingest import Desk
from server.worker.loop import Loop

_LOG = logging.getLogger(__name__)
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until `stop` is set, then end within two seconds.

    A database or broker that is not there is waited for, at the start and later.
    """
    tune()
    database, clock = Database(settings.database), SystemClock()
    if not _wait_for(database, stop):
        return
    path_house.know(database, settings)
    waker = Waker(database)
    sender = Sender(database, settings, waker, clock)
    sender.add_channel(CHANNEL, PrinterCarrier)
    sender.add_channel(calling.CHANNEL, lambda: calling.carrier(database, settings, clock))
    desk = Desk(database, clock, settings.topic_prefix)
    loop = Loop(desk, choose(settings).address(), stop)
    rows = [
        *jobs.table(settings.home),
        (
            "heartbeat",
            heartbeat.EVERY_S,
            lambda db, clock: heartbeat.ping(db, clock, settings.ping_url),
        ),
        *sending.jobs(settings.topic_prefix, settings.home, loop.outgoing.put),
    ]
    clockwork = jobs.Clockwork(database, clock, rows, lambda: loop.connected, lambda: loop.refusal)
    importer = Importer(database, clock, waker)
    sender.start()
    clockwork.start()
    importer.start()
    try:
        loop.run()
    finally:
        clockwork.stop()
        importer.stop()
        sender.stop(timeout_s=1.0)
        waker.stop()
        database.close()


def tune() -> None:
    """Let the ingest path run: seldom look for cycles, and give other threads their turn at once.

    Messages become many small lists and no cycles; with the usual thresholds the collector costs more
    than all decoding. With the usual 5 ms a letter would wait for the interpreter at each of its steps.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    sys.setswitchinterval(0.0001)


def _wait_for(database: Database, stop: threading.Event) -> bool:
    """Return True when the database answers, False when stopped before that."""
    wait_s = _FIRST_WAIT_S
    while not stop.is_set():
        try:
            with database.reading() as session:
                session.execute(text("SELECT 1 FROM worker_beat LIMIT 1"))
        except SQLAlchemyError as error:
            _LOG.error("database not available", extra={"reason": str(error)[:300]})
            stop.wait(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
        else:
            return True
    return False
