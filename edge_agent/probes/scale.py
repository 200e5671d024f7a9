"""A dewar on a balance: the least noisy level there is. The balance says its weight line after line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge_agent.buses.line import Line, LinePlace, read_place
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import Finding, Found, Rhythm, read_channel, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

NITROGEN_KG_PER_L: Final = 0.807
"""Liquid nitrogen at its boiling point under one atmosphere."""
_NUMBER: Final = r"(?P<value>[-+]?\s*\d+(?:\.\d+)?)\s*(?P<unit>kg|g|lb|t)?"
PATTERNS: Final[Mapping[str, str]] = {
    "and": rf"(?P<state>ST|US|OL)\s*,\s*(?:(?:GS|NT|TR)\s*,?\s*)?(?:{_NUMBER})?",
    "mettler": rf"S\s+(?P<state>S|D|\+|-|I)(?:\s+{_NUMBER})?",
    "sartorius": rf"(?:[NG]\s+)?(?:{_NUMBER}|(?P<state>H|L|High|Low|Err.*))\s*\Z",
    "ohaus": rf"{_NUMBER}\s*(?P<state>\?)?",
    "plain": _NUMBER,
}
"""Lines of common balances: A&D and Kern (ST,+00012.34 kg), Mettler SICS (S S 12.34 kg), Sartorius, Ohaus."""
_KG: Final = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "t": 1000.0}
_UNSTABLE: Final = ("US", "D", "?")
_BEYOND: Final = ("OL", "+", "-", "I", "H", "L", "HIGH", "LOW")


@dataclass(frozen=True, slots=True)
class ScaleSettings:
    """One balance. `tare_kg` is what dewar and racks weigh without nitrogen."""

    place: LinePlace
    rhythm: Rhythm
    pattern: re.Pattern[str]
    weight_channel: str = "weight_kg"
    liquid_channel: str = "liquid_l"
    unit: str = "kg"
    tare_kg: float = 0.0
    density: float = NITROGEN_KG_PER_L
    ask: str = ""
    silent_ms: int = 10_000

    @property
    def channels(self) -> tuple[str, ...]:
        """Weight and litres, those that are wanted."""
        return tuple(filter(None, (self.weight_channel, self.liquid_channel)))

    @property
    def sole(self) -> str:
        """A line that talks by itself has one listener."""
        return f"line {self.place.name}"

    @property
    def needs(self) -> tuple[str, ...]:
        """pyserial, unless it is reached over the network."""
        return self.place.needs

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, lambda: Scale(self, self.place.open()), self.rhythm)


def read_settings(table: Table) -> ScaleSettings:
    """The settings of driver = "scale"."""
    settings = ScaleSettings(
        place=read_place(table, 9600),
        rhythm=read_rhythm(table),
        pattern=_pattern(table),
        weight_channel=read_channel(table, "weight_kg", "weight_channel"),
        liquid_channel=read_channel(table, "liquid_l", "liquid_channel"),
        unit=table.text("unit", "kg", choices=tuple(_KG)),
        tare_kg=table.number("tare_kg", 0.0, low=0, high=10_000),
        density=table.number("density", NITROGEN_KG_PER_L, low=0.05, high=2),
        ask=table.text("ask", ""),
        silent_ms=round(table.number("silent_s", 10.0, low=1, high=3_600) * 1000),
    )
    if not settings.channels:
        table.problem(
            "weight_channel", "found no channel; expected weight_channel or liquid_channel"
        )
    if not settings.ask.isascii() or not settings.ask.isprintable():
        table.problem("ask", "expected plain characters such as SI; the line's end is added")
    return settings


def _pattern(table: Table) -> re.Pattern[str]:
    """The line's pattern: of a known balance, or one's own with the groups value, unit and state."""
    balance = table.text("balance", "plain", choices=tuple(PATTERNS))
    own = table.text("pattern", "")
    try:
        found = re.compile(own or PATTERNS[balance], re.IGNORECASE)
    except re.error as error:
        table.problem("pattern", f"this is no regular expression: {error}")
        return re.compile(PATTERNS["plain"])
    if "value" not in found.groupindex:
        table.problem("pattern", "expected a group (?P<value>...) around the number")
    return found


class Scale:
    """The balance at its line."""

    def __init__(self, settings: ScaleSettings, line: Line) -> None:
        self._settings, self._line = settings, line
        self._rest = b""
        self._newest: tuple[int, str] | None = None
        self._began_ms: int | None = None

    def read(self, now_ms: int) -> Finding:
        """The newest whole line, unless it is too old."""
        settings = self._settings
        self._began_ms = now_ms if self._began_ms is None else self._began_ms
        if settings.ask:
            self._rest = b""
            self._line.send(f"{settings.ask}\r\n".encode("ascii"))
        self._listen(now_ms)
        since_ms = self._newest[0] if self._newest else self._began_ms
        if self._newest is None or now_ms - since_ms > settings.silent_ms:
            fault = "the balance says nothing: is it switched off, or its continuous output?"
            return self._both(Found(None, Quality.NOT_SAMPLED, fault))
        return self._both(understood(settings, self._newest[1]))

    def close(self) -> None:
        """Give the port back."""
        self._line.close()

    def _listen(self, now_ms: int) -> None:
        self._rest = (self._rest + self._line.waiting(0.3)).replace(b"\r", b"\n")[-400:]
        said, found, rest = self._rest.rpartition(b"\n")
        lines = said.decode("ascii", "replace").split("\n") if found else []
        self._rest = rest
        if whole := [line.strip() for line in lines if line.strip()]:
            self._newest = (now_ms, whole[-1])

    def _both(self, weight: Found) -> Finding:
        settings = self._settings
        if weight.value is None:
            return Finding(tuple(weight for _ in settings.channels))
        litres = round((weight.value - settings.tare_kg) / settings.density, 4)
        found = {settings.weight_channel: weight.value, settings.liquid_channel: litres}
        return Finding(tuple(Found(found[c], weight.q, weight.fault) for c in settings.channels))


def understood(settings: ScaleSettings, line: str) -> Found:
    """The weight in kilograms that a line says, or what is wrong with it."""
    found = settings.pattern.search(line)
    if found is None:
        return Found(None, Quality.BUS_ERROR, f'the balance says "{line[:40]}"; expected a weight')
    groups = found.groupdict()
    state, value = (groups.get("state") or "").upper(), groups.get("value")
    if state in _BEYOND or value is None:
        return Found(None, Quality.NOT_SAMPLED, f'the balance cannot weigh now: "{line[:40]}"')
    kilograms = float("".join(value.split())) * _KG[(groups.get("unit") or settings.unit).lower()]
    if state in _UNSTABLE:
        return Found(round(kilograms, 5), Quality.UNCERTAIN, "the balance is not at rest")
    return Found(round(kilograms, 5))
