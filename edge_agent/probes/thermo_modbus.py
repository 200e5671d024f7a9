"""Asks a Thermo Scientific TDE or TSX freezer register by register, over Modbus ASCII.

Addresses and bits are those of the TDE manual's appendix B; the set-points are signed and in tenths.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from edge_agent.buses import modbus_ascii
from edge_agent.buses.errors import BusError
from edge_agent.buses.line import Line, LinePlace
from edge_agent.buses.pool import POOL, Pool
from edge_agent.probes.controller_alarms import POWER, ControllerAlarms
from edge_agent.probes.device import Finding, Found
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

Events = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FreezerMap:
    """Where this freezer is, and what of it is wanted: one channel for each address, and the doors last."""

    place: LinePlace
    temperature_address: int
    set_points: tuple[int, ...] = ()
    has_door: bool = False
    unit: int = 0x19
    status_address: int = STATUS
    relay_address: int = RELAY_STATUS
    answer_s: float = 1.0


class ThermoModbus:
    """The controller. Without its temperature nothing is told; all else fails only for itself."""

    def __init__(self, freezer: FreezerMap, pool: Pool = POOL) -> None:
        self._freezer, self._pool = freezer, pool
        self._alarms = ControllerAlarms()
        self._was_open = False

    def read(self, now_ms: int) -> Finding:
        """The temperature, the set-points and the doors; events of status and doors."""
        del now_ms
        freezer = self._freezer
        found = [self._temperature()]
        found += [_tried(partial(self._tenths, address)) for address in freezer.set_points]
        events = self._status_events()
        if freezer.has_door:
            found.append(_tried(self._door))
            events += self._door_events(found[-1])
        return Finding(tuple(found), events)

    def close(self) -> None:
        """The line stays for those who share it; what stood is remembered."""

    def _temperature(self) -> Found:
        data = self._registers(self._freezer.temperature_address, 2)
        if len(data) != 4:
            raise BusError(f"{len(data)} bytes came for the temperature; expected a float of four")
        (celsius,) = struct.unpack(">f", data)
        if celsius == NO_SENSOR_C:
            return Found(None, Quality.OPEN_PROBE, "the controller's sensor is open (-127 °C)")
        return Found(round(celsius, 3))

    def _tenths(self, address: int) -> float:
        return self._whole(address, 2) / 10

    def _door(self) -> float:
        """1 while either door is open."""
        return int(bool(self._whole(self._freezer.relay_address, 2) & DOOR_BITS))

    def _status_events(self) -> Events:
        """What changed in the status; nothing while it is not answered."""
        try:
            status = self._whole(self._freezer.status_address, 1)
        except BusError:
            return ()
        return self._alarms.changed(word for bit, word in STATUS_BITS.items() if status >> bit & 1)

    def _door_events(self, door: Found) -> Events:
        if door.value is None or bool(door.value) == self._was_open:
            return ()
        self._was_open = bool(door.value)
        return ({"kind": "door_opened" if self._was_open else "door_closed"},)

    def _whole(self, address: int, count: int) -> int:
        """A signed whole number, as the set-points are; a single byte is not signed."""
        data = self._registers(address, count)
        return int.from_bytes(data, "big", signed=len(data) > 1)

    def _registers(self, address: int, count: int) -> bytes:
        freezer = self._freezer

        def talk(line: Line) -> bytes:
            line.send(modbus_ascii.question(freezer.unit, address, count))
            return line.receive(b"\n", freezer.answer_s)

        try:
            frame = self._pool.exchange(freezer.place.name, freezer.place.open, talk)
            return modbus_ascii.answer(frame, freezer.unit)
        except BusError as error:
            raise BusError(f"0x{address:03X}: {error}") from error
        except OSError as error:
            raise BusError(f"{freezer.place.name}: {error}") from error


def _tried(read: Callable[[], float]) -> Found:
    try:
        return Found(read())
    except BusError as error:
        return Found(None, Quality.BUS_ERROR, str(error))
