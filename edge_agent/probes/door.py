"""A lid's or door's contact on an input pin: debounced, and doubted when it chatters or never moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.buses.gpio import GpioLine, GpiozeroLine
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import Finding, Found, Rhythm, read_channel, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

_EVERY_S: Final = 0.05
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """One contact. `stuck_ms` 0 trusts a contact that never moves."""

    pin: int
    rhythm: Rhythm
    channel: str = "lid_open"
    pull: str = "up"
    open_when: str = "high"
    settle_ms: int = 100
    chatter_ms: int = 5_000
    stuck_ms: int = 0

    needs = ("gpiozero",)

    @property
    def sole(self) -> str:
        """What no second probe may hang on."""
        return f"pin {self.pin}"

    @property
    def channels(self) -> tuple[str, ...]:
        """1 while open, 0 while closed."""
        return (self.channel,)

    def make(self) -> Aside:
        """The probe. Its device is made once: it remembers how the contact stood."""
        device = Door(self, lambda: GpiozeroLine(self.pin, self.pull))
        return Aside(self.channels, lambda: device, self.rhythm)


def read_settings(table: Table) -> DoorSettings:
    """The settings of driver = "door"."""
    return DoorSettings(
        pin=round(table.number("pin", None, low=0, high=27)),
        rhythm=read_rhythm(table, _EVERY_S),
        channel=read_channel(table, "lid_open"),
        pull=table.text("pull", "up", choices=("up", "down", "none")),
        open_when=table.text("open_when", "high", choices=("high", "low")),
        settle_ms=round(table.number("settle_s", 0.1, low=0, high=10) * 1000),
        chatter_ms=round(table.number("chatter_s", 5.0, low=0.1, high=600) * 1000),
        stuck_ms=round(table.number("stuck_after_days", 0.0, low=0, high=365) * _DAY_S * 1000),
    )


class Door:
    """The contact's state. Its level counts when it has held for `settle_ms`.

    The pin is taken when it is first read, and anew after a failure: a lid that was closed meanwhile is told.
    """

    def __init__(self, settings: DoorSettings, opened: Callable[[], GpioLine]) -> None:
        self._settings, self._opened = settings, opened
        self._line: GpioLine | None = None
        self._is_open: bool | None = None
        self._seen = False
        self._seen_ms = 0
        self._steady_ms = 0
        self._moved_ms = 0

    def read(self, now_ms: int) -> Finding:
        """Open or closed, and the event when that changed, at the time when the contact moved."""
        self._line = self._line or self._opened()
        seen = self._line.level() == (self._settings.open_when == "high")
        if self._is_open is None:
            return self._began(seen, now_ms)
        if seen != self._seen:
            self._seen, self._seen_ms = seen, now_ms
        held_ms = now_ms - self._seen_ms
        events: tuple[Mapping[str, Any], ...] = ()
        if held_ms >= self._settings.settle_ms:
            self._steady_ms = now_ms
            if seen != self._is_open:
                self._is_open, self._moved_ms = seen, self._seen_ms
                events = (_event(seen, held_ms),)
        return Finding((self._found(now_ms),), events)

    def close(self) -> None:
        """Give the pin back; how the contact stood is remembered."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _began(self, is_open: bool, now_ms: int) -> Finding:
        """The first look: what it shows holds until it moves; one that is open already is told."""
        self._is_open = self._seen = is_open
        self._seen_ms = self._steady_ms = self._moved_ms = now_ms
        return Finding((self._found(now_ms),), (_event(is_open, 0),) if is_open else ())

    def _found(self, now_ms: int) -> Found:
        value, settings = int(bool(self._is_open)), self._settings
        if now_ms - self._steady_ms > settings.chatter_ms:
            return Found(None, Quality.NOT_SAMPLED, "the contact chatters and does not settle")
        if settings.stuck_ms and now_ms - self._moved_ms >= settings.stuck_ms:
            days = settings.stuck_ms / _DAY_S / 1000
            return Found(value, Quality.STUCK, f"the contact has not moved for {days:g} days")
        return Found(value)


def _event(is_open: bool, ago_ms: int) -> Mapping[str, Any]:
    return {"kind": "door_opened" if is_open else "door_closed", "ago_ms": ago_ms}
