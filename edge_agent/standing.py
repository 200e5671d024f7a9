"""What of the agent's own alarms outlives a restart: which ones stand, since when, and who has answered.

A small file, written only when one of them changes, after the event that tells of it is spooled: a
restart in between rings once more rather than never. Times are of the clock that never jumps.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from edge_agent.clock import Moment, kernel_boot
from edge_agent.control import files
from edge_agent.wire.limits import Phase

_LOG = logging.getLogger(__name__)
ALARM = tuple[str, str, str, float | None]
"""(stream, channel, kind of limit, limit)."""
RETRY_MS: Final = 60_000
_KEPT: Final = ("active", "pending")


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that is raised (`active`) or whose delay runs (`pending`)."""

    stream: str
    channel: str
    kind: str
    value: float | None
    phase: Phase
    since_ms: int
    acknowledged: bool = False

    @property
    def alarm(self) -> ALARM:
        """Which one it is."""
        return self.stream, self.channel, self.kind, self.value


class Memory:
    """The file. A disk that does not take it is tried again each minute; the alarm itself needs no disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: Sequence[Standing] = ()
        self._again_ms = 0

    def recall(self, now: Moment, *, clock_is_set: bool) -> list[Standing]:
        """What stood when the agent ended, on the present scale; nothing where no file can be read.

        Under another start of the kernel the wall clock says how long ago that was, if it is set; else
        everything counts from now, and nothing began later than that.
        """
        try:
            said = json.loads(self._path.read_text("utf-8"))
            by_ms = _later_ms(said, now, clock_is_set=clock_is_set)
            found = [Standing(**one) for one in said["standing"] if one["phase"] in _KEPT]
            self._kept = [replace(a, since_ms=min(a.since_ms - by_ms, now.mono_ms)) for a in found]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError) as error:
            _LOG.error("which alarms stood cannot be read: %s", error)
            return []
        return list(self._kept)

    def keep(self, standing: Sequence[Standing], now: Moment, *, clock_is_set: bool) -> None:
        """Write what stands, if it is not what was written last."""
        if list(standing) == list(self._kept) or now.mono_ms < self._again_ms:
            return
        kernel, age_ms = kernel_boot()
        said = {
            "kernel": kernel,
            "zero_age_ms": age_ms - now.mono_ms,
            "zero_wall_ms": now.wall_ms - now.mono_ms if clock_is_set else None,
            "standing": [asdict(one) for one in standing],
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.put(self._path, json.dumps(said))
        except OSError as error:
            _LOG.error("which alarms stand cannot be kept: %s", error)
            self._again_ms = now.mono_ms + RETRY_MS
            return
        self._kept = list(standing)


def _later_ms(said: dict[str, Any], now: Moment, *, clock_is_set: bool) -> int:
    """How many milliseconds after the zero of the file the present zero is."""
    kernel, age_ms = kernel_boot()
    if kernel and said["kernel"] == kernel:
        return int(age_ms - now.mono_ms - said["zero_age_ms"])
    if clock_is_set and said["zero_wall_ms"] is not None:
        return int(now.wall_ms - now.mono_ms - said["zero_wall_ms"])
    return 0
