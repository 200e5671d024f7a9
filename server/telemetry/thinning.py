"""Thinning: readings that are old enough go, their minutes stay; later the minutes go, the hours stay.

Only what has been rolled up goes, an hour at a time, in short transactions, and never within a time
that is kept. Each hour then says itself how fine it is kept; what went is counted by channel and day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, delete, select, update
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import to_ms
from server.core.db import Database
from server.telemetry import retention
from server.telemetry.columns import HOUR_MS
from server.telemetry.figure_models import HOURS, MINUTES, READINGS
from server.telemetry.models import (
    Agent,
    Channel,
    HourDue,
    ReadingHour,
    ReadingMinute,
    Thinning,
    reading,
)
from server.telemetry.retention import DAY_MS

ROWS_AT_ONCE = 10_000
"""Readings a transaction: some tens of milliseconds."""
LOOKED_AT = 24 * 31
"""Hours of one channel that are looked at together."""
SLICES = 60
"""Transactions a run; what is left comes with the next one."""
ACTOR = Actor.system("retention", "worker")


@dataclass(frozen=True)
class Step:
    """What may go of one channel: hours of this grain that ended before this moment."""

    channel_id: int
    org_id: int
    grain: int
    before_ms: int


def thin(database: Database, now: datetime) -> int:
    """Thin what is old enough, in short transactions; returns how many hours were thinned."""
    done = slices = 0
    for step in _steps(database, now):
        for hours in _slices(database, step):
            if slices >= SLICES:
                return done
            slices += 1
            with database.writing() as session:
                done += _thin(session, step, hours, now)
    return done


def _steps(database: Database, now: datetime) -> list[Step]:
    """Return what may go, channel by channel; logs that were brought in are small and stay."""
    wanted = select(Channel.id, Channel.key, Agent.org_id).join(Agent).where(~Agent.of_logs)
    with database.reading() as session:
        days = retention.all_days(session)
        channels = session.execute(wanted.order_by(Channel.id)).all()
    steps = []
    for channel_id, key, org_id in channels:
        held = retention.days_for(days, org_id, key)
        for grain, count in ((READINGS, held.raw), (MINUTES, held.minute)):
            if count is not None:
                steps.append(Step(channel_id, org_id, grain, to_ms(now) - count * DAY_MS))
    return steps


def _slices(database: Database, step: Step) -> Iterator[list[int]]:
    """Yield the hours that may go, some at a time; those that are kept are passed over."""
    after = -1
    while True:
        with database.reading() as session:
            found = session.execute(
                _ripe(step).where(ReadingHour.hour_ms > after).limit(LOOKED_AT)
            ).all()
            if not found:
                return
            spans = _kept(session, step, found[0].hour_ms, found[-1].hour_ms + HOUR_MS)
        free = [(row.hour_ms, row.n) for row in found if not is_within(row.hour_ms, spans)]
        yield from batches(free, step.grain)
        after = found[-1].hour_ms


def _ripe(step: Step) -> Select[int, int]:
    return (
        select(ReadingHour.hour_ms, ReadingHour.n)
        .where(ReadingHour.channel_id == step.channel_id, ReadingHour.grain == step.grain)
        .where(ReadingHour.hour_ms <= step.before_ms - HOUR_MS, ReadingHour.gap_s.is_not(None))
        .where(~_is_due())
        .order_by(ReadingHour.hour_ms)
    )


def _is_due() -> ColumnElement[bool]:
    same = HourDue.channel_id == ReadingHour.channel_id, HourDue.hour_ms == ReadingHour.hour_ms
    return select(HourDue.hour_ms).where(*same).exists()


def _kept(session: Session, step: Step, from_ms: int, to_ms: int) -> list[retention.Span]:
    return retention.kept(session, session.get_one(Channel, step.channel_id), from_ms, to_ms)


def is_within(hour_ms: int, spans: Sequence[retention.Span]) -> bool:
    """Say whether an hour touches one of the spans."""
    return any(begin < hour_ms + HOUR_MS and end > hour_ms for begin, end in spans)


def batches(hours: Sequence[tuple[int, int]], grain: int) -> Iterator[list[int]]:
    """Yield the hours (when, how many numbers) so that each batch has at most 10,000 rows to delete."""
    some: list[int] = []
    rows = 0
    for hour_ms, n in hours:
        count = n if grain == READINGS else min(n, 60)
        if some and rows + count > ROWS_AT_ONCE:
            yield some
            some, rows = [], 0
        some.append(hour_ms)
        rows += count
    if some:
        yield some


def _thin(session: Session, step: Step, hours: Sequence[int], now: datetime) -> int:
    """Delete what is finer in those of these hours that are still ripe and not kept."""
    wanted = _ripe(step).where(ReadingHour.hour_ms.in_(hours)).with_for_update()
    ripe = [row.hour_ms for row in session.execute(wanted)]
    if not ripe:
        return 0
    spans = _kept(session, step, ripe[0], ripe[-1] + HOUR_MS)
    ripe = [hour_ms for hour_ms in ripe if not is_within(hour_ms, spans)]
    rows = sum(_delete(session, step, hour_ms) for hour_ms in ripe)
    if ripe:
        same = ReadingHour.channel_id == step.channel_id, ReadingHour.hour_ms.in_(ripe)
        session.execute(update(ReadingHour).where(*same).values(grain=step.grain + 1))
        _record(session, step, ripe, rows, now)
    return len(ripe)


def _delete(session: Session, step: Step, hour_ms: int) -> int:
    table, at = _finer(step.grain)
    statement = delete(table).where(
        table.c.channel_id == step.channel_id, at >= hour_ms, at < hour_ms + HOUR_MS
    )
    return session.execute(statement).rowcount  # type: ignore[attr-defined, no-any-return]  # a delete has one


def _finer(grain: int) -> tuple[Table, ColumnElement[int]]:
    if grain == READINGS:
        return reading, reading.c.at_ms
    minutes = ReadingMinute.__table__
    assert isinstance(minutes, Table)
    return minutes, minutes.c.minute_ms


def _record(
    session: Session, step: Step, hours: Sequence[int], rows: int, now: datetime
) -> None:  # fmt: skip
    """Count what went, in the row of the channel and the day; the first of a day goes into the record."""
    left, day = step.grain + 1, f"{now:%Y-%m-%d}"
    same = Thinning.channel_id == step.channel_id, Thinning.grain == left, Thinning.day == day
    row = session.scalars(select(Thinning).where(*same).with_for_update()).first()
    if row is None:
        row = Thinning(
            org_id=step.org_id, channel_id=step.channel_id, grain=left, day=day, from_ms=hours[0],
            to_ms=hours[-1] + HOUR_MS, hours=0, rows=0, last_at=now,
        )  # fmt: skip
        session.add(row)
        audit.record(
            session, ACTOR, "readings.thinned", "channel", _name(session, step.channel_id), at=now,
            org_id=step.org_id, left={MINUTES: "minutes", HOURS: "hours"}[left], before_ms=step.before_ms,
        )  # fmt: skip
    row.from_ms, row.to_ms = min(row.from_ms, hours[0]), max(row.to_ms, hours[-1] + HOUR_MS)
    row.hours, row.rows, row.last_at = row.hours + len(hours), row.rows + rows, now


def _name(session: Session, channel_id: int) -> str:
    channel = session.get_one(Channel, channel_id)
    return f"{channel.agent.code}/{channel.stream}/{channel.key}"


@dataclass(frozen=True)
class Left:
    """Before which moments (ms since 1970 UTC) a range shows minutes or hours for readings that are gone."""

    minutes_before: int | None
    hours_before: int | None


def left_of(session: Session, channel_ids: Sequence[int], from_ms: int, to_ms: int) -> Left:
    """Return what is left of these channels in this time."""
    found: dict[int, int | None] = {}
    for grain in (MINUTES, HOURS):
        wanted = select(ReadingHour.hour_ms).where(
            ReadingHour.channel_id.in_(channel_ids), ReadingHour.grain == grain,
            ReadingHour.hour_ms >= from_ms - from_ms % HOUR_MS, ReadingHour.hour_ms < to_ms,
        )  # fmt: skip
        last = session.scalar(wanted.order_by(ReadingHour.hour_ms.desc()).limit(1))
        found[grain] = None if last is None else last + HOUR_MS
    return Left(found[MINUTES], found[HOURS])
