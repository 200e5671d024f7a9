"""The node's own health as channels: processor temperature, undervoltage, free space."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge_agent.buses import sysfs
from edge_agent.buses.errors import BusError
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import Finding, Found, Rhythm, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

ROOT: Final = "/sys"
CPU_C: Final = "cpu_c"
UNDERVOLTAGE: Final = "undervoltage"
DISK_FREE_PCT: Final = "disk_free_pct"
NOW: Final = 1 << 0
SINCE_BOOT: Final = 1 << 16
"""Two bits of `vcgencmd get_throttled`: the supply is too low now, and has been since the start."""
_ANSWER_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What to measure. `undervoltage` is "sysfs", "vcgencmd" or "off"."""

    rhythm: Rhythm
    root: Path = Path(ROOT)
    disk: Path = Path("/")
    undervoltage: str = "sysfs"
    vcgencmd: str = "vcgencmd"

    @property
    def channels(self) -> tuple[str, ...]:
        """Two, and the undervoltage where it is wanted."""
        plain = (CPU_C, DISK_FREE_PCT)
        return plain if self.undervoltage == "off" else (*plain, UNDERVOLTAGE)

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, self._open, self.rhythm)

    def _open(self) -> "Host":
        return Host(self)


def read_settings(table: Table) -> HostSettings:
    """The settings of driver = "host"."""
    return HostSettings(
        rhythm=read_rhythm(table, 10.0),
        root=table.path("root", ROOT),
        disk=table.path("disk", "/"),
        undervoltage=table.text("undervoltage", "sysfs", choices=("sysfs", "vcgencmd", "off")),
        vcgencmd=table.text("vcgencmd", "vcgencmd"),
    )


class Host:
    """The node. Each of its channels fails for itself."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._told = 0

    def read(self, now_ms: int) -> Finding:
        """All channels, and an event when the supply sinks or recovers."""
        del now_ms
        found = [_tried(self._cpu), _tried(self._disk)]
        events: list[Mapping[str, Any]] = []
        if self._settings.undervoltage != "off":
            found.append(_tried(lambda: self._undervoltage(events)))
        return Finding(tuple(found), tuple(events))

    def close(self) -> None:
        """Nothing is kept open."""

    def _cpu(self) -> float:
        return sysfs.read_number(self._settings.root / "class/thermal/thermal_zone0/temp") / 1000

    def _disk(self) -> float:
        usage = shutil.disk_usage(self._settings.disk)
        return round(100 * usage.free / usage.total, 2)

    def _undervoltage(self, events: list[Mapping[str, Any]]) -> float:
        bits = self._bits()
        was, self._told = self._told, bits
        # a dip between two readings shows in the bit that stays set until the next start
        dipped = bits & SINCE_BOOT and not was & SINCE_BOOT and not bits & NOW
        if bits & NOW and not was & NOW:
            events.append({"kind": "undervoltage"})
        elif dipped:
            events += [{"kind": "undervoltage"}, {"kind": "undervoltage_over"}]
        elif was & NOW and not bits & NOW:
            events.append({"kind": "undervoltage_over"})
        return float(bool(bits & NOW))

    def _bits(self) -> int:
        if self._settings.undervoltage == "vcgencmd":
            return _throttled(self._settings.vcgencmd)
        for name in sorted(self._settings.root.glob("class/hwmon/hwmon*/name")):
            if sysfs.read_text(name) == "rpi_volt":
                return int(sysfs.read_number(name.parent / "in0_lcrit_alarm"))
        raise BusError("this kernel has no rpi_volt; expected a Raspberry Pi, or undervoltage off")


def _throttled(command: str) -> int:
    """The bits that `vcgencmd get_throttled` prints, such as throttled=0x50005."""
    try:
        ended = subprocess.run(  # noqa: S603  # the command of the settings, without a shell
            [command, "get_throttled"],
            capture_output=True,
            text=True,
            timeout=_ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BusError(f"{command} cannot be asked: {error}") from error
    _, _, number = ended.stdout.strip().partition("=")
    try:
        return int(number, 16)
    except ValueError:
        raise BusError(
            f'{command} says "{ended.stdout.strip()[:40]}"; expected throttled=0x0'
        ) from None


def _tried(read: Any) -> Found:  # noqa: ANN401  # a function without arguments that gives a number
    try:
        return Found(read())
    except (BusError, OSError) as error:
        return Found(None, Quality.BUS_ERROR, f"{error}"[:200])
