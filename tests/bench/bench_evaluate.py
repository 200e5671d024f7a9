"""How many channel samples a second the judge weighs on one core: the decision alone, and as the worker does it."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from sqlalchemy import select

from edge_agent.wire.limits import NORMAL, Limit, judge
from server.alarms.ingest import Judge
from server.alarms.models import AlarmRule
from server.core.clock import SystemClock, to_ms
from server.telemetry.columns import Column
from server.telemetry.models import Channel
from tests.bench.house import House
from tests.bench.rows import Row

AIM = 300_000
SAMPLES = 200_000
GROUP = 60
"""Readings of a channel in a group, as a backlog brings them: 12 rows of five messages."""
ROUNDS = 5


def rows() -> Iterator[Row]:
    """Measure the decision by itself, then groups of 100 channels with three rules each on both databases."""
    yield Row("rule evaluation, one sample at a time", _alone(), "samples/s", AIM, "more")
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        house = House(dialect)
        try:
            _watch_probes(house)
            for label, part in (("quiet", 0.0), ("1 of 100 beyond a limit", 0.01)):
                found = _as_the_worker(house, part)
                yield Row(f"rule evaluation, {label}, {name}", found, "samples/s", AIM, "more")
        finally:
            house.close()


def _alone() -> float:
    """Samples a second through `judge`, one after the other; one of a hundred is beyond the limit."""
    chance = random.Random(1)
    values = [-90.0 if chance.random() < 0.01 else -177 + chance.random() for _ in range(SAMPLES)]
    limit = Limit("high", -150.0, 2.0, 60_000)

    def weigh() -> int:
        state = NORMAL
        for at, value in enumerate(values):
            state, _change = judge(limit, state, at * 1000, value, 0)
        return len(values)

    return _rate(weigh)


def _as_the_worker(house: House, beyond: float) -> float:
    """Samples a second through `Judge.consider` in the worker's transaction, states read and kept."""
    chance, judged = random.Random(1), Judge()
    with house.database.reading() as session:
        channels = session.scalars(select(Channel.id).order_by(Channel.id)).all()
    now = SystemClock().now()
    turn = iter(range(1, 1_000))

    def weigh() -> int:
        at = now + timedelta(seconds=10 * GROUP * next(turn))
        columns = [_column(one, to_ms(at), chance, beyond) for one in channels]
        began = time.perf_counter()
        with house.database.writing() as session:
            judged.consider(session, columns, now=at)
        took.append(time.perf_counter() - began)
        return len(columns) * GROUP

    took: list[float] = []
    weigh()  # the rules are read once
    took.clear()
    samples = sum(weigh() for _ in range(ROUNDS * 4))
    return samples / sum(took)


def _column(channel_id: int, end_ms: int, chance: random.Random, beyond: float) -> Column:
    """A channel's readings of ten minutes, inside both limits of every channel of the house but for some."""
    values: list[float | None] = [
        1e6 if chance.random() < beyond else -200 + chance.random() for _ in range(GROUP)
    ]
    times = [end_ms - 10_000 * (GROUP - 1 - i) for i in range(GROUP)]
    return Column(channel_id, "", times, values, [0] * GROUP)


def _watch_probes(house: House) -> None:
    now = SystemClock().now()
    with house.database.writing() as session:
        for channel in session.scalars(select(Channel)).all():
            session.add(
                AlarmRule(
                    org_id=channel.agent.org_id, channel_id=channel.id, kind="probe_fault",
                    severity="high", value=0.0, delay_on_s=60.0, created_at=now,
                )
            )  # fmt: skip


def _rate(work: Callable[[], int]) -> float:
    """Return the median of how much a second is done."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found.append(work() / (time.perf_counter() - began))
    return statistics.median(found)
