"""Which drivers there are. A driver reads its own settings; its settings make the probe."""

from collections.abc import Callable, Mapping
from typing import Protocol

from edge_agent.probes import (
    ads1115,
    door,
    host,
    iio,
    max31856,
    max31865,
    modbus,
    probe_head,
    replay,
    scale,
    simulated,
    tec3000,
    thermo_ult,
    w1,
)
from edge_agent.probes.probe import Probe
from edge_agent.settings_table import Table


class DriverSettings(Protocol):
    """What a driver needs to make its probe."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The keys of its channels."""

    def make(self) -> Probe:
        """A new probe."""


_REFUSED: Mapping[str, str] = {
    "max31855": "a MAX31855 takes one slope for the whole range and is off by more than 10 °C in the cold; "
    "expected a MAX31856, which knows each type's curve",
    "ds18b20": 'expected driver = "w1"; and below -55 °C this sensor measures nothing',
}
"""Names that people try, and why they are not there."""


def why_refused(name: str) -> str:
    """What to take instead of a driver that we do not offer on purpose; nothing for any other name."""
    return _REFUSED.get(name.lower(), "")


def sole_place(settings: DriverSettings) -> str:
    """Where this probe must be alone, or nothing: two on one chip would agree for ever."""
    return str(getattr(settings, "sole", ""))


def libraries(settings: DriverSettings) -> tuple[str, ...]:
    """The Python packages that this probe needs beside the agent's own."""
    return tuple(getattr(settings, "needs", ()))


DRIVERS: Mapping[str, Callable[[Table], DriverSettings]] = {
    "simulated": simulated.read_settings,
    "replay": replay.read_settings,
    "max31865": max31865.read_settings,
    "max31856": max31856.read_settings,
    "ads1115": ads1115.read_settings,
    "iio": iio.read_settings,
    "w1": w1.read_settings,
    "door": door.read_settings,
    "host": host.read_settings,
    "modbus": modbus.read_settings,
    "probe_head": probe_head.read_settings,
    "scale": scale.read_settings,
    "tec3000": tec3000.read_settings,
    "thermo_ult": thermo_ult.read_settings,
}
