"""The worker's loop: what is live goes first, and commits are grouped by what has arrived."""

import logging
import queue
import threading
from collections.abc import Sequence

from edge_agent.wire import topics
from server.telemetry.broker_plan import Address
from server.telemetry.record import Answer
from server.worker.client import Incoming
from server.worker.ingest import Desk, is_outage, on_messages, one_by_one
from server.worker.link import Link, wait

_LOG = logging.getLogger(__name__)
LIVE_AT_ONCE = 300
BACKLOG_AT_ONCE = 100
BACKLOG_BYTES_AT_ONCE = 128 * 1024
"""A live row may wait behind one group: of full messages of the backlog fewer are taken, some 50,000 readings."""
_LOOK_S = 0.25
_OUTAGE_WAIT_S = 0.5
_OUTAGES_TOGETHER = 3
"""After so many outages on end each message is tried alone: it may be one that brings the trouble."""


def no_larger(group: Sequence[Incoming], most: int) -> Sequence[Incoming]:
    """The beginning of a group that has at most so many bytes together; its first message in any case."""
    size = 0
    for n, message in enumerate(group):
        size += len(message.payload)
        if n and size > most:
            return group[:n]
    return group


class Loop:
    """Takes messages from two links until `stop` is set: live ones, and backlog behind them."""

    def __init__(self, desk: Desk, address: Address, stop: threading.Event) -> None:
        self.desk, self.stop = desk, stop
        desk.next = self._next
        self._outages = 0
        self.outgoing: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        """What other threads want published; this thread alone speaks to the broker."""
        live = topics.filters(
            "t", "ev", "hb", "state", "catalog", "cmd/res", "cfg/ack", prefix=desk.prefix
        )
        self.live = Link(address, "live", live)
        self.backlog = Link(address, "backlog", topics.filters("h", prefix=desk.prefix))

    @property
    def connected(self) -> bool:
        """Say whether both links stand."""
        return self.live.up and self.backlog.up

    @property
    def refusal(self) -> str:
        """Say why the broker refuses a link; empty where it does not."""
        return self.live.why or self.backlog.why

    def run(self) -> None:
        """Work until stopped; survives the loss of the broker and of the database."""
        links = (self.live, self.backlog)
        try:
            while not self.stop.is_set():
                for link in links:
                    link.tend()
                if not self.connected and not any(link.waiting for link in links):
                    self.stop.wait(0.02)
                self._publish_outgoing()
                wait(links, 0 if self.live.waiting or self.backlog.waiting else _LOOK_S)
                self._take_one_group()
        finally:
            for link in links:
                link.close()

    def _publish_outgoing(self) -> None:
        """Publish what waits; without a connection it is dropped, and sent again at a heartbeat."""
        while not self.outgoing.empty():
            one = self.outgoing.get()
            self.live.publish(one.topic, one.payload)
        self.live.flush()

    def _take_one_group(self) -> None:
        for link in (self.live, self.backlog):
            if group := link.take(len(self._group(link))):
                self._work_on(link, group)
                return

    def _next(self) -> Sequence[Incoming]:
        return self._group(self.live) or self._group(self.backlog)

    def _group(self, link: Link) -> Sequence[Incoming]:
        """What of a link would be worked on together."""
        if link is self.live:
            return link.next(LIVE_AT_ONCE)
        return no_larger(link.next(BACKLOG_AT_ONCE), BACKLOG_BYTES_AT_ONCE)

    def _work_on(self, link: Link, group: Sequence[Incoming]) -> None:
        try:
            answers = self._stored(group)
        except Exception as error:
            if not is_outage(error):
                raise
            _LOG.error("database not available", extra={"reason": str(error)[:300]})
            self._outages += 1
            link.give_back(group)
            self.stop.wait(_OUTAGE_WAIT_S)
            return
        self._outages = 0
        for answer in answers:
            self.live.publish(answer.topic, answer.payload)
        link.acknowledge(group)
        self.live.flush()
        link.flush()

    def _stored(self, group: Sequence[Incoming]) -> list[Answer]:
        if self._outages >= _OUTAGES_TOGETHER:
            return one_by_one(self.desk, group, after_outages=True)
        try:
            return on_messages(self.desk, group)
        except Exception as error:
            if is_outage(error):
                raise
            _LOG.warning(
                "group failed, its messages are tried one by one",
                extra={"reason": str(error)[:300]},
            )
            return one_by_one(self.desk, group)
