"""The only place that reads the time."""

import ctypes
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_TIME_ERROR: Final = 5
"""What adjtimex answers while the kernel's clock is not synchronised."""
_TIMEX_BYTES: Final = 256
_SYNC_FILE = Path("/run/systemd/timesync/synchronized")
_RTC = Path("/sys/class/rtc/rtc0")
_WITH_HARDWARE_CLOCK: Final = frozenset({"x86_64", "AMD64", "i686"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on both clocks: milliseconds since 1970 UTC, and since the process started."""

    wall_ms: int
    mono_ms: int


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> Moment:
        """This instant. `mono_ms` never jumps and starts near 0."""

    def is_set(self) -> bool:
        """Say whether the wall clock has ever been set, so that it may date a row."""

    def offset_ms(self) -> float | None:
        """How far the wall clock is thought to be off, or None when nobody knows."""


class SystemClock:
    """The machine's clocks. Once set, the wall clock counts as set for the life of the process."""

    def __init__(self, *, trusted: bool = False) -> None:
        self._set = trusted
        self._zero_ns = _steady_ns()

    def now(self) -> Moment:
        """This instant on the wall clock and on the one that counts through suspend."""
        return Moment(time.time_ns() // 1_000_000, (_steady_ns() - self._zero_ns) // 1_000_000)

    def is_set(self) -> bool:
        """Trusted, a hardware clock, or the kernel says that it is synchronised."""
        self._set = self._set or _has_hardware_clock() or _is_synchronised()
        return self._set

    def offset_ms(self) -> float | None:
        """The kernel's own estimate, in milliseconds, where it is synchronised."""
        state, offset_us = _adjtimex()
        return None if state in {_TIME_ERROR, -1} else offset_us / 1000


def elapsed_ms(action: Callable[[], object]) -> float:
    """Do something and say how many milliseconds it took."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def steady_ms() -> int:
    """Milliseconds on the clock that never jumps: for ages and waits, never for dates."""
    return _steady_ns() // 1_000_000


def kernel_boot() -> tuple[str, int]:
    """The running kernel's boot id and its age in milliseconds: what outlives a process restart."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        name = ""
    return name, _steady_ns() // 1_000_000


def _steady_ns() -> int:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()


def _has_hardware_clock() -> bool:
    return platform.machine() in _WITH_HARDWARE_CLOCK or _RTC.exists()


def _is_synchronised() -> bool:
    return _SYNC_FILE.exists() or _adjtimex()[0] not in {_TIME_ERROR, -1}


def _adjtimex() -> tuple[int, int]:
    """The kernel's clock state and offset in microseconds; (-1, 0) where it cannot be asked."""
    buffer = (ctypes.c_long * (_TIMEX_BYTES // ctypes.sizeof(ctypes.c_long)))()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(buffer))
    except (OSError, AttributeError):
        return -1, 0
    return int(state), int(buffer[1])
