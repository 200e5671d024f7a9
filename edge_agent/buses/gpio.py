"""One pin: an input or an output."""

from typing import Protocol

from edge_agent.buses.errors import BusError
from edge_agent.buses.library import library


class GpioLine(Protocol):
    """An input."""

    def level(self) -> bool:
        """Whether the pin is electrically high now. OSError or BusError when it cannot be read."""

    def close(self) -> None:
        """Give the pin back."""


class GpioOutput(Protocol):
    """An output."""

    def write(self, *, on: bool) -> None:
        """Switch what hangs on the pin. OSError or BusError when it cannot be."""

    def close(self) -> None:
        """Give the pin back."""


class GpiozeroLine:
    """A pin of the Raspberry Pi by its BCM number, through the package gpiozero."""

    def __init__(self, pin: int, pull: str, what: str = "this probe") -> None:
        gpiozero = library("gpiozero", what)
        pull_up = {"up": True, "down": False, "none": None}[pull]
        state = None if pull_up is not None else True
        try:
            self._device = gpiozero.DigitalInputDevice(pin, pull_up=pull_up, active_state=state)
        except (gpiozero.GPIOZeroError, ImportError) as error:
            raise BusError(f"pin {pin} cannot be used: {error}") from error
        self._inverted = pull_up is True
        self._error = gpiozero.GPIOZeroError

    def level(self) -> bool:
        """Whether the pin is electrically high; gpiozero calls a pulled-up pin active when it is low."""
        try:
            return bool(self._device.value) != self._inverted
        except self._error as error:
            raise BusError(f"the pin cannot be read: {error}") from error

    def close(self) -> None:
        """Free the pin."""
        self._device.close()


class GpiozeroOutput:
    """An output of the Raspberry Pi by its BCM number; `active` is the level at which it is on."""

    def __init__(self, pin: int, active: str) -> None:
        gpiozero = library("gpiozero", "a light or buzzer")
        try:
            self._device = gpiozero.DigitalOutputDevice(pin, active_high=active == "high")
        except (gpiozero.GPIOZeroError, ImportError) as error:
            raise BusError(f"pin {pin} cannot be used: {error}") from error
        self._error = gpiozero.GPIOZeroError
        self._is_on = False

    def write(self, *, on: bool) -> None:
        """Switch it; nothing is done where it already is so."""
        if on == self._is_on:
            return
        try:
            self._device.value = on
        except self._error as error:
            raise BusError(f"the pin cannot be set: {error}") from error
        self._is_on = on

    def close(self) -> None:
        """Free the pin."""
        self._device.close()
