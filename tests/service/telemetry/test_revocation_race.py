"""A revocation commits while rows are flowing: from that commit on nothing is stored or settled."""

import json
import threading

import pytest
from sqlalchemy import func, select

from edge_agent.wire.codec import decode_answer
from edge_agent.wire.messages import Ack
from server.core.clock import FixedClock, to_ms
from server.core.db import Database
from server.telemetry import service
from server.telemetry.models import Agent, Settled, reading
from server.worker.client import Incoming
from server.worker.ingest import Desk, on_messages
from tests.service.telemetry.test_ingest import ACTOR, BOOT, NOW, Bench
from tests.support.waiting import eventually

ROUNDS = 6
WORKERS = 2
ROWS = 20


class Flow:
    """Rows of one agent, one message after the other, as a worker takes them in, until told to stop."""

    def __init__(self, database: Database, boot: str) -> None:
        self.desk, self.boot = Desk(database, FixedClock(NOW)), boot
        self.stop = threading.Event()
        self.acknowledged = 0
        self.sent = 0
        self.failed: Exception | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            while not self.stop.is_set():
                self._one()
        except Exception as error:  # noqa: BLE001  told by the test
            self.failed = error

    def _one(self) -> None:
        first = self.sent + 1
        message = {
            "v": 1, "boot": self.boot, "seq": first, "t0": to_ms(NOW) + first, "clk": {"s": True},
            "ch": ["top_c"], "dt": list(range(ROWS)), "rows": [[-180.0]] * ROWS,
        }  # fmt: skip
        group = [Incoming("ck1/main/tank-1/t/tank", json.dumps(message).encode(), 1, 1)]
        answers = on_messages(self.desk, group)
        self.sent += ROWS
        found = [decode_answer(answer.payload) for answer in answers]
        if found and isinstance(found[0], Ack):
            self.acknowledged = max(self.acknowledged, found[0].upto)


def stored(database: Database) -> tuple[int, str]:
    """How many readings there are, and which rows are settled, seen at one moment."""
    with database.reading() as session:
        count = session.scalar(select(func.count()).select_from(reading)) or 0
        settled = sorted(session.scalars(select(Settled.ranges)))
        return count, str(settled)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_nothing_with_a_later_commit_is_stored_or_settled(database: Database, round_: int) -> None:
    Bench(database)
    flows = [Flow(database, f"{BOOT[:-1]}{n}") for n in range(WORKERS)]
    for flow in flows:
        flow.thread.start()
    try:
        _wait_for_rows(database)
        with database.writing() as session:
            agent = session.scalars(select(Agent)).one()
            service.revoke(session, ACTOR, agent, at=NOW)
        at_revocation = stored(database)
        sent = [flow.sent for flow in flows]
        _wait_until(lambda: all(f.sent > n + 3 * ROWS for f, n in zip(flows, sent, strict=True)))
    finally:
        for flow in flows:
            flow.stop.set()
            flow.thread.join(30)

    assert [flow.failed for flow in flows] == [None] * WORKERS
    assert stored(database) == at_revocation
    assert sum(flow.acknowledged for flow in flows) <= at_revocation[0]
    assert at_revocation[0] > 0


def _wait_for_rows(database: Database) -> None:
    _wait_until(lambda: stored(database)[0] > 3 * ROWS)


def _wait_until(so) -> None:
    eventually(so, timeout=30)
