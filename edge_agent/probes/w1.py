"""Thermometers on 1-wire (DS18B20): for a room, never for a freezer, as they end at -55 °C."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.buses import sysfs
from edge_agent.buses.errors import BusError
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import USUAL, Finding, Rhythm, one, read_channel, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

ROOT: Final = "/sys/bus/w1/devices"
_ID: Final = re.compile(r"(10|22|28|3b|42)-[0-9a-f]{12}\Z")
_READING: Final = re.compile(r"((?:[0-9a-f]{2} ){8}[0-9a-f]{2}) : crc=[0-9a-f]{2} (YES|NO)\s.*t=(-?\d+)", re.DOTALL)  # fmt: skip
POWER_ON_C: Final = 85.0
GONE_C: Final = -127.0
_RANGE_C: Final = (-55.0, 125.0)
_TANK_WORDS: Final = ("top", "bottom", "tank", "liquid", "vapour", "freezer", "vial")


@dataclass(frozen=True, slots=True)
class W1Settings:
    """One thermometer by its number."""

    channel: str
    id: str
    rhythm: Rhythm = USUAL
    root: Path = Path(ROOT)

    @property
    def sole(self) -> str:
        """What no second probe may be."""
        return f"thermometer {self.id}"

    @property
    def channels(self) -> tuple[str, ...]:
        """The one temperature."""
        return (self.channel,)

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, self._open, self.rhythm)

    def _open(self) -> "W1":
        return W1(self)


def read_settings(table: Table) -> W1Settings:
    """The settings of driver = "w1"; a freezer, or a channel that sounds like one, is refused."""
    settings = W1Settings(
        channel=read_channel(table, "room_c"),
        id=table.text("id"),
        rhythm=read_rhythm(table, 5.0),
        root=table.path("root", ROOT),
    )
    if settings.id and not _ID.match(settings.id):
        table.problem("id", f'found "{settings.id}"; expected such as 28-00000a1b2c3d')
    if table.text("freezer", ""):
        table.problem(
            "freezer", "a DS18B20 ends at -55 °C; expected it in the room, not in a freezer"
        )
    if settings.channel.startswith(_TANK_WORDS):
        table.problem(
            "channel",
            f'found "{settings.channel}"; a DS18B20 ends at -55 °C: expected a room\'s channel such as room_c',
        )
    return settings


class W1:
    """The thermometer's file. The kernel takes most of a second to answer."""

    def __init__(self, settings: W1Settings) -> None:
        self._folder = settings.root / settings.id

    def read(self, now_ms: int) -> Finding:
        """The temperature, or which fault there is. One wrong checksum is asked again."""
        del now_ms  # the kernel converts when it is asked
        if not self._folder.is_dir():
            return one(
                None, Quality.OPEN_PROBE, "the thermometer is not on the bus: unplugged, or broken"
            )
        found = self._asked()
        if found[2] == "NO":
            found = self._asked()
        if found[2] == "NO":
            return one(None, Quality.BUS_ERROR, "the checksum is wrong (CRC NO)")
        if not found[1].replace("00", "").strip():
            return one(None, Quality.BUS_ERROR, "only zeros came: the data wire touches ground")
        return judged(int(found[3]) / 1000)

    def close(self) -> None:
        """Nothing is kept open."""

    def _asked(self) -> re.Match[str]:
        text = sysfs.read_text(self._folder / "w1_slave")
        found = _READING.match(text)
        if found is None:
            raise BusError(f'the thermometer says "{text[:40]}"; expected a reading')
        return found


def judged(celsius: float) -> Finding:
    """What a temperature means: two of them are no temperatures."""
    if celsius == GONE_C:
        return one(None, Quality.OPEN_PROBE, "-127 °C: the thermometer is disconnected")
    if celsius == POWER_ON_C:
        return one(
            celsius,
            Quality.IMPLAUSIBLE,
            "85 °C: the power-on value, no measurement; a weak supply?",
        )
    if not _RANGE_C[0] <= celsius <= _RANGE_C[1]:
        return one(celsius, Quality.OUT_OF_RANGE, "outside of -55 to 125 °C")
    return one(celsius)
