"""One look for all viewers: when the board has changed, everybody who waits is woken once."""

import threading
import time
from collections.abc import Callable, Hashable

from server.alarms import board
from server.core.db import Database
from server.core.wake import Waker

LOOK_S = 0.1
"""At most so often the board's stamp is looked at."""
FIGURES_S = 5.0
"""How soon figures of running alarms are shown anew, when no row has changed."""
IDLE_S = 60.0

Parts = dict[str, str]


class Hub:
    """Watches the board for one process; 200 viewers cost one look and one rendering a change."""

    def __init__(self, database: Database, waker: Waker | None) -> None:
        self._database = database
        self._waker = waker
        self._changed = threading.Condition()
        self._version = 1
        self._stamp: object = None
        self._told_at = 0.0
        self._asked_at = 0.0
        self._thread: threading.Thread | None = None
        self._rendering = threading.Lock()
        self._rendered: dict[Hashable, tuple[int, Parts]] = {}

    def wait(self, seen: int, timeout_s: float) -> int:
        """Wait until the board has changed after `seen`, or for the time given; returns its version."""
        with self._changed:
            self._asked_at = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="alarm board", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._version != seen, timeout_s)
            return self._version

    def parts(self, key: Hashable, render: Callable[[], Parts]) -> Parts:
        """Return what viewers of this kind see now; rendered once a change for all of them."""
        with self._rendering:
            version = self._version
            found = self._rendered.get(key)
            if found is None or found[0] != version:
                if len(self._rendered) > 200:
                    self._rendered.clear()
                found = self._rendered[key] = (version, render())
            return found[1]

    def look(self) -> None:
        """Wake the viewers if the board has changed, or if its figures are old."""
        with self._database.reading() as session:
            stamp = board.stamp(session)
        old = bool(stamp[0]) and time.monotonic() - self._told_at > FIGURES_S
        if stamp == self._stamp and not old:
            return
        with self._changed:
            self._stamp = stamp
            self._told_at = time.monotonic()
            self._version += 1
            self._changed.notify_all()

    def _watch(self) -> None:
        seen = 0
        while time.monotonic() - self._asked_at < IDLE_S:
            seen = self._waker.wait(seen, 1.0) if self._waker else seen
            time.sleep(LOOK_S)
            try:
                self.look()
            except Exception:  # noqa: BLE001  the database may be away for a while: look again
                time.sleep(1.0)
        with self._changed:
            self._thread = None
