"""Any device that speaks Modbus: which register is which channel stands in the settings."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.buses.errors import BusError
from edge_agent.buses.line import LinePlace, read_place
from edge_agent.buses.modbus import FRAMERS, TABLES, PymodbusWire, Refused
from edge_agent.buses.pool import POOL, Pool
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import Finding, Found, Rhythm, read_channel, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

TYPES: Final = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q",
    "float32": ">f", "float64": ">d",
}  # fmt: skip
_BITS: Final = ("coil", "discrete")


@dataclass(frozen=True, slots=True)
class Register:
    """One channel: where it stands, how it is written, and what turns it into the channel's unit.

    The value is the number times `scale` plus `shift`. `open_value` is the number that means "no probe".
    """

    channel: str
    address: int
    table: str = "holding"
    type: str = "int16"
    words: str = "big"
    scale: float = 1.0
    shift: float = 0.0
    unit: int | None = None
    open_value: float | None = None
    lowest: float | None = None
    highest: float | None = None

    @property
    def count(self) -> int:
        """How many registers it takes."""
        return 1 if self.table in _BITS else struct.calcsize(TYPES[self.type]) // 2


@dataclass(frozen=True, slots=True)
class ModbusSettings:
    """The devices of one probe; `unit` is the address that they have unless a register says otherwise."""

    registers: tuple[Register, ...]
    place: LinePlace
    rhythm: Rhythm
    framer: str = "tcp"
    unit: int = 1
    answer_s: float = 1.0

    @property
    def channels(self) -> tuple[str, ...]:
        """One a register."""
        return tuple(r.channel for r in self.registers)

    @property
    def needs(self) -> tuple[str, ...]:
        """pymodbus, and pyserial for a serial port."""
        return ("pymodbus", *self.place.needs)

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, lambda: Modbus(self), self.rhythm)


def read_settings(table: Table) -> ModbusSettings:
    """The settings of driver = "modbus"."""
    place = read_place(table, 19_200, "8E1", 502)
    settings = ModbusSettings(
        registers=tuple(_register(t) for t in table.tables("register", least=1)),
        place=place,
        rhythm=read_rhythm(table),
        framer=table.text("framer", "tcp" if place.host else "rtu", choices=FRAMERS),
        unit=table.whole("unit", 1, 0, 247),
        answer_s=table.number("answer_s", 1.0, low=0.05, high=10),
    )
    if settings.framer == "tcp" and place.port:
        table.problem("framer", "found tcp for a serial port; expected rtu or ascii")
    return settings


def _register(table: Table) -> Register:
    address = table.number("address", None, low=0, high=0xFFFF)
    found = Register(
        channel=read_channel(table, None),
        address=int(address),
        table=table.text("table", "holding", choices=TABLES),
        type=table.text("type", "int16", choices=tuple(TYPES)),
        words=table.text("words", "big", choices=("big", "little")),
        scale=table.number("scale", 1.0),
        shift=table.number("shift", 0.0),
        unit=table.whole("unit", 1, 0, 247) if table.has("unit") else None,
        open_value=_optional(table, "open_value"),
        lowest=_optional(table, "lowest"),
        highest=_optional(table, "highest"),
    )
    if address != int(address):
        table.problem("address", f"found {address:g}; expected a whole number from 0 to 65535")
    table.finish()
    return found


def _optional(table: Table, key: str) -> float | None:
    return table.number(key, 0.0) if table.has(key) else None


class Modbus:
    """The registers, one after the other. One that is refused fails only its own channel."""

    def __init__(self, settings: ModbusSettings, pool: Pool = POOL) -> None:
        self._settings, self._pool = settings, pool

    def read(self, now_ms: int) -> Finding:
        """Every register; a BusError as soon as a device does not answer at all."""
        del now_ms
        return Finding(tuple(self._found(register) for register in self._settings.registers))

    def close(self) -> None:
        """The line stays for those who share it."""

    def _found(self, register: Register) -> Found:
        try:
            return understood(register, self._words(register))
        except Refused as error:
            return Found(
                None, Quality.BUS_ERROR, f"{register.table} 0x{register.address:04X}: {error}"
            )

    def _words(self, register: Register) -> Sequence[int]:
        settings = self._settings
        unit = settings.unit if register.unit is None else register.unit

        def talk(wire: PymodbusWire) -> Sequence[int] | Refused:
            try:
                return wire.read(register.table, register.address, register.count, unit)
            except Refused as error:  # the wire is sound: it stays open
                return error

        answer = self._pool.exchange(f"modbus {settings.place.name}", self._opened, talk)
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _opened(self) -> PymodbusWire:
        settings = self._settings
        try:
            return PymodbusWire(settings.place, settings.framer, settings.answer_s)
        except OSError as error:
            raise BusError(f"{settings.place.name}: {error}") from error


def understood(register: Register, words: Sequence[int]) -> Found:
    """What the words of a register mean for its channel."""
    number = float(words[0]) if register.table in _BITS else _number(register, words)
    if register.open_value is not None and number == register.open_value:
        return Found(None, Quality.OPEN_PROBE, f"{number:g} stands for an open probe")
    value = round(number * register.scale + register.shift, 6)
    low, high = register.lowest, register.highest
    if (low is not None and value < low) or (high is not None and value > high):
        return Found(value, Quality.OUT_OF_RANGE, "outside of lowest to highest")
    return Found(value)


def _number(register: Register, words: Sequence[int]) -> float:
    ordered = list(words) if register.words == "big" else list(reversed(words))
    data = b"".join(word.to_bytes(2, "big") for word in ordered)
    return float(struct.unpack(TYPES[register.type], data)[0])
