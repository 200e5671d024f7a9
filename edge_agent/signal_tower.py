"""Drives lights, buzzer and button on a thread of its own: a hung pin holds up no reading."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from edge_agent.buses.errors import BusError
from edge_agent.buses.gpio import GpioLine, GpioOutput, GpiozeroLine, GpiozeroOutput
from edge_agent.clock import steady_ms
from edge_agent.config import Config
from edge_agent.signal_settings import SignalSettings
from edge_agent.signals import Panel, Show
from edge_agent.standing import ALARM

_LOG = logging.getLogger(__name__)
LOOK_S: Final = 0.05
BLINK_MS: Final = 500
AGAIN_MS: Final = 60_000
"""A pin that failed is tried again so much later."""
_AT_THE_END_S: Final = 0.5

Made = Callable[[str, int, SignalSettings], "GpioLine | GpioOutput"]


def made(name: str, pin: int, settings: SignalSettings) -> "GpioLine | GpioOutput":
    """The pin of this name, opened. LibraryMissing or BusError when it cannot be."""
    if name == "button":
        return GpiozeroLine(pin, "up" if settings.pressed == "low" else "down", "a button")
    return GpiozeroOutput(pin, settings.active)


class SignalTower:
    """What the agent holds of its signals: it says what happened and is told what the button did."""

    def __init__(
        self, config: Config, now_ms: int, make: Made = made,
        stood: Mapping[ALARM, bool] | None = None,
    ) -> None:  # fmt: skip
        settings = config.signals
        quickest_ms = min(stream.interval_ms for stream in config.streams)
        silent_ms = max(settings.silent_ms, 2 * quickest_ms)
        self._panel = Panel(now_ms, silent_ms=silent_ms, always=settings.always, stood=stood)
        self._pins = Pins(settings, make)

    @property
    def acknowledged(self) -> Mapping[ALARM, bool]:
        """Of each alarm that stands, whether it was acknowledged at the button."""
        return self._panel.acknowledged

    def start(self) -> None:
        """Take the pins, if there are any."""
        self._pins.start()

    def heard(self, now_ms: int) -> None:
        """The server has answered."""
        self._panel.heard(now_ms)

    def turn(
        self, events: Sequence[Mapping[str, Any]], now_ms: int, *, in_memory_only: bool
    ) -> list[dict[str, Any]]:
        """Show where things stand after these events; the events that button and pins made. Never waits."""
        self._panel.saw(events, now_ms)
        found = self._pins.faults()
        if self._pins.was_pressed():
            found += self._panel.pressed()
        self._pins.show = self._panel.show(now_ms, in_memory_only=in_memory_only)
        return found

    def close(self) -> None:
        """Everything off, and the pins given back."""
        self._pins.close()


class Pins:
    """The thread. It reads `show`, and counts presses of the button."""

    def __init__(self, settings: SignalSettings, make: Made) -> None:
        self.show = Show()
        self._settings, self._make = settings, make
        self._open: dict[str, Any] = {}
        self._again_ms: dict[str, int] = {}
        self._said: dict[str, str] = {}
        self._faults: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._button = Presses(settings.pressed == "high")
        self._pressed = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="signals", daemon=True)

    def start(self) -> None:
        """Begin, if any pin is set."""
        if self._settings.pins:
            self._thread.start()

    def was_pressed(self) -> bool:
        """Whether the button was pressed since the last question."""
        was = self._pressed.is_set()
        self._pressed.clear()
        return was

    def faults(self) -> list[dict[str, Any]]:
        """Events about pins that began to fail, each once."""
        with self._lock:
            found, self._faults = self._faults, []
        return found

    def close(self) -> None:
        """End the thread; a pin that hangs is not waited for."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_AT_THE_END_S)

    def _work(self) -> None:
        while not self._stopped.wait(LOOK_S):
            now_ms = steady_ms()
            for name, pin in self._settings.pins:
                if now_ms >= self._again_ms.get(name, now_ms):
                    self._serve(name, pin, now_ms)
        for name, line in self._open.items():
            with contextlib.suppress(Exception):
                if name != "button":
                    line.write(on=False)
                line.close()

    def _serve(self, name: str, pin: int, now_ms: int) -> None:
        try:
            if name not in self._open:
                self._open[name] = self._make(name, pin, self._settings)
            if name != "button":
                lit = now_ms // BLINK_MS % 2 == 0
                self._open[name].write(on=self.show.is_on(name, lit=lit))
            elif self._button.look(self._open[name].level()):
                self._pressed.set()
        except Exception as error:  # noqa: BLE001  whatever a library throws is told and tried again
            self._failed(name, pin, error, now_ms)
        else:
            self._said.pop(name, None)

    def _failed(self, name: str, pin: int, error: Exception, now_ms: int) -> None:
        self._again_ms[name] = now_ms + AGAIN_MS
        line = self._open.pop(name, None)
        with contextlib.suppress(Exception):
            if line is not None:
                line.close()
        why = f"{error}"[:200] or type(error).__name__
        if self._said.get(name) == why:
            return
        self._said[name] = why
        if not isinstance(error, BusError | OSError):
            _LOG.exception("the signal %s at pin %d failed", name, pin, exc_info=error)
        with self._lock:
            self._faults.append({"kind": "signal_fault", "signal": name, "pin": pin, "fault": why})


class Presses:
    """A button, debounced: down in two looks on end is one press, until it was up in two on end."""

    def __init__(self, high_is_pressed: bool) -> None:
        self._down_is = high_is_pressed
        self._last = True
        self._is_down = True
        """A button that is down from the start, or wired the other way round, is not a press."""

    def look(self, level: bool) -> bool:
        """Whether this look makes it a press."""
        down = level == self._down_is
        settled, self._last = down == self._last, down
        begins = settled and down and not self._is_down
        if settled:
            self._is_down = down
        return begins
