"""Thermo Scientific ultra-low freezers: Modbus ASCII (TDE, TSX), or the pushed line of the Forma 900."""

from dataclasses import dataclass

from edge_agent.buses.line import LinePlace, read_place
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import Rhythm, read_channel, read_rhythm
from edge_agent.probes.thermo_modbus import (
    COLD_ALARM,
    RELAY_STATUS,
    SET_POINT,
    STATUS,
    WARM_ALARM,
    FreezerMap,
    ThermoModbus,
)
from edge_agent.probes.thermo_push import ThermoPush
from edge_agent.settings_table import Table


@dataclass(frozen=True, slots=True)
class ThermoSettings:
    """One freezer. `protocol` is "modbus" or "push"; a channel that is empty is not wanted."""

    place: LinePlace
    rhythm: Rhythm
    protocol: str = "modbus"
    channel: str = "cabinet_c"
    temperature_address: int = 0
    set_point_channel: str = ""
    warm_alarm_channel: str = ""
    cold_alarm_channel: str = ""
    door_channel: str = ""
    unit: int = 0x19
    status_address: int = STATUS
    relay_address: int = RELAY_STATUS
    answer_s: float = 1.0
    silent_ms: int = 60_000

    @property
    def channels(self) -> tuple[str, ...]:
        """The cabinet's temperature, and what else is wanted."""
        set_points = (self.set_point_channel, self.warm_alarm_channel, self.cold_alarm_channel)
        return tuple(filter(None, (self.channel, *set_points, self.door_channel)))

    @property
    def sole(self) -> str:
        """A line that talks by itself has one listener; one that is asked may be shared."""
        return f"line {self.place.name}" if self.protocol == "push" else ""

    @property
    def needs(self) -> tuple[str, ...]:
        """pyserial, unless it is reached over the network."""
        return self.place.needs

    def make(self) -> Aside:
        """The probe. Its device is made once: it remembers which alarms stand."""
        device: ThermoModbus | ThermoPush
        if self.protocol == "push":
            device = ThermoPush(self.place.open, self.silent_ms)
        else:
            device = ThermoModbus(self.map)
        return Aside(self.channels, lambda: device, self.rhythm)

    @property
    def map(self) -> FreezerMap:
        """What is asked of the controller, in the order of the channels."""
        wanted = (
            (self.set_point_channel, SET_POINT),
            (self.warm_alarm_channel, WARM_ALARM),
            (self.cold_alarm_channel, COLD_ALARM),
        )
        return FreezerMap(
            self.place,
            self.temperature_address,
            tuple(address for channel, address in wanted if channel),
            bool(self.door_channel),
            self.unit,
            self.status_address,
            self.relay_address,
            self.answer_s,
        )


def read_settings(table: Table) -> ThermoSettings:
    """The settings of driver = "thermo_ult"."""
    protocol = table.text("protocol", "modbus", choices=("modbus", "push"))
    is_push = protocol == "push"
    settings = ThermoSettings(
        place=read_place(table, 1200 if is_push else 9600, "8N2" if is_push else "7E1"),
        rhythm=read_rhythm(table, 1.0 if is_push else 5.0),
        protocol=protocol,
        channel=read_channel(table, "cabinet_c"),
        temperature_address=table.whole("temperature_address", 0, 0, 0xFFFF),
        set_point_channel=read_channel(table, "", "set_point_channel"),
        warm_alarm_channel=read_channel(table, "", "warm_alarm_channel"),
        cold_alarm_channel=read_channel(table, "", "cold_alarm_channel"),
        door_channel=read_channel(table, "", "door_channel"),
        unit=table.whole("unit", 0x19, 0, 255),
        status_address=table.whole("status_address", STATUS, 0, 0xFFFF),
        relay_address=table.whole("relay_address", RELAY_STATUS, 0, 0xFFFF),
        answer_s=table.number("answer_s", 1.0, low=0.05, high=10),
        silent_ms=round(table.number("silent_s", 60.0, low=1, high=3_600) * 1000),
    )
    if not settings.channel:
        table.problem("channel", "found nothing; expected a channel for the temperature")
    _check_protocol(table, settings)
    return settings


def _check_protocol(table: Table, settings: ThermoSettings) -> None:
    if settings.protocol == "modbus" and not settings.temperature_address:
        table.problem(
            "temperature_address",
            "missing; expected the address of the temperature in this model's own table, such as 0x4CC (TC2)",
        )
    if settings.protocol == "push" and len(settings.channels) > 1:
        table.problem(
            "protocol", "the pushed line holds one temperature; expected no other channel"
        )
