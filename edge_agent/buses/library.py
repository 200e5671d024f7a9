"""Imports a hardware library when a probe needs it, and never before."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from edge_agent.buses.errors import LibraryMissing

EXTRAS: Final[Mapping[str, str]] = {
    "spidev": "edge-spi",
    "smbus2": "edge-i2c",
    "gpiozero": "edge-gpio",
    "serial": "edge-serial",
    "pymodbus": "edge-modbus",
}
"""Which extra of the package installs which library."""


def library(name: str, what: str = "this probe") -> Any:  # noqa: ANN401  # a module without type stubs
    """The module, imported now; a LibraryMissing that says how to install it where it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LibraryMissing(sentence(name, what)) from error


def missing(names: Iterable[str], what: str = "this probe") -> list[str]:
    """A sentence for each library that is not installed; nothing is imported."""
    return [sentence(name, what) for name in names if not _is_installed(name)]


def sentence(name: str, what: str = "this probe") -> str:
    """What to do about a library that is not there; `what` needs it."""
    return (
        f"{what} needs the package {name}, which is not installed; "
        f'expected an installation with: pip install "cryokeep[{EXTRAS[name]}]"'
    )


def _is_installed(name: str) -> bool:
    if name in sys.modules:
        return sys.modules[name] is not None
    return importlib.util.find_spec(name) is not None
