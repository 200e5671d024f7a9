"""Converters that the Linux kernel drives itself: /sys/bus/iio/devices/iio:deviceN.

The kernel's max31865 driver gives the converter's code and a scale of 0.03125, which is the shortcut that is
11 °C wrong in nitrogen: of that chip the code alone is taken, and solved as in `platinum`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.buses import sysfs
from edge_agent.buses.errors import BusError
from edge_agent.piecewise import Points, along
from edge_agent.probes import platinum
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

ROOT: Final = "/sys/bus/iio/devices"
_LINEAR: Final = ("max31855", "max6675", "maxim_thermocouple")
_FULL_SCALE: Final = 1 << 15
_SHORT_RATIO: Final = 0.08
_MILLI: Final = 1_000.0


@dataclass(frozen=True, slots=True)
class IioInput:
    """One channel from one attribute, such as in_temp or in_voltage0 (volts, turned into the channel's unit)."""

    channel: str
    attribute: str
    points: Points = ()


@dataclass(frozen=True, slots=True)
class IioSettings:
    """One device of the kernel, found by its folder or by the name of its chip."""

    inputs: tuple[IioInput, ...]
    rhythm: Rhythm = USUAL
    root: Path = Path(ROOT)
    device: str = ""
    chip: str = ""
    nominal_ohm: float = 100.0
    reference_ohm: float = 430.0

    @property
    def channels(self) -> tuple[str, ...]:
        """One an input."""
        return tuple(i.channel for i in self.inputs)

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, self._open, self.rhythm)

    def _open(self) -> "Iio":
        return Iio(self)


def read_settings(table: Table) -> IioSettings:
    """The settings of driver = "iio"."""
    settings = IioSettings(
        inputs=tuple(_input(t) for t in table.tables("input", least=1)),
        rhythm=read_rhythm(table),
        root=table.path("root", ROOT),
        device=table.text("device", ""),
        chip=table.text("chip", ""),
        nominal_ohm=table.number("nominal_ohm", 100.0, low=10, high=2_000),
        reference_ohm=table.number("reference_ohm", 430.0, low=50, high=20_000),
    )
    if bool(settings.device) == bool(settings.chip):
        table.problem(
            "device", 'expected either device = "iio:device0" or chip = "max31865", not both'
        )
    if settings.chip.startswith(_LINEAR):
        table.problem("chip", _refusal(settings.chip))
    return settings


def _input(table: Table) -> IioInput:
    found = IioInput(
        channel=read_channel(table, None),
        attribute=table.text("attribute", "in_temp"),
        points=table.points("points"),
    )
    table.finish()
    return found


def _refusal(chip: str) -> str:
    return f"found {chip}, which takes one slope for the whole range; expected a max31856"


class Iio:
    """The device's folder."""

    def __init__(self, settings: IioSettings) -> None:
        self._settings = settings
        self._folder = _folder(settings)
        self._chip = sysfs.read_text(self._folder / "name")
        if self._chip.startswith(_LINEAR):
            raise BusError(_refusal(self._chip))

    def read(self, now_ms: int) -> Finding:
        """Every input."""
        del now_ms  # the kernel converts when it is asked
        if self._chip == "max31865":
            return Finding(tuple(self._resistance(i) for i in self._settings.inputs))
        return Finding(tuple(self._plain(i) for i in self._settings.inputs))

    def close(self) -> None:
        """Nothing is kept open."""

    def _plain(self, wanted: IioInput) -> Found:
        """The scaled value; where the kernel gives none, its fault files say why."""
        try:
            value = self._scaled(wanted.attribute)
        except BusError:
            if fault := self._fault():
                return fault
            raise
        if fault := self._fault():
            return fault
        return Found(round(along(wanted.points, value) if wanted.points else value, 4))

    def _scaled(self, attribute: str) -> float:
        """Degrees Celsius, volts or milliamperes, as the kernel's documentation has it for each kind."""
        processed = self._folder / f"{attribute}_input"
        if processed.exists():
            value = sysfs.read_number(processed)
        else:
            raw = sysfs.read_number(self._folder / f"{attribute}_raw")
            value = (raw + self._extra(attribute, "offset", 0.0)) * self._extra(
                attribute, "scale", 1.0
            )
        return value if attribute.startswith("in_current") else value / _MILLI

    def _extra(self, attribute: str, what: str, default: float) -> float:
        """The attribute's own scale or offset, else the one of its kind, else the default."""
        kind = attribute.rstrip("0123456789")
        for name in (f"{attribute}_{what}", f"{kind}_{what}"):
            if (self._folder / name).exists():
                return sysfs.read_number(self._folder / name)
        return default

    def _fault(self) -> Found | None:
        if self._says("fault_oc"):
            return Found(
                None, Quality.OPEN_PROBE, "open probe: it is unplugged, or a wire is broken"
            )
        if self._says("fault_ovuv"):
            return Found(None, Quality.BUS_ERROR, "a wire is above the supply or below ground")
        return None

    def _says(self, name: str) -> bool:
        path = self._folder / name
        return path.exists() and sysfs.read_text(path) == "1"

    def _resistance(self, wanted: IioInput) -> Found:
        """A platinum probe's temperature from the converter's code alone."""
        code = sysfs.read_number(self._folder / f"{wanted.attribute}_raw")
        if self._says("fault_ovuv"):
            return Found(None, Quality.BUS_ERROR, "a wire is above the supply or below ground")
        settings = self._settings
        ratio = code / _FULL_SCALE * settings.reference_ohm / settings.nominal_ohm
        if code >= _FULL_SCALE - 1 or ratio >= platinum.ratio_at(platinum.WARMEST_C):
            return Found(None, Quality.OPEN_PROBE, "open probe: its resistance is above all that platinum has")  # fmt: skip
        if ratio <= _SHORT_RATIO:
            return Found(None, Quality.SHORTED_PROBE, "shorted probe: its resistance is near zero")
        return Found(round(platinum.temperature_c(ratio), 3))


def _folder(settings: IioSettings) -> Path:
    """The device's folder; a BusError when there is none, or more than one of that chip."""
    if settings.device:
        return settings.root / settings.device
    found = [
        path.parent
        for path in sorted(settings.root.glob("iio:device*/name"))
        if sysfs.read_text(path) == settings.chip
    ]
    if len(found) != 1:
        raise BusError(
            f"found {len(found)} devices named {settings.chip} under {settings.root}; expected one"
        )
    return found[0]
