"""What a worker does by the clock for distribution: it looks first, and writes only where something is due."""

from collections.abc import Callable

from server.core.clock import Clock
from server.core.db import Database
from server.distribution import service

Job = Callable[[Database, Clock], object]


def end_reservations(database: Database, clock: Clock) -> int:
    """Cancel the requests whose vials were reserved until now and that nobody picks."""
    now = clock.now()
    with database.reading() as session:
        if not service.is_any_run_out(session, now):
            return 0
    with database.writing() as session:
        return service.cancel_run_out(session, now)


JOBS: tuple[tuple[str, float, Job], ...] = (("reservations", 60.0, end_reservations),)
"""(name, seconds between two runs, what is run)."""
