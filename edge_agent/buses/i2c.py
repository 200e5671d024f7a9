"""I2C: the registers of one device."""

from typing import Protocol

from edge_agent.buses.library import library


class I2cBus(Protocol):
    """One device at one address."""

    def read(self, register: int, count: int) -> bytes:
        """So many bytes from this register on. OSError when the device does not answer."""

    def write(self, register: int, data: bytes) -> None:
        """Write these bytes into the register."""

    def close(self) -> None:
        """Give the bus back."""


class SmbusDevice:
    """A device on the kernel's /dev/i2c-<bus>, through the package smbus2."""

    def __init__(self, bus: int, address: int) -> None:
        self._bus = library("smbus2").SMBus(bus)
        self._address = address

    def read(self, register: int, count: int) -> bytes:
        """So many bytes from this register on."""
        return bytes(self._bus.read_i2c_block_data(self._address, register, count))

    def write(self, register: int, data: bytes) -> None:
        """Write these bytes into the register."""
        self._bus.write_i2c_block_data(self._address, register, list(data))

    def close(self) -> None:
        """Close the device file."""
        self._bus.close()
