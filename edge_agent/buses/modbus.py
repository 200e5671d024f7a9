"""Modbus RTU, ASCII and TCP, through the package pymodbus."""

import logging
from collections.abc import Sequence
from typing import Any, Final, Protocol

from edge_agent.buses.errors import BusError, NoAnswer
from edge_agent.buses.library import library
from edge_agent.buses.line import LinePlace
from edge_agent.buses.modbus_ascii import EXCEPTIONS

_READERS: Final = {
    "holding": "read_holding_registers", "input": "read_input_registers",
    "coil": "read_coils", "discrete": "read_discrete_inputs",
}  # fmt: skip
TABLES: Final = tuple(_READERS)
FRAMERS: Final = ("tcp", "rtu", "ascii")


class Refused(BusError):
    """The device answers that it will not give this; other addresses may be fine."""


class ModbusWire(Protocol):
    """One line with Modbus devices on it."""

    def read(self, table: str, address: int, count: int, unit: int) -> Sequence[int]:
        """The registers, or bits as 0 and 1; Refused, NoAnswer or BusError."""

    def close(self) -> None:
        """Give the line back."""


class PymodbusWire:
    """A connected client; it never tries twice, for the next reading is the next try."""

    def __init__(self, place: LinePlace, framer: str, timeout_s: float) -> None:
        pymodbus = library("pymodbus")
        # it logs each failure as an error; ours are told once, as events
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        self._trouble = (pymodbus.ModbusException, OSError)
        self._name, self._is_network = place.name, bool(place.host)
        kind = library("pymodbus").FramerType
        frames = {"tcp": kind.SOCKET, "rtu": kind.RTU, "ascii": kind.ASCII}[framer]
        self._client = _client(place, frames, timeout_s)
        if not self._client.connect():
            raise BusError(f"{place.name} cannot be reached")

    def read(self, table: str, address: int, count: int, unit: int) -> Sequence[int]:
        """The registers, or bits as 0 and 1."""
        ask = getattr(self._client, _READERS[table])
        try:
            answer = ask(address, count=count, device_id=unit)
        except self._trouble as error:
            # a serial line is sound while one of its devices is silent; a connection may be half open
            kind = BusError if self._is_network else NoAnswer
            raise kind(f"unit {unit} does not answer: {error}") from error
        if answer.isError():
            code = answer.exception_code
            raise Refused(
                f"unit {unit} refuses: {EXCEPTIONS.get(code, f'exception {code}')} ({code})"
            )
        found = answer.bits if table in {"coil", "discrete"} else answer.registers
        if len(found) < count:
            raise BusError(f"unit {unit} gives {len(found)} of {count}")
        return [int(value) for value in found[:count]]

    def close(self) -> None:
        """Close the line."""
        self._client.close()


def _client(place: LinePlace, framer: Any, timeout_s: float) -> Any:  # noqa: ANN401  # a library's classes
    library("pymodbus.client")
    client = library("pymodbus").client
    if place.host:
        return client.ModbusTcpClient(
            place.host, port=place.tcp_port, framer=framer, timeout=timeout_s, retries=0
        )
    return client.ModbusSerialClient(
        place.port, framer=framer, baudrate=place.baud, bytesize=int(place.form[0]),
        parity=place.form[1], stopbits=int(place.form[2]), timeout=timeout_s, retries=0,
    )  # fmt: skip
