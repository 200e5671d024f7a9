"""Sends what the outbox holds: woken by commits, one lane per receiver, marked in batches."""

import contextlib
import logging
import os
import random
import socket
import threading
import time
from queue import Empty, SimpleQueue
from secrets import token_hex

from sqlalchemy.exc import SQLAlchemyError

from server.core.address import base_url
from server.core.clock import Clock
from server.core.db import Database
from server.core.settings import Settings
from server.core.wake import Waker, announce
from server.outbox import claims, desk, gateways
from server.outbox.channels import Carrier, MakeCarrier
from server.outbox.claims import Outcome
from server.outbox.gateways import GatewayCarrier
from server.outbox.lane import Lane, Receiver
from server.outbox.rules import GATEWAY, LETTERS, Parcel, lane_of, receiver_of
from server.outbox.smtp import MailServer, SmtpCarrier
from server.outbox.webhook import WebhookCarrier

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How long due letters may lie when nobody wakes the sender: the backstop of its wakers."""
BREATH_S = 0.1
"""Between two looks, however often it is woken."""
MARK_AFTER_S = 0.5
"""So long after the first letter what else was sent is marked in the same commit: alarms go first."""
OVERDUE_S = 60.0
"""Between two looks for letters that are too old."""
SECRET_KEPT_S = 10.0
RUN = token_hex(4)
"""This run of the program: after a restart of a container the next one may have the same number."""


class Sender:
    """The sender of one process. Letters leave at least once; a repeat has the same message id."""

    def __init__(
        self, database: Database, settings: Settings, waker: Waker | None, clock: Clock
    ) -> None:
        self.database = database
        self.clock = clock
        self.name = f"{socket.gethostname()}:{os.getpid()}:{RUN}:{token_hex(4)}"
        self.public_url = base_url(settings)
        self._waker = waker
        self._poked = threading.Event()
        self._stop = threading.Event()
        self._lanes: dict[str, Lane] = {}
        self._overdue_at = 0.0
        self._receivers: dict[str, Receiver] = {}
        self._lanes_lock = threading.Lock()
        self._outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
        self._secrets: dict[tuple[int | None, str], tuple[float, str]] = {}
        self._channels: dict[str, MakeCarrier] = {"webhook": self._webhook}
        if gateways.is_installed():
            self._channels[GATEWAY] = lambda: GatewayCarrier(self.public_url)
        if settings.smtp:
            server = MailServer.read(settings.smtp)
            self._channels["smtp"] = lambda: SmtpCarrier(
                server, settings.mail_from, self.public_url
            )
        self._threads = [
            threading.Thread(target=self._look, name="outbox looks", daemon=True),
            threading.Thread(target=self._mark, name="outbox marks", daemon=True),
        ]

    def add_channel(self, channel: str, make: MakeCarrier) -> None:
        """Let letters of another channel leave too; call it before `start`."""
        self._channels[channel] = make

    def start(self) -> None:
        """Begin to send, and take letters of this process at their commit."""
        self._free_the_claims_of_the_dead()
        desk.open_at(self.database, self)
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Finish what is under way (cut after the time given), give back the rest, and end."""
        desk.close_at(self.database)
        self._stop.set()
        self.poke()
        self._threads[0].join(timeout_s)
        with self._lanes_lock:
            lanes = list(self._lanes.values())
        ends = time.monotonic() + timeout_s
        for lane in lanes:
            lane.end()
        for lane in lanes:
            lane.join(max(ends - time.monotonic(), 0.01))
        self._outcomes.put(None)
        self._threads[1].join(timeout_s)
        with contextlib.suppress(SQLAlchemyError), self.database.writing() as session:
            claims.release(session, self.name, self.clock.now())

    def poke(self) -> None:
        """Look for letters now; any thread may call it."""
        self._poked.set()
        if self._waker is not None:
            self._waker.ring()

    def carries(self, channel: str) -> bool:
        """Say whether letters of this channel can leave."""
        return channel in self._channels and not self._stop.is_set()

    def take(self, parcels: list[Parcel]) -> None:
        """Send these; they are committed, and claimed for this sender."""
        for parcel in parcels:
            self._lane(parcel).give(parcel)

    def _lane(self, parcel: Parcel) -> Lane:
        name = lane_of(parcel.channel, parcel.address)
        with self._lanes_lock:
            lane = self._lanes.get(name)
            if lane is None:
                carrier = self._channels[parcel.channel]()
                receiver = self._receivers.setdefault(
                    receiver_of(parcel.channel, parcel.address), Receiver()
                )
                lane = Lane(name, carrier, receiver, self.clock, self._outcomes.put)
                self._lanes[name] = lane
            return lane

    def _webhook(self) -> Carrier:
        return WebhookCarrier(self.clock, self.public_url, self._secret_of)

    def _secret_of(self, parcel: Parcel) -> str:
        whose = (parcel.org_id, parcel.address)
        read_at, secret = self._secrets.get(whose, (0.0, ""))
        if time.monotonic() - read_at > SECRET_KEPT_S or not read_at:
            with self.database.reading() as session:
                secret = claims.secret_of(session, *whose)
            self._secrets[whose] = (time.monotonic(), secret)
        return secret

    def _look(self) -> None:
        seen = 0
        while not self._stop.is_set():
            try:
                self._give_up_overdue()
                full = self._claim_due()
            except SQLAlchemyError:
                log.exception("outbox could not look for letters")
                full = False
            self._cut_late_lanes()
            self._stop.wait(BREATH_S)
            if full:
                continue
            if self._waker is not None:
                seen = self._waker.wait(seen, LOOK_S, LETTERS)
            else:
                self._poked.wait(LOOK_S)
            self._poked.clear()

    def _give_up_overdue(self) -> None:
        """Letters that no channel of this sender carries grow old too, and must not all leave one day."""
        if time.monotonic() < self._overdue_at:
            return
        now = self.clock.now()
        with self.database.reading() as session:
            ids = claims.overdue(session, now)
        if ids:
            with self.database.writing() as session:
                given_up = claims.give_up(session, ids, now)
            for letter_id in given_up:
                log.error("letter given up", extra={"letter": letter_id})
        if len(ids) < claims.AT_ONCE:
            self._overdue_at = time.monotonic() + OVERDUE_S

    def _claim_due(self) -> bool:
        now = self.clock.now()
        with self.database.reading() as session:
            ids = claims.due(session, list(self._channels), now)
        if not ids:
            return False
        with self.database.writing() as session:
            parcels = claims.claim(session, ids, self.name, now)
        self.take(parcels)
        return len(ids) == claims.AT_ONCE

    def _cut_late_lanes(self) -> None:
        with self._lanes_lock:
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.cut_if_late()

    def _mark(self) -> None:
        going = True
        left: list[Outcome] = []
        while going or left:
            going = self._gather(left) and going
            if not left:
                continue
            try:
                self._write(left)
                left = []
            except SQLAlchemyError:
                log.exception("outbox could not mark letters")
                if not going:
                    return  # their claims run out; they are sent again with the same message id

    def _gather(self, into: list[Outcome]) -> bool:
        """Add what comes in; False when the sender ends."""
        wait_s = None if not into else MARK_AFTER_S  # what could not be written is tried again
        ends = time.monotonic() + MARK_AFTER_S
        while len(into) < claims.AT_ONCE:
            try:
                found = self._outcomes.get(timeout=wait_s)
            except Empty:
                return True
            if found is None:
                return False
            if not into:
                ends = time.monotonic() + MARK_AFTER_S
            into.append(found)
            wait_s = max(ends - time.monotonic(), 0.0)
        return True

    def _write(self, outcomes: list[Outcome]) -> None:
        with self.database.writing() as session:
            given_up = claims.mark(session, outcomes, random.random())  # noqa: S311  jitter is no secret
            announce(session, LETTERS if any(o.recovered for o in outcomes) else "sent")
        for parcel in given_up:
            log.error("letter given up", extra={"letter": parcel.id, "channel": parcel.channel})

    def _free_the_claims_of_the_dead(self) -> None:
        """A sender of this machine whose process is gone will not come back for its letters."""
        with self.database.reading() as session:
            dead = [name for name in claims.claimants(session) if _is_dead(name)]
        if dead:
            with self.database.writing() as session:
                for name in dead:
                    claims.release(session, name, self.clock.now(), died=True)


def _is_dead(name: str) -> bool:
    host, _, rest = name.partition(":")
    pid, _, run = rest.partition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    if int(pid) == os.getpid():
        return run.partition(":")[0] != RUN
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
