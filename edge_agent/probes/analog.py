"""What a voltage at an input means: a current loop, a cell, or plain volts.

What a current outside of 4-20 mA means is NAMUR NE 43: up to 3.6 mA a broken wire, from 21 mA a short.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge_agent.piecewise import Points, along
from edge_agent.probes.device import Found, read_channel
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

PINS: Final = {"0-1": 0, "0-3": 1, "1-3": 2, "2-3": 3, "0": 4, "1": 5, "2": 6, "3": 7}
"""Which inputs: one against ground, or the first against the second."""
RANGES_V: Final = {6.144: 0, 4.096: 1, 2.048: 2, 1.024: 3, 0.512: 4, 0.256: 5}

BROKEN_MA: Final = 3.6
LOWEST_MA: Final = 3.8
HIGHEST_MA: Final = 20.5
SHORTED_MA: Final = 21.0
_FULL: Final = 32_767


@dataclass(frozen=True, slots=True)
class Input:
    """One channel: `kind` current (over `shunt_ohm`, in mA) or voltage (V); `points` turn it into the channel's unit.

    A voltage below `open_below_v` is a broken wire, one above `short_above_v` a short.
    """

    channel: str
    pins: str
    kind: str
    points: Points = ()
    shunt_ohm: float = 100.0
    range_v: float = 4.096
    open_below_v: float | None = None
    short_above_v: float | None = None


def read_input(table: Table) -> Input:
    """An input from its table [[stream.probe.input]]."""
    kind = table.text("kind", choices=("current", "voltage"))
    found = Input(
        channel=read_channel(table, None),
        pins=table.text("pins", choices=tuple(PINS)),
        kind=kind,
        points=table.points("points", least=2 if kind == "current" else 0),
        shunt_ohm=table.number("shunt_ohm", 100.0, low=1, high=1_000),
        range_v=table.number("range_v", 4.096),
        open_below_v=_optional(table, "open_below_v"),
        short_above_v=_optional(table, "short_above_v"),
    )
    if found.range_v not in RANGES_V:
        table.problem("range_v", f"found {found.range_v:g}; expected {among(RANGES_V)}")
    elif kind == "current" and found.shunt_ohm * SHORTED_MA / 1000 > found.range_v:
        table.problem(
            "shunt_ohm",
            f"found {found.shunt_ohm:g}, over which 21 mA give more than range_v = {found.range_v:g}; "
            "expected a smaller resistor or a larger range",
        )
    table.finish()
    return found


def _optional(table: Table, key: str) -> float | None:
    return table.number(key, 0.0) if table.has(key) else None


def among(choices: Iterable[float]) -> str:
    """The numbers that may be chosen, in words."""
    return f"one of {', '.join(f'{choice:g}' for choice in choices)}"


def judged(wanted: Input, code: int) -> Found:
    """What a code means at this input."""
    volt = code * wanted.range_v / 32_768
    if abs(code) >= _FULL:
        return _beyond(wanted, volt)
    if wanted.kind == "current":
        return _current(wanted, volt / wanted.shunt_ohm * 1000)
    if wanted.open_below_v is not None and volt < wanted.open_below_v:
        return Found(
            None, Quality.OPEN_PROBE, f"less than {wanted.open_below_v:g} V: a broken wire"
        )
    if wanted.short_above_v is not None and volt > wanted.short_above_v:
        return Found(None, Quality.SHORTED_PROBE, f"more than {wanted.short_above_v:g} V: a short")
    return Found(_scaled(wanted, volt))


def _current(wanted: Input, milliampere: float) -> Found:
    if milliampere <= BROKEN_MA:
        return Found(None, Quality.OPEN_PROBE, "less than 3.6 mA: a broken wire, or no supply")
    if milliampere >= SHORTED_MA:
        return Found(
            None, Quality.SHORTED_PROBE, "more than 21 mA: a short, or the transmitter fails"
        )
    value = _scaled(wanted, milliampere)
    if not LOWEST_MA <= milliampere <= HIGHEST_MA:
        return Found(value, Quality.OUT_OF_RANGE, "outside of 3.8 to 20.5 mA")
    return Found(value)


def _beyond(wanted: Input, volt: float) -> Found:
    """At the end of the scale: for a current that is a short, for a voltage only out of range."""
    if wanted.kind == "current":
        return _current(wanted, volt / wanted.shunt_ohm * 1000)
    return Found(_scaled(wanted, volt), Quality.OUT_OF_RANGE, "beyond the range of the input")


def _scaled(wanted: Input, measured: float) -> float:
    return round(along(wanted.points, measured) if wanted.points else measured, 5)
