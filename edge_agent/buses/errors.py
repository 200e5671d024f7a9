"""What can go wrong on a bus.

BusError
├── NoAnswer         the line works, the device says nothing
└── LibraryMissing   the Python package for this bus is not installed
"""


class BusError(Exception):
    """The device cannot be read; the text says why, as part of a sentence."""


class NoAnswer(BusError):
    """Nothing came back in time; the line itself may be sound."""


class LibraryMissing(BusError):
    """The package that drives this bus is not installed; the text says how to install it."""
