"""What the worker does for telemetry by the clock; each job looks first and writes in short transactions."""

from collections.abc import Callable, Sequence

from server.core.clock import Clock
from server.core.db import Database
from server.telemetry import late, log_work, rollups, six_hours, thinning

Job = Callable[[Database, Clock], object]


def _roll(database: Database, clock: Clock) -> int:
    return rollups.roll(database, clock.now())


def _make_six_hours(database: Database, _clock: Clock) -> int:
    return six_hours.make_due(database)


def _remake_old(database: Database, clock: Clock) -> int:
    return rollups.remake_old(database, clock.now())


def _thin(database: Database, clock: Clock) -> int:
    return thinning.thin(database, clock.now())


def _forget_late(database: Database, clock: Clock) -> None:
    late.forget(database, clock.now())


JOBS: Sequence[tuple[str, float, Job]] = (
    ("figures of minutes and hours", 30.0, _roll),
    ("figures of six hours", 20.0, _make_six_hours),
    ("figures of an earlier version", 60.0, _remake_old),
    ("controllers' logs", 2.0, log_work.work),
    ("thinning of old readings", 300.0, _thin),
    ("old notes of late readings", 3600.0, _forget_late),
)
"""(name, seconds between two runs, what is run)"""
