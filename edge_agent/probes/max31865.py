"""Platinum probes (PT100, PT1000) behind a MAX31865, whose registers are read over SPI.

Names, bits and times are those of the MAX31865 data sheet (19-6478); its tables 10 to 12 say what each fault
means for 2, 3 and 4 wires.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from edge_agent.buses.errors import BusError
from edge_agent.buses.spi import SpiBus, SpidevBus
from edge_agent.probes import platinum
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import USUAL, Finding, Rhythm, one, read_channel, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

CONFIGURATION: Final = 0x00
RTD: Final = 0x01
HIGH_THRESHOLD: Final = 0x03
FAULT_STATUS: Final = 0x07
WRITE: Final = 0x80

BIAS: Final = 0x80
ONE_SHOT: Final = 0x20
THREE_WIRES: Final = 0x10
FAULT_CYCLE: Final = 0x04
FAULT_CYCLE_BITS: Final = 0x0C
CLEAR_FAULTS: Final = 0x02
FILTER_50_HZ: Final = 0x01

FAULTS: Final = {
    0x80: (Quality.OPEN_PROBE, "open probe: its resistance is above all that platinum has"),
    0x40: (Quality.SHORTED_PROBE, "shorted probe: its resistance is near zero"),
    0x20: (Quality.OPEN_PROBE, "open probe or wire: REFIN- above 0.85 bias"),
    0x10: (Quality.SHORTED_PROBE, "a wire touches ground: REFIN- below 0.85 bias with FORCE- open"),
    0x08: (Quality.SHORTED_PROBE, "a wire touches ground: RTDIN- below 0.85 bias with FORCE- open"),
    0x04: (Quality.BUS_ERROR, "a wire is above the supply or below ground"),
}
"""What each bit of the fault status means."""

FULL_SCALE: Final = 1 << 15
_SHORT_RATIO: Final = 0.08
"""R / R(0) of platinum at -224 °C: no probe in nitrogen is so low."""
_OPEN_RATIO: Final = platinum.ratio_at(platinum.WARMEST_C)
_BIAS_S: Final = 0.011
_FAULT_CYCLE_S: Final = 0.001
_CONVERSION_S: Final = {50: 0.065, 60: 0.055}
_HZ: Final = 500_000


@dataclass(frozen=True, slots=True)
class Max31865Settings:
    """One probe on one chip select. Resistances are ohm."""

    channel: str
    rhythm: Rhythm = USUAL
    bus: int = 0
    select: int = 0
    wires: int = 4
    nominal_ohm: float = 100.0
    reference_ohm: float = 430.0
    lead_ohm: float = 0.0
    mains_hz: int = 50

    needs = ("spidev",)

    @property
    def sole(self) -> str:
        """What no second probe may hang on."""
        return f"chip select {self.select} of SPI bus {self.bus}"

    @property
    def channels(self) -> tuple[str, ...]:
        """The one temperature."""
        return (self.channel,)

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, partial(self._open), self.rhythm)

    def _open(self) -> "Max31865":
        return Max31865(self, SpidevBus(self.bus, self.select, _HZ))


def read_settings(table: Table) -> Max31865Settings:
    """The settings of driver = "max31865"."""
    settings = Max31865Settings(
        channel=read_channel(table, None),
        rhythm=read_rhythm(table),
        bus=table.whole("bus", 0, 0, 9),
        select=table.whole("select", 0, 0, 9),
        wires=table.whole("wires", 4, 2, 4),
        nominal_ohm=table.number("nominal_ohm", 100.0, low=10, high=2_000),
        reference_ohm=table.number("reference_ohm", 430.0, low=50, high=20_000),
        lead_ohm=table.number("lead_ohm", 0.0, low=0, high=100),
        mains_hz=table.whole("mains_hz", 50, 50, 60),
    )
    if settings.mains_hz not in _CONVERSION_S:
        table.problem("mains_hz", f"found {settings.mains_hz}; expected 50 or 60")
    if settings.lead_ohm and settings.wires != 2:
        table.problem(
            "lead_ohm", "only two wires have leads to take off; expected wires = 2 or no lead_ohm"
        )
    if settings.reference_ohm < 2 * settings.nominal_ohm:
        table.problem(
            "reference_ohm",
            f"found {settings.reference_ohm:g} ohm for a probe of {settings.nominal_ohm:g} ohm; "
            "expected about four times as much, as written on the board (430 for PT100, 4300 for PT1000)",
        )
    return settings


class Max31865:
    """The converter. Every reading clears what is latched, looks for faults, and converts once."""

    def __init__(
        self,
        settings: Max31865Settings,
        spi: SpiBus,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._spi, self._sleep = settings, spi, sleep
        wires = THREE_WIRES if settings.wires == 3 else 0
        self._base = wires | (FILTER_50_HZ if settings.mains_hz == 50 else 0)
        self._thresholds = _thresholds(settings)
        self._spi.transfer(bytes([HIGH_THRESHOLD | WRITE]) + self._thresholds)

    def read(self, now_ms: int) -> Finding:
        """The temperature, or which fault there is."""
        self._write(BIAS | CLEAR_FAULTS)
        self._sleep(_BIAS_S)
        faults = self._fault_cycle()
        self._write(BIAS | ONE_SHOT)
        self._sleep(_CONVERSION_S[self._settings.mains_hz])
        registers = self._registers()
        self._write(0)
        code = registers[RTD] << 7 | registers[RTD + 1] >> 1
        return self._judged(code, faults | registers[FAULT_STATUS])

    def close(self) -> None:
        """Give the bus back."""
        self._spi.close()

    def _fault_cycle(self) -> int:
        """The converter's own look at the wires; its answer, or a BusError if it never ends."""
        self._write(BIAS | FAULT_CYCLE)
        for _ in range(10):
            self._sleep(_FAULT_CYCLE_S)
            answer = self._spi.transfer(bytes([CONFIGURATION]) + bytes(8))[1:]
            if not answer[CONFIGURATION] & FAULT_CYCLE_BITS:
                return answer[FAULT_STATUS]
        raise BusError("the converter does not end its fault detection")

    def _registers(self) -> bytes:
        """All eight registers, after a look whether they are those of our converter."""
        registers = self._spi.transfer(bytes([CONFIGURATION]) + bytes(8))[1:]
        thresholds = registers[HIGH_THRESHOLD:FAULT_STATUS]
        configured = registers[CONFIGURATION] & ~ONE_SHOT
        if configured != BIAS | self._base or thresholds != self._thresholds:
            raise BusError(
                "the converter does not answer as it was set: it is not there, or lost its power"
            )
        return registers

    def _judged(self, code: int, faults: int) -> Finding:
        for bit, (quality, sentence) in FAULTS.items():
            if faults & bit:
                return one(None, quality, sentence)
        settings = self._settings
        ohm = code / FULL_SCALE * settings.reference_ohm - settings.lead_ohm
        celsius = round(platinum.temperature_c(ohm / settings.nominal_ohm), 3)
        if celsius < platinum.COLDEST_C - 10:
            return one(
                celsius, Quality.OUT_OF_RANGE, "colder than nitrogen can be: check the resistances"
            )
        return one(celsius)

    def _write(self, bits: int) -> None:
        self._spi.transfer(bytes([CONFIGURATION | WRITE, self._base | bits]))


def _thresholds(settings: Max31865Settings) -> bytes:
    """The four threshold registers: above the high one the probe is open, below the low one shorted."""
    high = min(_code(settings, _OPEN_RATIO), FULL_SCALE - 1)
    low = _code(settings, _SHORT_RATIO)
    return (high << 1).to_bytes(2, "big") + (low << 1).to_bytes(2, "big")


def _code(settings: Max31865Settings, ratio: float) -> int:
    ohm = ratio * settings.nominal_ohm + settings.lead_ohm
    return round(ohm / settings.reference_ohm * FULL_SCALE)
