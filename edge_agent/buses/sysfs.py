"""Small text files that the kernel offers, such as those under /sys."""

from pathlib import Path
from typing import Final

from edge_agent.buses.errors import BusError

_MOST: Final = 4_096


def read_text(path: Path) -> str:
    """The file's text, stripped; a BusError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode("ascii", "replace").strip()
    except OSError as error:
        raise BusError(f"{path.name} cannot be read: {error.strerror or error}") from error


def read_number(path: Path) -> float:
    """The number in the file; a BusError where there is none."""
    text = read_text(path)
    try:
        return float(text)
    except ValueError:
        raise BusError(f'{path.name} holds "{text[:40]}"; expected a number') from None
