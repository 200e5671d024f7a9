"""Level transmitters, oxygen cells and 4-20 mA loops behind an ADS1115, whose registers are read over I2C.

Names and bits are those of the ADS1113/4/5 data sheet (SBAS444).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.buses.errors import BusError
from edge_agent.buses.i2c import I2cBus, SmbusDevice
from edge_agent.probes.analog import PINS, RANGES_V, Input, among, judged, read_input
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import USUAL, Finding, Rhythm, read_rhythm
from edge_agent.settings_table import Table

CONVERSION: Final = 0x00
CONFIGURATION: Final = 0x01
START: Final = 0x8000
"""Written: begin one conversion. Read: none is running."""
ONE_SHOT: Final = 0x0100
NO_COMPARATOR: Final = 0x0003
RATES: Final = {8: 0, 16: 1, 32: 2, 64: 3, 128: 4, 250: 5, 475: 6, 860: 7}
_TRIES: Final = 5


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
        inputs=tuple(read_input(t) for t in table.tables("input", least=1)),
        rhythm=read_rhythm(table),
        bus=table.whole("bus", 1, 0, 99),
        address=table.whole("address", 0x48, 0x48, 0x4B),
        samples_per_s=table.whole("samples_per_s", 8, 8, 860),
    )
    if settings.samples_per_s not in RATES:
        table.problem(
            "samples_per_s", f"found {settings.samples_per_s}; expected {among(RATES)}"
        )  # fmt: skip
    return settings


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
