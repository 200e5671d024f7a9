"""Level transmitters, oxygen cells and 4-20 mA loops behind an ADS1115, whose registers are read over I2C.

Names and bits are those of the ADS1113/4/5 data sheet (SBAS444). What a current outside of 4-20 mA means is
NAMUR NE 43: up to 3.6 mA a broken wire, from 21 mA a short.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.buses.errors import BusError
from edge_agent.buses.i2c import I2cBus, SmbusDevice
from edge_agent.piecewise import Points, along
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import (
    USUAL,
    Finding,
    Found,
    Rhythm,
    read_channel,
    read_rhythm,
)
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

CONVERSION: Final = 0x00
CONFIGURATION: Final = 0x01
START: Final = 0x8000
"""Written: begin one conversion. Read: none is running."""
ONE_SHOT: Final = 0x0100
NO_COMPARATOR: Final = 0x0003
PINS: Final = {"0-1": 0, "0-3": 1, "1-3": 2, "2-3": 3, "0": 4, "1": 5, "2": 6, "3": 7}
"""Which inputs: one against ground, or the first against the second."""
RANGES_V: Final = {6.144: 0, 4.096: 1, 2.048: 2, 1.024: 3, 0.512: 4, 0.256: 5}
RATES: Final = {8: 0, 16: 1, 32: 2, 64: 3, 128: 4, 250: 5, 475: 6, 860: 7}

BROKEN_MA: Final = 3.6
LOWEST_MA: Final = 3.8
HIGHEST_MA: Final = 20.5
SHORTED_MA: Final = 21.0
_FULL: Final = 32_767
_TRIES: Final = 5


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


@dataclass(frozen=True, slots=True)
class Ads1115Settings:
    """One converter at one address."""

    inputs: tuple[Input, ...]
    rhythm: Rhythm = USUAL
    bus: int = 1
    address: int = 0x48
    samples_per_s: int = 8

    needs = ("smbus2",)

    @property
    def sole(self) -> str:
        """What no second probe may hang on."""
        return f"address {self.address:#x} of I2C bus {self.bus}"

    @property
    def channels(self) -> tuple[str, ...]:
        """One an input."""
        return tuple(i.channel for i in self.inputs)

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, self._open, self.rhythm)

    def _open(self) -> "Ads1115":
        return Ads1115(self, SmbusDevice(self.bus, self.address))


def read_settings(table: Table) -> Ads1115Settings:
    """The settings of driver = "ads1115"."""
    settings = Ads1115Settings(
        inputs=tuple(_input(t) for t in table.tables("input", least=1)),
        rhythm=read_rhythm(table),
        bus=table.whole("bus", 1, 0, 99),
        address=table.whole("address", 0x48, 0x48, 0x4B),
        samples_per_s=table.whole("samples_per_s", 8, 8, 860),
    )
    if settings.samples_per_s not in RATES:
        table.problem(
            "samples_per_s", f"found {settings.samples_per_s}; expected {_among(RATES)}"
        )  # fmt: skip
    return settings


def _input(table: Table) -> Input:
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
        table.problem("range_v", f"found {found.range_v:g}; expected {_among(RANGES_V)}")
    elif kind == "current" and found.shunt_ohm * SHORTED_MA / 1000 > found.range_v:
        table.problem(
            "shunt_ohm",
            f"found {found.shunt_ohm:g}, over which 21 mA give more than range_v = {found.range_v:g}; "
            "expected a smaller resistor or a larger range",
        )
    table.finish()
    return found


def _among(choices: object) -> str:
    return f"one of {', '.join(f'{c:g}' for c in choices)}"  # type: ignore[attr-defined]  # the keys


def _optional(table: Table, key: str) -> float | None:
    return table.number(key, 0.0) if table.has(key) else None


class Ads1115:
    """The converter; its inputs are converted one after the other."""

    def __init__(
        self,
        settings: Ads1115Settings,
        i2c: I2cBus,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._i2c, self._sleep = settings, i2c, sleep

    def read(self, now_ms: int) -> Finding:
        """Every input."""
        del now_ms  # a conversion has no memory
        return Finding(tuple(judged(i, self._code(i)) for i in self._settings.inputs))

    def close(self) -> None:
        """Give the bus back."""
        self._i2c.close()

    def _code(self, wanted: Input) -> int:
        rate = self._settings.samples_per_s
        word = ONE_SHOT | NO_COMPARATOR | RATES[rate] << 5
        word |= PINS[wanted.pins] << 12 | RANGES_V[wanted.range_v] << 9
        self._i2c.write(CONFIGURATION, (word | START).to_bytes(2, "big"))
        for _ in range(_TRIES):
            self._sleep(1.1 / rate)
            status = int.from_bytes(self._i2c.read(CONFIGURATION, 2), "big")
            if status & ~START != word:
                raise BusError("something else than an ADS1115 answers, or it lost its power")
            if status & START:
                return int.from_bytes(self._i2c.read(CONVERSION, 2), "big", signed=True)
        raise BusError("the converter does not end its conversion")


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
