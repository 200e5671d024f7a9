"""Judges that look at more than one reading: each says of its rules whether what they watch for holds now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from server.alarms.watch import Finding
from server.alarms.watchers import broker, drills, events, rates, silence, sites

Watcher = Callable[[Session, datetime], Sequence[Finding]]
"""Reads only; what it finds is settled by `alarms.jobs`."""

WATCHERS: Final[tuple[tuple[str, float, Watcher], ...]] = (
    ("site power", 2.0, sites.findings),
    ("silence", 2.0, silence.findings),
    ("events", events.EVERY_S, events.findings),
    ("rates", rates.EVERY_S, rates.findings),
    ("broker", 5.0, broker.findings),
    ("drills", 10.0, drills.findings),
)
"""(name, seconds between two looks, what looks)."""
