"""Listens to the line of 20 characters that a Thermo Forma 900 says of its own accord.

(-)XXX C <message> LF CR EOT
"""

import re
from collections.abc import Callable
from typing import Final

from edge_agent.buses.line import Line
from edge_agent.probes.controller_alarms import POWER, ControllerAlarms
from edge_agent.probes.device import Finding, one
from edge_agent.wire.quality import Quality

MESSAGES: Final = {
    "UNDERTEMP": "too cold", "OVERTEMP": "too warm", "PWRFAIL": POWER,
    "CNTRLFAIL": "controller failure", "Er07": "error 07", "HSHX FAIL": "high-stage heat exchanger",
    "HOT COND": "hot condenser",
}  # fmt: skip
_END: Final = b"\x04"
_LINE: Final = re.compile(r"(-?)\s*(\d{1,3})\s*C\b")
_MOST_BYTES: Final = 400


class ThermoPush:
    """The freezer at its line, which is opened when it is first read, and anew after a failure."""

    def __init__(self, opened: Callable[[], Line], silent_ms: int) -> None:
        self._opened, self._silent_ms = opened, silent_ms
        self._line: Line | None = None
        self._alarms = ControllerAlarms()
        self._rest = b""
        self._newest = ""
        self._heard_ms: int | None = None

    def read(self, now_ms: int) -> Finding:
        """What the newest whole line says, unless it is too old."""
        self._heard_ms = now_ms if self._heard_ms is None else self._heard_ms
        self._line = self._line or self._opened()
        said, _, rest = (self._rest + self._line.waiting(0.2)).rpartition(_END)
        self._rest = rest[-_MOST_BYTES:]
        if said:
            self._newest, self._heard_ms = _text(said.rpartition(_END)[2]), now_ms
        if now_ms - self._heard_ms > self._silent_ms:
            return _silent("nothing was said for too long: is it switched off, or unplugged?")
        return self._understood(self._newest) if self._newest else _silent("nothing was said yet")

    def close(self) -> None:
        """Give the port back; what stood is remembered, what was said is not."""
        line, self._line, self._rest, self._newest = self._line, None, b"", ""
        if line is not None:
            line.close()

    def _understood(self, text: str) -> Finding:
        events = self._alarms.changed(words for word, words in MESSAGES.items() if word in text)
        if "T_ERR" in text:
            found = one(None, Quality.OPEN_PROBE, "the freezer's own probe is bad (T_ERR)")
        elif number := _LINE.search(text):
            found = one(float(f"{number[1]}{number[2]}"))
        else:
            found = one(None, Quality.BUS_ERROR, f'it says "{text[:40]}"; expected a temperature')
        return Finding(found.found, events)


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace").strip() or "nothing"


def _silent(fault: str) -> Finding:
    return one(None, Quality.NOT_SAMPLED, fault)
