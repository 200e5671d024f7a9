"""Thermo Scientific ultra-low freezers: Modbus ASCII (TDE, TSX) and the 20-character line of the Forma 900.

Addresses and bits are those of the TDE manual's appendix B; the set-points are signed and in tenths.
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

from edge_agent.buses import modbus_ascii
from edge_agent.buses.errors import BusError
from edge_agent.buses.line import Line, LinePlace, read_place
from edge_agent.buses.pool import POOL, Pool
from edge_agent.probes.aside import Aside
from edge_agent.probes.controller_alarms import POWER, ControllerAlarms
from edge_agent.probes.device import Finding, Found, Rhythm, read_channel, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

SET_POINT: Final = 0x530
WARM_ALARM: Final = 0x538
COLD_ALARM: Final = 0x53C
STATUS: Final = 0x671
RELAY_STATUS: Final = 0x674
STATUS_BITS: Final = {
    1: POWER,
    2: "no connection to the display",
    4: "controller shut down",
    7: "bus failure",
}
DOOR_BITS: Final = (1 << 9) | (1 << 10)
NO_SENSOR_C: Final = -127.0
"""What the controller gives for a sensor that is not there, as in the manual's own example of TC7."""

PUSHED: Final = {
    "UNDERTEMP": "too cold", "OVERTEMP": "too warm", "PWRFAIL": POWER,
    "CNTRLFAIL": "controller failure", "Er07": "error 07", "HSHX FAIL": "high-stage heat exchanger",
    "HOT COND": "hot condenser",
}  # fmt: skip
_END: Final = b"\x04"
_LINE: Final = re.compile(r"(-?)\s*(\d{1,3})\s*C\b\s*(.*)", re.DOTALL)


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
        wanted = (
            self.channel, self.set_point_channel, self.warm_alarm_channel, self.cold_alarm_channel,
            self.door_channel,
        )  # fmt: skip
        return tuple(filter(None, wanted))

    @property
    def sole(self) -> str:
        """A line that talks by itself has one listener; one that is asked may be shared."""
        return f"line {self.place.name}" if self.protocol == "push" else ""

    @property
    def needs(self) -> tuple[str, ...]:
        """pyserial, unless it is reached over the network."""
        return self.place.needs

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, self._open, self.rhythm)

    def _open(self) -> "ThermoModbus | ThermoPush":
        if self.protocol == "push":
            return ThermoPush(self, self.place.open())
        return ThermoModbus(self)


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
    if not is_push and not settings.temperature_address:
        table.problem(
            "temperature_address",
            "missing; expected the address of the temperature in this model's own table, such as 0x4CC (TC2)",
        )
    if is_push and len(settings.channels) > 1:
        table.problem(
            "protocol", "the pushed line holds one temperature; expected no other channel"
        )
    return settings


class ThermoModbus:
    """The controller, asked register by register."""

    def __init__(self, settings: ThermoSettings, pool: Pool = POOL) -> None:
        self._settings, self._pool = settings, pool
        self._alarms = ControllerAlarms()
        self._was_open = False

    def read(self, now_ms: int) -> Finding:
        """The temperature first: a BusError when even that is not answered."""
        del now_ms
        wanted = self._settings
        found = [self._temperature()]
        for channel, address in (
            (wanted.set_point_channel, SET_POINT),
            (wanted.warm_alarm_channel, WARM_ALARM),
            (wanted.cold_alarm_channel, COLD_ALARM),
        ):
            if channel:
                found.append(Found(self._whole(address, 2) / 10))
        events = self._alarms.changed(self._standing())
        if wanted.door_channel:
            is_open = bool(self._whole(wanted.relay_address, 2) & DOOR_BITS)
            found.append(Found(int(is_open)))
            events = (*events, *self._door_event(is_open))
        return Finding(tuple(found), events)

    def close(self) -> None:
        """The line stays for those who share it."""

    def _temperature(self) -> Found:
        data = self._registers(self._settings.temperature_address, 2)
        if len(data) != 4:
            raise BusError(f"{len(data)} bytes came for the temperature; expected a float of four")
        (celsius,) = struct.unpack(">f", data)
        if celsius == NO_SENSOR_C:
            return Found(None, Quality.OPEN_PROBE, "the controller's sensor is open (-127 °C)")
        return Found(round(celsius, 3))

    def _standing(self) -> list[str]:
        status = self._whole(self._settings.status_address, 1)
        return [alarm for bit, alarm in STATUS_BITS.items() if status >> bit & 1]

    def _door_event(self, is_open: bool) -> tuple[dict[str, str], ...]:
        changed, self._was_open = is_open != self._was_open, is_open
        return ({"kind": "door_opened" if is_open else "door_closed"},) if changed else ()

    def _whole(self, address: int, count: int) -> int:
        """A signed whole number, as the set-points are; a single byte is not signed."""
        data = self._registers(address, count)
        return int.from_bytes(data, "big", signed=len(data) > 1)

    def _registers(self, address: int, count: int) -> bytes:
        settings = self._settings

        def talk(line: Line) -> bytes:
            line.send(modbus_ascii.question(settings.unit, address, count))
            frame = line.receive(b"\n", settings.answer_s)
            return modbus_ascii.answer(frame, settings.unit)

        try:
            return self._pool.exchange(settings.place.name, settings.place.open, talk)
        except BusError as error:
            raise BusError(f"0x{address:03X}: {error}") from error
        except OSError as error:
            raise BusError(f"{settings.place.name}: {error}") from error


class ThermoPush:
    """The Forma 900, which says a line of its own accord: temperature, and a message."""

    def __init__(self, settings: ThermoSettings, line: Line) -> None:
        self._settings, self._line = settings, line
        self._alarms = ControllerAlarms()
        self._rest = b""
        self._newest: tuple[int, str] | None = None
        self._began_ms: int | None = None

    def read(self, now_ms: int) -> Finding:
        """The newest whole line, unless it is too old."""
        self._began_ms = now_ms if self._began_ms is None else self._began_ms
        self._rest = (self._rest + self._line.waiting(0.2))[-400:]
        said, _, rest = self._rest.rpartition(_END)
        if said:
            self._rest = rest
            text = said.rpartition(_END)[2].decode("ascii", "replace").strip()
            self._newest = (now_ms, text)
        if (
            now_ms - (self._newest[0] if self._newest else self._began_ms)
            > self._settings.silent_ms
        ):
            return _silent("nothing was said for too long: is it switched off, or unplugged?")
        if self._newest is None:
            return _silent("nothing has been said yet")
        return self._understood(self._newest[1])

    def close(self) -> None:
        """Give the port back."""
        self._line.close()

    def _understood(self, text: str) -> Finding:
        events = self._alarms.changed(words for word, words in PUSHED.items() if word in text)
        if "T_ERR" in text:
            probe = Found(None, Quality.OPEN_PROBE, "the freezer's own probe is bad (T_ERR)")
        elif found := _LINE.search(text):
            probe = Found(float(f"{found[1]}{found[2]}"))
        else:
            probe = Found(None, Quality.BUS_ERROR, f'it says "{text[:40]}"; expected a temperature')
        return Finding((probe,), events)


def _silent(fault: str) -> Finding:
    return Finding((Found(None, Quality.NOT_SAMPLED, fault),))
