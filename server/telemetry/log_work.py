"""The worker brings logs in and takes them back: some rows a transaction, going on where it stopped.

Readings go into channels of their own, uncertain and unconfirmed, so that no alarm is raised by them and
no present value is theirs; their hours are marked, and the roll-up notes that they came late.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import Clock, to_ms
from server.core.db import Database
from server.telemetry.columns import HOUR_MS
from server.telemetry.happened import LOGGED
from server.telemetry.log_service import APPLIED, APPLYING, TAKEN_BACK, TAKING_BACK, sheet_of
from server.telemetry.logs.sheets import LogLine
from server.telemetry.models import Agent, Channel, DeviceEvent, LogImport, LogRow, reading
from server.telemetry.stores import store_of

AT_ONCE = 200
"""Rows of a log a transaction: about a thousand readings."""
INTERVAL_S = 4 * 3600.0
"""An MVE TS writes a row each four hours, and one for each code."""
SITE, LABEL = "logs", "controller's log"
ACTOR = Actor.system("logs", "worker")


def work(database: Database, clock: Clock) -> int:
    """Go on with what waits; returns how many rows were brought in or taken back."""
    with database.reading() as session:
        wanted = select(LogImport.id, LogImport.state).where(
            LogImport.state.in_((APPLYING, TAKING_BACK))
        )
        waiting = [(row.id, row.state) for row in session.execute(wanted.order_by(LogImport.id))]
    done = 0
    for import_id, state in waiting:
        if state == APPLYING:
            done += bring_in(database, import_id, clock)
        else:
            done += take_back(database, import_id, clock)
    return done


def bring_in(database: Database, import_id: int, clock: Clock) -> int:
    """Bring the rest of a log in."""
    with database.reading() as session:
        made = session.get_one(LogImport, import_id)
        rows = sheet_of(made).rows
    count = 0
    while True:
        with database.writing() as session:
            locked = _locked(session, import_id)
            if locked.state != APPLYING:
                return count
            some = rows[locked.at_row : locked.at_row + AT_ONCE]
            _bring(session, locked, some, clock.now())
            locked.at_row += len(some)
            count += len(some)
            if locked.at_row >= len(rows):
                _end(session, locked, clock.now())
                return count


def _locked(session: Session, import_id: int) -> LogImport:
    return session.scalars(
        select(LogImport).where(LogImport.id == import_id).with_for_update()
    ).one()


def _bring(session: Session, made: LogImport, rows: Sequence[LogLine], now: datetime) -> None:
    """Store those of these rows that are not there yet, their readings, codes and marks."""
    if not rows:
        return
    digests = [row.digest for row in rows]
    there = set(session.scalars(
        select(LogRow.digest).where(LogRow.freezer_id == made.freezer_id, LogRow.digest.in_(digests))
    ))  # fmt: skip
    new: dict[str, LogLine] = {}
    for row in rows:
        if row.digest not in there:
            new.setdefault(row.digest, row)
    made.known += len(rows) - len(new)
    made.rows += len(new)
    if not new:
        return
    channels = _channels(session, made, sorted({v.key for row in new.values() for v in row.values}))
    moments = _readings(session, channels, list(new.values()))
    session.execute(insert(LogRow), [
        {"import_id": made.id, "freezer_id": made.freezer_id, "line": row.line, "at_ms": moments[digest],
         "digest": digest, "arrived_at": now}
        for digest, row in new.items()
    ])  # fmt: skip
    _events(session, made, list(new.values()))
    begin, end = min(moments.values()), max(moments.values())
    made.from_ms = begin if made.from_ms is None else min(made.from_ms, begin)
    made.to_ms = end if made.to_ms is None else max(made.to_ms, end)


def _agent(session: Session, made: LogImport) -> Agent:
    """Return what stands for the logs of this organisation; nothing ever signs in as it."""
    code = f"org-{made.org_id}"
    found = session.scalars(select(Agent).where(Agent.site == SITE, Agent.code == code)).first()
    if found is None:
        found = Agent(
            org_id=made.org_id, site=SITE, code=code, of_logs=True,
            enrolled_at=made.created_at, revoked_at=made.created_at,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found


def _channels(session: Session, made: LogImport, keys: Sequence[str]) -> dict[str, int]:
    """Return the freezer's channels of logs by key, making those that are not there."""
    agent = _agent(session, made)
    stream = f"log-{made.freezer_id}"
    wanted = select(Channel).where(Channel.agent_id == agent.id, Channel.stream == stream)
    found = {channel.key: channel for channel in session.scalars(wanted)}
    for key in keys:
        if key not in found:
            found[key] = Channel(
                agent_id=agent.id, stream=stream, key=key, freezer_id=made.freezer_id, confirmed=False,
                label=LABEL, interval_s=INTERVAL_S,
            )  # fmt: skip
            session.add(found[key])
    session.flush()
    return {key: channel.id for key, channel in found.items()}


Stored = dict[tuple[int, int], float | None]


def _readings(
    session: Session, channels: dict[str, int], rows: Sequence[LogLine]
) -> dict[str, int]:
    """Store the readings; returns when each row stands, by its digest.

    Rows of one minute may differ: a later one stands a millisecond after those that say something else.
    """
    low = to_ms(min(row.at for row in rows))
    high = to_ms(max(row.at for row in rows)) + 1000
    table = reading.c
    wanted = select(table.channel_id, table.at_ms, table.value).where(
        table.channel_id.in_(channels.values()), table.at_ms >= low, table.at_ms < high
    )
    stored: Stored = {(channel, at): value for channel, at, value in session.execute(wanted)}
    new: list[dict[str, object]] = []
    moments: dict[str, int] = {}
    for row in rows:
        own = {channels[v.key]: v for v in row.values}
        at_ms = to_ms(row.at)
        while any((c, at_ms) in stored and stored[c, at_ms] != v.number for c, v in own.items()):
            at_ms += 1
        moments[row.digest] = at_ms
        for channel, value in own.items():
            if (channel, at_ms) not in stored:
                stored[channel, at_ms] = value.number
                new.append({
                    "channel_id": channel, "at_ms": at_ms, "value": value.number, "quality": int(value.quality),
                })  # fmt: skip
    if new:
        session.execute(insert(reading), new)
        _mark(session, {(_int(one["channel_id"]), _int(one["at_ms"])) for one in new})
        _newest(session, new)
    return moments


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def _mark(session: Session, points: set[tuple[int, int]]) -> None:
    """Mark the hours of these (channel, ms) to be made, and keep the marks locked."""
    marks = {(channel, at // HOUR_MS * HOUR_MS) for channel, at in points}
    store_of(session).hours_due(sorted(marks))


def _newest(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Say of each channel when it last told anything; that is long ago, so its present value is unknown."""
    for row in sorted(rows, key=lambda one: _int(one["at_ms"])):
        same = Channel.id == row["channel_id"]
        older = Channel.latest_at_ms.is_(None) | (Channel.latest_at_ms <= row["at_ms"])
        values = {
            "latest_at_ms": row["at_ms"], "latest_value": row["value"], "latest_quality": row["quality"],
            **({"number_at_ms": row["at_ms"]} if row["value"] is not None else {}),
        }  # fmt: skip
        session.execute(update(Channel).where(same, older).values(**values))


def _events(session: Session, made: LogImport, rows: Sequence[LogLine]) -> None:
    """Store each code of each row as an event of the freezer, raw."""
    agent = _agent(session, made)
    events = [
        {"agent_id": agent.id, "freezer_id": made.freezer_id, "boot": made.code, "seq": row.line * 100 + k,
         "at_ms": to_ms(row.at), "kind": LOGGED, "drill": "",
         "facts": json.dumps({"code": code, "user": row.user, "log": made.code, "line": row.line}, ensure_ascii=False)}
        for row in rows
        for k, code in enumerate(row.codes)
    ]  # fmt: skip
    if events:
        session.execute(insert(DeviceEvent), events)


def _end(session: Session, made: LogImport, now: datetime) -> None:
    made.state, made.applied_at = APPLIED, now
    audit.record(
        session, ACTOR, "log.applied", "log", made.code, at=now, org_id=made.org_id,
        freezer=made.freezer.code, rows=made.rows, known=made.known, refused=made.refused,
    )  # fmt: skip


def take_back(database: Database, import_id: int, clock: Clock) -> int:
    """Take back what a log brought in; what another log says too stays."""
    count = 0
    while True:
        with database.writing() as session:
            made = _locked(session, import_id)
            if made.state != TAKING_BACK:
                return count
            wanted = select(LogRow).where(LogRow.import_id == import_id).order_by(LogRow.line)
            rows = list(session.scalars(wanted.limit(AT_ONCE)))
            if not rows:
                _taken_back(session, made, clock.now())
                return count
            _take(session, made, rows)
            count += len(rows)


def _take(session: Session, made: LogImport, rows: Sequence[LogRow]) -> None:
    ids = [row.id for row in rows]
    moments = {row.at_ms for row in rows}
    others = select(LogRow.at_ms).where(
        LogRow.freezer_id == made.freezer_id, LogRow.at_ms.in_(moments), LogRow.id.not_in(ids)
    )
    gone = sorted(moments - set(session.scalars(others)))
    channels = list(session.scalars(_of_logs(made)))
    table = reading.c
    if gone and channels:
        here = table.channel_id.in_(channels) & table.at_ms.in_(gone)
        _mark(session, {(channel, at) for channel in channels for at in gone})
        session.execute(delete(reading).where(here))
    session.execute(delete(LogRow).where(LogRow.id.in_(ids)))


def _of_logs(made: LogImport) -> Select[int]:
    return select(Channel.id).where(
        Channel.freezer_id == made.freezer_id, Channel.stream == f"log-{made.freezer_id}"
    )


def _taken_back(session: Session, made: LogImport, now: datetime) -> None:
    """Nothing of it is left: its events go, and channels that have no reading say so."""
    session.execute(delete(DeviceEvent).where(
        DeviceEvent.boot == made.code, DeviceEvent.kind == LOGGED, DeviceEvent.freezer_id == made.freezer_id
    ))  # fmt: skip
    table = reading.c
    for channel in session.scalars(select(Channel).where(Channel.id.in_(_of_logs(made)))):
        newest = select(table.at_ms, table.value, table.quality).where(
            table.channel_id == channel.id
        )
        row = session.execute(newest.order_by(table.at_ms.desc()).limit(1)).first()
        channel.latest_at_ms = row.at_ms if row else None
        channel.latest_value = row.value if row else None
        channel.latest_quality = row.quality if row else None
        channel.number_at_ms = row.at_ms if row and row.value is not None else None
    made.state, made.rows = TAKEN_BACK, 0
    audit.record(
        session, ACTOR, "log.taken_back", "log", made.code, at=now, org_id=made.org_id,
        freezer=made.freezer.code, reason=made.because,
    )  # fmt: skip
