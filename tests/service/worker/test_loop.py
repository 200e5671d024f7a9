"""The worker survives what happens around it: an outage of the database, a missing broker, the end."""

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.parties.models import Organisation
from server.telemetry import service
from server.telemetry.arrival import Arrival
from server.telemetry.broker_plan import Address
from server.telemetry.models import WorkerBeat, reading
from server.telemetry.record import Recorded, record
from server.worker.client import Incoming
from server.worker.ingest import Desk
from server.worker.jobs import Turn
from server.worker.link import Link, wait
from server.worker.loop import Loop, no_larger
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.processes import Process
from tests.support.refusing_broker import RefusingBroker
from tests.support.waiting import eventually


def message(seq: int) -> Incoming:
    body = {
        "v": 1, "boot": "k3v9x2m4q7ab", "seq": seq, "t0": 1_795_000_000_000 + seq, "clk": {"s": True},
        "ch": ["top_c"], "dt": [0], "rows": [[-180.0]],
    }  # fmt: skip
    return Incoming("ck1/main/tank-1/t/tank", json.dumps(body).encode(), seq, 1)


def enrol(database: Database) -> None:
    now = SystemClock().now()
    with database.writing() as session:
        bank = Organisation(code="BANK", name="Bank", created_at=now)
        session.add(bank)
        session.flush()
        service.enrol(session, Actor.system("tests"), "main", "tank-1", bank.id, at=now)


def test_what_arrives_during_an_outage_of_the_database_is_stored_after_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(database)
    loop = Loop(Desk(database, SystemClock()), Address("127.0.0.1", 1), threading.Event())
    group = [message(1), message(2), message(3)]
    acknowledged: list[int] = []
    monkeypatch.setattr(loop.live, "acknowledge", lambda ms: acknowledged.extend(m.mid for m in ms))
    monkeypatch.setattr("server.worker.loop._OUTAGE_WAIT_S", 0.01)

    with monkeypatch.context() as outage:
        outage.setattr(database, "writing", _away)
        loop._work_on(loop.live, group)
    assert acknowledged == []
    again = loop.live.take(300)
    loop._work_on(loop.live, again)

    assert again == group
    assert acknowledged == [1, 2, 3]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(reading)) == 3


@pytest.mark.parametrize(
    ("sizes", "taken"),
    [([], 0), ([500], 1), ([40, 60], 2), ([40, 61], 1), ([101, 1], 1), ([50, 50, 1, 1], 2)],
)
def test_a_group_of_the_backlog_is_no_larger_than_a_live_row_can_wait_for(
    sizes: list[int], taken: int
) -> None:
    group = [Incoming("ck1/main/tank-1/h/tank", bytes(n), 1, 1) for n in sizes]
    assert len(no_larger(group, 100)) == taken


def test_one_message_that_always_fails_as_an_outage_does_not_block_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(database)
    loop = Loop(Desk(database, SystemClock()), Address("127.0.0.1", 1), threading.Event())
    monkeypatch.setattr("server.worker.loop._OUTAGE_WAIT_S", 0.01)
    poison, answered = message(2), []
    monkeypatch.setattr(loop.live, "publish", lambda topic, _payload: answered.append(topic))
    monkeypatch.setattr("server.worker.ingest.record.record", _poisoned(poison, _away))

    group = [message(1), poison, message(3)]
    for _ in range(4):
        loop._work_on(loop.live, group)
        group = loop.live.take(300)

    assert group == []
    assert len(answered) == 2
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(reading)) == 2


def test_a_message_that_cannot_even_be_set_aside_is_left_unanswered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(database)
    loop = Loop(Desk(database, SystemClock()), Address("127.0.0.1", 1), threading.Event())
    poison, answered = message(1), []
    monkeypatch.setattr(loop.live, "publish", lambda topic, _payload: answered.append(topic))
    monkeypatch.setattr("server.worker.ingest.record.record", _poisoned(poison, _breaks))
    monkeypatch.setattr("server.worker.ingest.rejected.keep", lambda *_, **__: _breaks())

    loop._work_on(loop.live, [poison, message(2)])

    assert len(answered) == 1


def _poisoned(poison: Incoming, fail: Callable[[], None]) -> Callable[..., Recorded]:
    def take(session: Session, arrivals: Sequence[Arrival], *rest: Any, **more: Any) -> Recorded:
        if any(arrival.payload == poison.payload for arrival in arrivals):
            fail()
        return record(session, arrivals, *rest, **more)

    return take


def _breaks() -> None:
    raise ValueError("nobody expected this")


def _away() -> None:
    raise OperationalError("BEGIN", {}, ConnectionError("the database is away"))


def test_one_worker_at_a_time_runs_the_jobs(database: Database) -> None:
    other_database = Database(database.url.render_as_string(hide_password=False))
    first, second = Turn(database), Turn(other_database)

    assert first.mine()
    assert not second.mine()
    assert first.mine()
    first.give_up()
    assert eventually(second.mine)
    second.give_up()
    other_database.close()


def test_many_threads_may_ask_for_the_turn_at_once(database: Database) -> None:
    turn = Turn(database)
    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(lambda _: turn.mine(), range(200)))
    finally:
        turn.give_up()


@pytest.mark.needs("mosquitto")
def test_a_worker_waits_for_its_broker_gives_signs_of_life_and_ends_at_once(
    tmp_path: Path, database: Database, process: Callable[..., Process]
) -> None:
    port = free_port()
    environment = {
        "CRYOKEEP_HOME": str(tmp_path / "home"),
        "CRYOKEEP_DATABASE": database.url.render_as_string(hide_password=False),
        "CRYOKEEP_BROKER": f"mqtt://tests:tests-only@127.0.0.1:{port}",
    }
    worker = process([sys.executable, "-m", "server", "worker"], env=environment, name="worker")
    assert eventually(lambda: _beats(database) == [False], timeout=60)

    broker = Mosquitto(port=port)
    try:
        assert eventually(lambda: _beats(database) == [True], timeout=30)
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < 4  # two seconds, on a machine that does nothing else
        assert _beats(database) == []
    finally:
        broker.stop()


def test_a_refused_subscription_is_no_connection_and_says_why() -> None:
    broker = RefusingBroker()
    link = Link(Address("127.0.0.1", broker.port), "live", ["ck1/+/+/t/+"])

    def tried_again() -> bool:
        link.tend()
        wait([link], 0.05)
        assert not link.up
        return broker.refusals >= 2

    try:
        assert eventually(tried_again)
    finally:
        link.close()
        broker.stop()
    assert link.why.startswith("the broker refuses the subscription: ck1/+/+/t/+")


@pytest.mark.needs("mosquitto")
def test_what_the_broker_kept_is_known_as_kept() -> None:
    broker = Mosquitto()
    address = Address(broker.host, broker.port, broker.username, broker.password)
    speaker, listener = Link(address, "a", ["x"]), Link(address, "b", ["ck1/main/+/state"])

    def up(link: Link) -> bool:
        link.tend()
        wait([link], 0.05)
        return link.up

    def heard() -> list[Incoming]:
        up(listener)
        return listener.take(9)

    try:
        assert eventually(lambda: up(speaker))
        assert speaker._client
        speaker._client.publish("ck1/main/kept/state", b"1", qos=1, retain=True)
        assert eventually(lambda: up(speaker) and up(listener))
        assert [m.retained for m in eventually(heard)] == [True]
        speaker.publish("ck1/main/said/state", b"1")
        assert eventually(lambda: up(speaker))
        assert [m.retained for m in eventually(heard)] == [False]
    finally:
        speaker.close()
        listener.close()
        broker.stop()


def _beats(database: Database) -> list[bool]:
    with database.reading() as session:
        return list(session.scalars(select(WorkerBeat.broker_connected)))
