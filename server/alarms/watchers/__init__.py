"""Judges that look at more than one reading: each says of its rules whether what they watch for holds now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from server.alarms.watch import Finding
from server.alarms.watchers import (
    boiloff,
    broker,
    calibration,
    drills,
    events,
    forecast,
    path,
    rates,
    silence,
    sites,
    stuck,
    twins,
    usage,
)

Watcher = Callable[[Session, datetime], Sequence[Finding]]
"""Reads only; what it finds is settled by `alarms.jobs`."""

WATCHERS: Final[tuple[tuple[str, float, Watcher], ...]] = (
    ("site power", 2.0, sites.findings),
    ("silence", 2.0, silence.findings),
    ("events", events.EVERY_S, events.findings),
    ("rates", rates.EVERY_S, rates.findings),
    ("broker", 5.0, broker.findings),
    ("path", path.EVERY_S, path.findings),
    ("twins", twins.EVERY_S, twins.findings),
    ("boil-off", boiloff.EVERY_S, boiloff.findings),
    ("usage", usage.EVERY_S, usage.findings),
    ("forecast", forecast.EVERY_S, forecast.findings),
    ("numbers that stand still", stuck.EVERY_S, stuck.findings),
    ("calibrations", calibration.EVERY_S, calibration.findings),
    ("drills", 10.0, drills.findings),
)
"""(name, seconds between two looks, what looks)."""
