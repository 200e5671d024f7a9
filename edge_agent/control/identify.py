"""Showing which machine one is: an LED blinks, and the answer says where it stands."""

import platform
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_LEDS: Final = ("/sys/class/leds/ACT", "/sys/class/leds/led0")
_MODEL: Final = Path("/proc/device-tree/model")
BLINKS: Final = 30
_HALF_S: Final = 0.25


def facts() -> dict[str, Any]:
    """The machine's name and model."""
    found = {"host": platform.node(), "machine": platform.machine()}
    with suppress(OSError, UnicodeDecodeError):
        found["model"] = _MODEL.read_text("ascii").strip("\0 \n")
    return found


def led(named: str) -> Path | None:
    """The LED that can blink: the named one or the board's own; None where there is none."""
    folders = [Path(named)] if named else [Path(folder) for folder in _LEDS]
    return next((folder for folder in folders if (folder / "brightness").exists()), None)


def blink(folder: Path) -> None:
    """Let it blink for a while, in a thread of its own; what it did before it does afterwards."""
    threading.Thread(target=_blink, args=(folder,), name="identify", daemon=True).start()


def _blink(folder: Path) -> None:
    pause = threading.Event()
    with suppress(OSError):
        trigger = _present(folder)
        _write(folder / "trigger", "none")
        for n in range(BLINKS * 2):
            _write(folder / "brightness", str(n % 2))
            pause.wait(_HALF_S)
        _write(folder / "trigger", trigger)


def _present(folder: Path) -> str:
    """What drives the LED now; the kernel puts it in brackets."""
    with suppress(OSError):
        words = (folder / "trigger").read_text("ascii").split()
        return next((word.strip("[]") for word in words if word.startswith("[")), "none")
    return "none"


def _write(path: Path, text: str) -> None:
    with suppress(FileNotFoundError):
        path.write_text(text, "ascii")
