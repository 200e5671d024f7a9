"""Reads a device on a thread of its own, so that a slow or hung one holds up nobody else."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from edge_agent.buses.errors import BusError
from edge_agent.clock import Moment, steady_ms
from edge_agent.probes.device import Device, Finding, Found, Rhythm
from edge_agent.probes.faults import FaultWatch
from edge_agent.probes.probe import Sample
from edge_agent.wire.quality import Quality

_LOG = logging.getLogger(__name__)
_LAST_READING_S: Final = 0.5


class Aside:
    """The probe of a hardware driver. `read` never waits: it hands over the newest finding.

    A finding older than the rhythm allows is never handed over again: its channels were not sampled.
    What failed is closed and opened again at the next turn.
    """

    catches_up = False

    def __init__(
        self,
        channels: Sequence[str],
        opened: Callable[[], Device],
        rhythm: Rhythm,
        now_ms: Callable[[], int] = steady_ms,
    ) -> None:
        self.channels = tuple(channels)
        self._opened, self._rhythm, self._now_ms = opened, rhythm, now_ms
        self._lock = threading.Lock()
        self._newest: Finding | None = None
        self._newest_ms = 0
        self._events: list[tuple[int, Mapping[str, Any]]] = []
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._faults = FaultWatch()

    def done(self) -> bool:
        """Never: a device is read as long as the agent runs."""
        return False

    def read(self, now: Moment) -> Sequence[Sample]:
        """The newest finding; nothing while the first one may still come."""
        now_ms = self._now_ms()
        if self._thread is None:
            self._begin(now_ms)
        with self._lock:
            newest, taken_ms, noticed = self._newest, self._newest_ms, self._events
            self._events = []
        age_ms = now_ms - taken_ms
        if age_ms > self._rhythm.oldest_ms:
            silent = f"no answer for more than {self._rhythm.oldest_ms / 1000:g} s"
            newest = self._all(Quality.NOT_SAMPLED, silent)
        if newest is None:
            return []
        events: list[Mapping[str, Any]] = [
            {**e, "ago_ms": e.get("ago_ms", 0) + now_ms - at} for at, e in noticed
        ]
        faults = self._fault_events(newest, now_ms)
        for fault in faults:
            _LOG.warning("%s", ", ".join(f"{key} {fact}" for key, fact in fault.items()))
        events += faults
        values = tuple(f.value for f in newest.found)
        return [Sample(values, tuple(int(f.q) for f in newest.found), tuple(events))]

    def close(self) -> None:
        """Let the device go after its present reading; one that hangs is not waited for."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=_LAST_READING_S)

    def _begin(self, now_ms: int) -> None:
        self._newest_ms = now_ms
        self._thread = threading.Thread(
            target=self._work, name=f"probe {self.channels[0]}", daemon=True
        )
        self._thread.start()

    def _work(self) -> None:
        device: Device | None = None
        due_ms = self._now_ms()
        while not self._stopped.wait(max(0, due_ms - self._now_ms()) / 1000):
            due_ms = max(due_ms + self._rhythm.every_ms, self._now_ms())
            try:
                device = device or self._opened()
                finding = _finite(device.read(self._now_ms()))
            except Exception as error:  # noqa: BLE001  # whatever a library throws is told and tried again
                finding, device = self._failed(error, device), None
            self._take(finding)
        _close(device)

    def _failed(self, error: Exception, device: Device | None) -> Finding:
        if not isinstance(error, BusError | OSError):
            _LOG.exception("the driver of %s failed", ", ".join(self.channels), exc_info=error)
        _close(device)
        return self._all(Quality.BUS_ERROR, f"{error}"[:200] or type(error).__name__)

    def _take(self, finding: Finding) -> None:
        now_ms = self._now_ms()
        with self._lock:
            self._newest, self._newest_ms = finding, now_ms
            self._events += [(now_ms, event) for event in finding.events]

    def _all(self, q: Quality, fault: str) -> Finding:
        return Finding(tuple(Found(None, q, fault) for _ in self.channels))

    def _fault_events(self, finding: Finding, now_ms: int) -> list[Mapping[str, Any]]:
        return [
            event
            for channel, found in zip(self.channels, finding.found, strict=True)
            for event in self._faults.consider(channel, found.q, found.fault, now_ms)
        ]


def _finite(finding: Finding) -> Finding:
    """The same, with a fault in place of what is no number: it could stand in no message."""
    if all(f.value is None or isfinite(f.value) for f in finding.found):
        return finding
    odd = Found(None, Quality.BUS_ERROR, "the device gives what is no number")
    found = tuple(f if f.value is None or isfinite(f.value) else odd for f in finding.found)
    return Finding(found, finding.events)


def _close(device: Device | None) -> None:
    if device is not None:
        with contextlib.suppress(Exception):
            device.close()
