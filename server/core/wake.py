"""Processes wake each other through the database: a commit in one is seen by the others.

PostgreSQL: LISTEN/NOTIFY on one channel, with a word for what it is about. SQLite: `PRAGMA
data_version`, looked at every 50 ms by one thread per process; it does not tell what was changed.
"""

import sqlite3
import threading
from collections import Counter

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.core.db import Database
from server.core.plain import Plain

CHANNEL = "cryokeep"
LOOK_S = 0.05
_NOTIFY = Plain(text("SELECT pg_notify(:channel, :subject)"))


class Waker:
    """Lets threads of this process wait for the next commit of any process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._changed = threading.Condition()
        self._count = 0
        self._subjects: Counter[str] = Counter()
        self._stop = threading.Event()
        watch = self._watch_sqlite if database.dialect == "sqlite" else self._watch_postgresql
        self._thread = threading.Thread(target=watch, name="waker", daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        """Return how many changes have been seen; hand it to `wait`."""
        return self._count

    def ring(self, subject: str = "") -> None:
        """Wake everybody in this process whom this subject may concern; all, where it is not known."""
        with self._changed:
            self._count += 1
            if subject:
                self._subjects[subject] += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout_s: float, subject: str = "") -> int:
        """Wait until something changed after `seen`, or for the time given; returns the new count.

        With a subject, what is known to be about another one does not count.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._seen(subject) != seen, timeout_s)
            return self._seen(subject)

    def _seen(self, subject: str) -> int:
        if not subject:
            return self._count
        return self._count - self._subjects.total() + self._subjects[subject]

    def stop(self) -> None:
        """End the watching thread."""
        self._stop.set()
        self._thread.join(timeout=2)

    def _watch_sqlite(self) -> None:
        path = str(self.database.url.database)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        last = None
        while not self._stop.is_set():
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            if last is not None and version != last:
                self.ring()
            last = version
            self._stop.wait(LOOK_S)
        connection.close()

    def _watch_postgresql(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except OSError:
                self._stop.wait(1)
            except Exception:  # noqa: BLE001  the driver's errors; the extra may be absent on SQLite
                self._stop.wait(1)
            self.ring()  # what happened while nobody listened is unknown: look

    def _listen(self) -> None:
        import psycopg  # noqa: PLC0415  an extra that only PostgreSQL needs

        url = self.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self.ring()
            while not self._stop.is_set():
                for notice in connection.notifies(timeout=1.0, stop_after=1):
                    self.ring(notice.payload)


def announce(session: Session, subject: str = "") -> None:
    """Wake who waits for the subject when this transaction commits (PostgreSQL; SQLite needs nothing).

    No subject means that it may concern everybody.
    """
    if session.get_bind().dialect.name == "postgresql":
        _NOTIFY.ask(session, channel=CHANNEL, subject=subject)
