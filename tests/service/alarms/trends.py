"""Hourly figures, lids and fills for the watchers of trends."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete

from server.alarms import jobs
from server.alarms.watchers import Watcher
from server.core.clock import FixedClock, to_ms
from server.core.db import Database
from server.telemetry.models import Agent, Channel, DeviceEvent, ReadingHour
from tests.service.alarms.bank import Bank

HOUR = timedelta(hours=1)


def fill_hours(
    database: Database, bank: Bank, key: str, begin: datetime, means: Sequence[float | None],
    spread: float = 0.5,
) -> datetime:  # fmt: skip
    """Store one hour a mean, None for a gap; returns the end of the last."""
    with database.writing() as session:
        for number, mean in enumerate(means):
            hour_ms = to_ms(begin + number * HOUR)
            of = (ReadingHour.channel_id == bank.channels[key], ReadingHour.hour_ms == hour_ms)
            session.execute(delete(ReadingHour).where(*of))
            if mean is not None:
                session.add(
                    ReadingHour(
                        channel_id=bank.channels[key], hour_ms=hour_ms, n=360, mean=mean,
                        least=mean - spread, greatest=mean + spread,
                    )
                )  # fmt: skip
    return begin + len(means) * HOUR


def tell(database: Database, bank: Bank, kind: str, at: datetime, facts: str = "{}") -> None:
    """Store what an agent tells of the freezer."""
    with database.writing() as session:
        agent_id = session.query(Agent.id).order_by(Agent.id).limit(1).scalar()
        session.add(
            DeviceEvent(
                agent_id=agent_id, freezer_id=bank.freezer_id, boot="b", seq=to_ms(at),
                at_ms=to_ms(at), kind=kind, facts=facts,
            )
        )  # fmt: skip


def read_now(database: Database, bank: Bank, key: str, value: float | None, at: datetime) -> None:
    """Let a channel have given this number just now; None for none."""
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels[key])
        channel.latest_value, channel.latest_at_ms = value, to_ms(at)
        if value is not None:
            channel.number_at_ms = to_ms(at)


def look(database: Database, findings: Watcher, now: datetime) -> int:
    """Run a watcher's job at this moment; returns how many episodes began or ended."""
    return int(jobs.watcher(findings)(database, FixedClock(now)))  # type: ignore[call-overload]  # it counts
