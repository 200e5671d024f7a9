"""SPI: bytes out, as many bytes in."""

from typing import Protocol

from edge_agent.buses.library import library

MODE_1 = 1
"""Clock idles low, data is taken at its falling edge: what the MAX31865 and MAX31856 speak."""


class SpiBus(Protocol):
    """One chip select on one SPI bus."""

    def transfer(self, data: bytes) -> bytes:
        """Send these bytes in one selection; as many bytes that came back. OSError when it fails."""

    def close(self) -> None:
        """Give the device back."""


class SpidevBus:
    """The kernel's /dev/spidev<bus>.<select>, through the package spidev."""

    def __init__(self, bus: int, select: int, hz: int) -> None:
        self._spi = library("spidev").SpiDev()
        self._spi.open(bus, select)
        self._spi.mode = MODE_1
        self._spi.max_speed_hz = hz

    def transfer(self, data: bytes) -> bytes:
        """Send these bytes in one selection; as many bytes that came back."""
        return bytes(self._spi.xfer2(list(data)))

    def close(self) -> None:
        """Close the device file."""
        self._spi.close()
