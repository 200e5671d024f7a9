"""Thermocouples (type T and seven others) behind a MAX31856, whose registers are read over SPI.

Names, bits and times are those of the MAX31856 data sheet (19-7534). The chip itself follows the curve of the
chosen type and compensates its cold junction; a MAX31855, which takes one slope for all, is not offered.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.buses.errors import BusError
from edge_agent.buses.spi import SpiBus, SpidevBus
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

CONFIGURATION_0: Final = 0x00
CONFIGURATION_1: Final = 0x01
COLD_JUNCTION: Final = 0x0A
THERMOCOUPLE: Final = 0x0C
FAULT_STATUS: Final = 0x0F
WRITE: Final = 0x80

ONE_SHOT: Final = 0x40
LOOK_FOR_OPEN: Final = 0x10
FILTER_50_HZ: Final = 0x01

COLD_JUNCTION_RANGE: Final = 0x80
THERMOCOUPLE_RANGE: Final = 0x40
VOLTAGE: Final = 0x02
OPEN: Final = 0x01

TYPES: Final = "BEJKNRST"
"""In the order of the chip's codes, from 0."""
_HZ: Final = 500_000
_CONVERSION_S: Final = 0.2
_LATEST_S: Final = 0.6
_STEP_S: Final = 0.05
_SHORTED_WITHIN_K: Final = 1.0


@dataclass(frozen=True, slots=True)
class Max31856Settings:
    """One thermocouple on one chip select."""

    channel: str
    junction_channel: str = ""
    rhythm: Rhythm = USUAL
    bus: int = 0
    select: int = 0
    type: str = "T"
    mains_hz: int = 50
    cold: bool = True

    needs = ("spidev",)

    @property
    def sole(self) -> str:
        """What no second probe may hang on."""
        return f"chip select {self.select} of SPI bus {self.bus}"

    @property
    def channels(self) -> tuple[str, ...]:
        """The thermocouple's temperature, and that of its terminals where it is wanted."""
        return tuple(filter(None, (self.channel, self.junction_channel)))

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, self._open, self.rhythm)

    def _open(self) -> "Max31856":
        return Max31856(self, SpidevBus(self.bus, self.select, _HZ))


def read_settings(table: Table) -> Max31856Settings:
    """The settings of driver = "max31856"."""
    junction = read_channel(table, "", "junction_channel")
    settings = Max31856Settings(
        channel=read_channel(table, None),
        junction_channel=junction,
        rhythm=read_rhythm(table),
        bus=table.whole("bus", 0, 0, 9),
        select=table.whole("select", 0, 0, 9),
        type=table.text("type", "T", choices=tuple(TYPES)),
        mains_hz=table.whole("mains_hz", 50, 50, 60),
        cold=table.flag("cold", default=True),
    )
    if settings.mains_hz not in {50, 60}:
        table.problem("mains_hz", f"found {settings.mains_hz}; expected 50 or 60")
    if settings.junction_channel == settings.channel:
        table.problem("junction_channel", "expected another channel than the thermocouple's own")
    return settings


class Max31856:
    """The converter. Every reading looks for an open thermocouple and converts once."""

    def __init__(
        self,
        settings: Max31856Settings,
        spi: SpiBus,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._spi, self._sleep = settings, spi, sleep
        self._zero = LOOK_FOR_OPEN | (FILTER_50_HZ if settings.mains_hz == 50 else 0)
        self._one = TYPES.index(settings.type)

    def read(self, now_ms: int) -> Finding:
        """Both temperatures, or which fault there is."""
        del now_ms  # a conversion has no memory
        setup = bytes([CONFIGURATION_0 | WRITE, self._zero | ONE_SHOT, self._one])
        self._spi.transfer(setup)
        registers = self._converted()
        thermocouple = _signed(registers, THERMOCOUPLE, 3) / (1 << 12)
        junction = _signed(registers, COLD_JUNCTION, 2) / (1 << 8)
        hot = self._judged(thermocouple, junction, registers[FAULT_STATUS])
        if not self._settings.junction_channel:
            return Finding((hot,))
        return Finding((hot, _junction(junction, registers[FAULT_STATUS])))

    def close(self) -> None:
        """Give the bus back."""
        self._spi.close()

    def _converted(self) -> bytes:
        """All sixteen registers, once the conversion has ended and they are those of our converter."""
        self._sleep(_CONVERSION_S)
        waited = _CONVERSION_S
        while True:
            registers = self._spi.transfer(bytes([CONFIGURATION_0]) + bytes(16))[1:]
            if (registers[0] & ~ONE_SHOT, registers[1]) != (self._zero, self._one):
                raise BusError(
                    "the converter does not answer as it was set: it is not there, or lost its power"
                )
            if not registers[0] & ONE_SHOT:
                return registers
            if waited >= _LATEST_S:
                raise BusError("the converter does not end its conversion")
            self._sleep(_STEP_S)
            waited += _STEP_S

    def _judged(self, celsius: float, junction: float, faults: int) -> Found:
        if faults & OPEN:
            return Found(
                None, Quality.OPEN_PROBE, "open thermocouple: it is unplugged, or a wire is broken"
            )
        if faults & VOLTAGE:
            return Found(None, Quality.BUS_ERROR, "a wire is above the supply or below ground")
        value = round(celsius, 3)
        if faults & (THERMOCOUPLE_RANGE | COLD_JUNCTION_RANGE):
            return Found(
                value, Quality.OUT_OF_RANGE, "outside of what this type of thermocouple can measure"
            )
        if self._settings.cold and abs(celsius - junction) < _SHORTED_WITHIN_K:
            return Found(
                value, Quality.IMPLAUSIBLE, "as warm as its own terminals: is the cable shorted?"
            )
        return Found(value)


def _junction(celsius: float, faults: int) -> Found:
    if faults & COLD_JUNCTION_RANGE:
        return Found(
            round(celsius, 3),
            Quality.OUT_OF_RANGE,
            "the terminals are outside of what the chip bears",
        )
    return Found(round(celsius, 3))


def _signed(registers: bytes, first: int, count: int) -> int:
    return int.from_bytes(registers[first : first + count], "big", signed=True)
