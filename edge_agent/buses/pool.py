"""Several probes on one wire: each exchange has the wire for itself."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from edge_agent.buses.errors import BusError, NoAnswer

PATIENCE_S: Final = 10.0
"""So long a probe waits for the others on its wire."""


T = TypeVar("T")
W = TypeVar("W", bound="Closable")


class Closable(Protocol):
    """What can be given back."""

    def close(self) -> Any:  # noqa: ANN401  # whatever a library answers
        """Give it back."""


@dataclass(slots=True)
class _Held:
    wire: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pool:
    """The open wires by their names. A wire that failed is closed, and opened again by the next."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def exchange(self, name: str, opened: Callable[[], W], talk: Callable[[W], T]) -> T:
        """Talk on the wire of this name, alone; a BusError when others keep it too long."""
        with self._lock:
            held = self._held.setdefault(name, _Held())
        if not held.lock.acquire(timeout=self._patience_s):
            raise BusError(f"{name} is busy with other probes")
        try:
            if held.wire is None:
                held.wire = opened()
            return talk(held.wire)
        except NoAnswer:
            raise
        except BaseException:
            _close(held)
            raise
        finally:
            held.lock.release()


def _close(held: _Held) -> None:
    wire, held.wire = held.wire, None
    if wire is not None:
        with contextlib.suppress(OSError):
            wire.close()


POOL: Final = Pool()
"""The wires of this process."""
