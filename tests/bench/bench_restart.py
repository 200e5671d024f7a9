"""From a killed worker's next start until it judges readings again, with 10,000 episodes open."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from server.alarms.models import AlarmRule, Episode, RuleState
from server.core.clock import SystemClock, to_ms
from server.notify.models import Call
from server.telemetry.models import Channel
from tests.bench.bench_alarms import WARM, Excursions, webhooks
from tests.bench.house import House, house
from tests.bench.rows import Row
from tests.support.waiting import eventually
from tests.support.webhook import WebhookReceiver

OPEN = 10_000
"""A third of them acknowledged with an end, the others called for by a call that waits a day."""
AIM_S = 5.0
DAY = timedelta(days=1)


def rows() -> Iterator[Row]:
    """Measure on both databases."""
    for dialect, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        receiver = WebhookReceiver()
        try:
            with house(dialect, webhook=receiver.url, delay_on_s=0.0) as built:
                yield _measure(built, receiver, name)
        finally:
            receiver.stop()


def _measure(built: House, receiver: WebhookReceiver, name: str) -> Row:
    fill(built)
    excursions = Excursions(built, webhooks(receiver))
    excursions.one()
    eventually(lambda: _open(built, "critical") == 0)  # the next one begins anew
    assert built.worker
    built.worker.kill()
    published = SystemClock().now()
    began = time.perf_counter()
    built.start_worker()

    def told() -> float | None:
        excursions.publish(WARM)  # as an agent does, until it is settled
        return _told(receiver, published)

    took = eventually(told, timeout=60, every=0.1) - began
    assert _open(built, "warning") >= OPEN, "alarms were lost"
    return Row(f"restart to judging, {OPEN:,} episodes open, {name}", took, "s", AIM_S, "less")


def _told(receiver: WebhookReceiver, published: datetime) -> float | None:
    """Return the moment of the notice about the reading that was published then; None before it came."""
    return next(
        (
            call.at
            for call in receiver.calls
            if call.json.get("alarm_kind") == "high"
            and datetime.fromisoformat(call.json["raised_at"])
            >= published - timedelta(milliseconds=1)
        ),
        None,
    )


def fill(built: House) -> None:
    """Write the rules, their open episodes, where judging stands with each, and the calls about them."""
    now = SystemClock().now()
    with built.database.writing() as session:
        channel = session.scalars(select(Channel).order_by(Channel.id.desc())).first()
        assert channel is not None
        own: Mapping[str, Any] = {
            "org_id": channel.agent.org_id,
            "kind": "high",
            "severity": "warning",
        }
        first = (session.scalar(select(func.max(AlarmRule.id))) or 0) + 1
        numbers = range(first, first + OPEN)
        rule = {
            **own, "channel_id": channel.id, "created_at": now, "ack_timeout_s": 86_400.0,
            "params": "{}",
        }  # fmt: skip
        session.execute(insert(AlarmRule), [{**rule, "id": n, "value": float(n)} for n in numbers])
        session.execute(insert(Episode), [_episode(own, channel.id, n, now) for n in numbers])
        session.execute(
            insert(RuleState),
            [
                {"rule_id": n, "drill": "", "phase": "active", "since_ms": to_ms(now)}
                for n in numbers
            ],
        )
        called = select(Episode.id).where(Episode.acknowledged_at.is_(None))
        call = {
            "org_id": own["org_id"], "about_kind": "alarm", "severity": "warning", "words": "{}",
            "next_position": 2, "due_at": now + DAY, "began_at": now,
        }  # fmt: skip
        session.execute(insert(Call), [{**call, "about_id": n} for n in session.scalars(called)])


def _episode(own: Mapping[str, Any], channel_id: int, number: int, now: Any) -> dict[str, Any]:
    held = number % 3 == 0
    return {
        **own, "rule_id": number, "channel_id": channel_id, "limit_value": float(number), "drill": "",
        "raised_at": now - DAY, "recorded_at": now - DAY, "raised_value": -100.0, "worst_value": -100.0,
        "acknowledged_at": now if held else None,
        "realarm_at": now + DAY if held else None,
    }  # fmt: skip


def _open(built: House, severity: str) -> int:
    with built.database.reading() as session:
        going_on = Episode.cleared_at.is_(None), Episode.severity == severity
        return session.scalar(select(func.count()).select_from(Episode).where(*going_on)) or 0
