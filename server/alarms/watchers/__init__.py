"""Judges that look at more than one reading: each says of its rules whether what they watch for holds now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from server.alarms.watch import Finding

Watcher = Callable[[Session, datetime], Sequence[Finding]]
"""Reads only; what it finds is settled by `alarms.jobs`."""

WATCHERS: Final[tuple[tuple[str, float, Watcher], ...]] = ()
"""(name, seconds between two looks, what looks)."""
