"""One lane: a thread that carries letters one after the other, the urgent ones first."""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, PriorityQueue

from server.core.clock import Clock
from server.outbox.channels import Carrier, NotSent
from server.outbox.claims import Outcome
from server.outbox.rules import SEND_WITHIN_S, Parcel, may_still_send

log = logging.getLogger(__name__)

_URGENT, _PLAIN, _END = 0, 1, -1


class Receiver:
    """Whether a receiver is up; lanes to the same mail server share one."""

    def __init__(self) -> None:
        self.down = True
        """Until it has taken a letter: what waits may have failed in a process before this one."""


class Lane:
    """Carries the letters of one receiver (or one mail server); what hangs here holds up no other."""

    def __init__(
        self,
        name: str,
        carrier: Carrier,
        receiver: Receiver,
        clock: Clock,
        report: Callable[[Outcome], None],
    ) -> None:
        self.carrier = carrier
        self.receiver = receiver
        self.clock = clock
        self.report = report
        self._waiting: PriorityQueue[tuple[int, int, Parcel | None]] = PriorityQueue()
        self._count = itertools.count()
        self._busy_since: float | None = None
        self._began = 0.0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def give(self, parcel: Parcel) -> None:
        """Let this letter be sent as soon as the lane is free."""
        order = _URGENT if parcel.urgent else _PLAIN
        self._waiting.put((order, next(self._count), parcel))

    def cut_if_late(self) -> None:
        """Break off an attempt that has lasted too long; it then counts as failed."""
        since = self._busy_since
        if since is not None and time.monotonic() - since > SEND_WITHIN_S:
            self.carrier.abort()

    def end(self) -> None:
        """Take no more letters; the attempt under way may finish."""
        self._waiting.put((_END, next(self._count), None))

    def join(self, timeout_s: float) -> None:
        """Wait for the end; an attempt that takes longer is cut."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.carrier.abort()
            self._thread.join(1)

    def _run(self) -> None:
        while True:
            parcel = self._waiting.get()[2]
            if parcel is None:
                break
            if may_still_send(parcel, self.clock.now()):  # else another sender may have it by now
                self._carry(parcel)
        self.carrier.close()

    def _carry(self, parcel: Parcel) -> None:
        self._busy_since = self._began = time.monotonic()
        try:
            self.carrier.send(parcel)
        except NotSent as error:
            self._failed(parcel, str(error), error.address_only)
        except Exception as error:
            log.exception("letter failed", extra={"letter": parcel.id, "channel": parcel.channel})
            self._failed(parcel, f"{type(error).__name__}: {error}", address_only=True)
        else:
            recovered, self.receiver.down = self.receiver.down, False
            took_ms = self._took_ms()
            self.report(Outcome(parcel, self.clock.now(), recovered=recovered, took_ms=took_ms))
        finally:
            self._busy_since = None

    def _failed(self, parcel: Parcel, why: str, address_only: bool) -> None:
        if not address_only:
            self.receiver.down = True
        log.warning(
            "letter not sent",
            extra={
                "letter": parcel.id,
                "channel": parcel.channel,
                "attempts": parcel.attempts + 1,
                "reason": why,
            },
        )
        put_off = () if address_only else tuple(self._drain())
        self.report(Outcome(parcel, self.clock.now(), why, put_off, took_ms=self._took_ms()))

    def _took_ms(self) -> int:
        """How long the attempt that has just ended took."""
        return round((time.monotonic() - self._began) * 1000)

    def _drain(self) -> list[Parcel]:
        found: list[Parcel] = []
        ended = False
        while True:
            try:
                parcel = self._waiting.get_nowait()[2]
            except Empty:
                break
            if parcel is None:
                ended = True
            else:
                found.append(parcel)
        if ended:
            self.end()
        return found
