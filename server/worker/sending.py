"""What is new for agents leaves at once; what stays unanswered is sent again at their heartbeats."""

from collections.abc import Callable
from pathlib import Path

from server.core.clock import Clock
from server.core.db import Database
from server.telemetry import catalogues, orders
from server.telemetry.record import Answer
from server.worker.jobs import Row

LOOK_S = 1.0
EXPIRE_S = 30.0
ASK_S = 10.0


def jobs(prefix: str, home: Path, publish: Callable[[Answer], object]) -> list[Row]:
    """Return the jobs that hand new configurations and commands to `publish`, and end expired ones.

    One of them asks for catalogues that are not known; `home` holds the key that signs.
    """

    def send(database: Database, clock: Clock) -> int:
        with database.reading() as session:
            if not orders.is_any_new(session):
                return 0
        with database.writing() as session:
            due = orders.due(session, now=clock.now(), prefix=prefix)
        for one in due:  # committed: sent_at stands before anything leaves
            publish(Answer(one.topic, one.payload))
        return len(due)

    def expire(database: Database, clock: Clock) -> int:
        with database.writing() as session:
            return orders.expire(session, now=clock.now())

    def ask(database: Database, clock: Clock) -> int:
        with database.reading() as session:
            if not catalogues.unknown(session, now=clock.now()):
                return 0
        with database.writing() as session:
            return catalogues.ask(session, home, now=clock.now())

    return [
        ("orders for agents", LOOK_S, send),
        ("expired orders", EXPIRE_S, expire),
        ("unknown catalogues", ASK_S, ask),
    ]
