"""What time alone decides: silence, and delays that run out while no reading comes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from edge_agent.wire.limits import NORMAL, Change, JudgeState, Limit, judge_silence
from edge_agent.wire.limits import tick as run_out
from server.alarms import causes, faults, service
from server.alarms.ingest import BY_READINGS
from server.alarms.models import AlarmRule, RuleState
from server.alarms.told import BY_EVENTS, delay_on_s
from server.core.clock import from_ms, to_ms
from server.notify.rules import unpacked
from server.telemetry import beats
from server.telemetry.models import Channel


@dataclass(frozen=True)
class Due:
    """One rule whose state time changes now."""

    rule: AlarmRule
    drill: str
    state: JudgeState
    change: Change | None
    memory: str = ""


def limit_of(rule: AlarmRule) -> Limit:
    """Return the rule as both ends of the wire judge it."""
    return Limit(
        rule.kind,  # type: ignore[arg-type]  # the table's check constraint holds the four kinds
        rule.value,
        rule.hysteresis,
        round(delay_on_s(rule) * 1000),
        round(rule.delay_off_s * 1000),
    )


def due(
    session: Session, now: datetime, *, lock: bool = False, only: Sequence[int] | None = None
) -> list[Due]:
    """Return what time changes at this moment; with `lock` no other worker moves it meanwhile.

    `only` are the rules to look at; None means all.
    """
    now_ms = to_ms(now)
    mine = _STATES if only is None else _STATES.where(AlarmRule.id.in_(only))
    return [*_silent(session, mine, now_ms), *_run_out(session, mine, now_ms, lock)]


def tick(session: Session, now: datetime, only: Sequence[int] | None = None) -> int:
    """Raise and clear what time alone decides of these rules; returns how many episodes began or ended.

    A channel that has never given a number counts as silent from the moment its rule was made.
    """
    changed = 0
    for one in due(session, now, lock=True, only=only):
        _keep(session, one)
        changed += _act(session, one, now)
    return changed


_STATES: Select[*tuple[Any, ...]] = select(
    AlarmRule, RuleState.drill, RuleState.phase, RuleState.since_ms, RuleState.extreme,
    RuleState.memory,
).where(AlarmRule.enabled.is_(True))  # fmt: skip


def _silent(session: Session, mine: Select[*tuple[Any, ...]], now_ms: int) -> Iterable[Due]:
    rows = session.execute(
        mine.add_columns(Channel.number_at_ms)
        .join(Channel, Channel.id == AlarmRule.channel_id)
        .outerjoin(RuleState, RuleState.rule_id == AlarmRule.id)
        .where(AlarmRule.kind == "stale", _may_be_silent(now_ms))
        .order_by(AlarmRule.id)
    ).all()
    if not rows:
        return
    since = beats.listening_since(beats.fresh(session, from_ms(now_ms)))
    faults_begin = _faults_that_wait(session)
    for row in rows:
        rule: AlarmRule = row[0]
        last_ms = row.number_at_ms if row.number_at_ms is not None else to_ms(rule.created_at)
        before = _state(row)
        if before.phase == "normal" and since is not None:  # nobody is silent before one listens
            last_ms = max(last_ms, to_ms(since))
        after, change = judge_silence(limit_of(rule), before, last_ms, now_ms)
        if change == "raised" and _waits_for_fault(rule, faults_begin, last_ms, now_ms):
            continue
        if change or after.phase != before.phase:
            yield Due(rule, row.drill or "", after, change)


def _may_be_silent(now_ms: int) -> ColumnElement[bool]:
    """Those that are in some phase, or whose last number is older than they allow: few of a bank's."""
    return or_(
        RuleState.phase != "normal",
        Channel.number_at_ms.is_(None),
        Channel.number_at_ms < now_ms - AlarmRule.value * 1000,
    )


def _faults_that_wait(session: Session) -> dict[int, int]:
    """How bad the fault of each channel's probe is whose delay is running, by channel: 0 is the worst."""
    rows = session.execute(
        select(AlarmRule.channel_id, AlarmRule.severity)
        .join(RuleState, RuleState.rule_id == AlarmRule.id)
        .where(
            AlarmRule.kind == "probe_fault", AlarmRule.enabled, RuleState.drill == "",
            RuleState.phase == "pending", AlarmRule.alarm_class != "safety",
        )
    )  # fmt: skip
    found: dict[int, int] = {}
    for channel_id, severity in rows:
        if channel_id is not None:
            rank = causes.rank_of(severity)
            found[channel_id] = min(rank, found.get(channel_id, rank))
    return found


def _waits_for_fault(
    rule: AlarmRule, faults_begin: Mapping[int, int], last_ms: int, now_ms: int
) -> bool:
    """Say whether a silence is left to a fault of its probe that is about to be told and is no less bad.

    For a minute at most: then the silence is told, whatever became of the fault.
    """
    fault = faults_begin.get(rule.channel_id or 0)
    if fault is None or fault > causes.rank_of(rule.severity) or rule.alarm_class == "safety":
        return False
    told_ms = last_ms + round((rule.value + rule.delay_on_s) * 1000)
    return now_ms - told_ms <= causes.GRACE.total_seconds() * 1000


def _run_out(
    session: Session, mine: Select[*tuple[Any, ...]], now_ms: int, lock: bool
) -> Iterable[Due]:
    """Delays that ran out, counted from the arrival of what began them.

    A reading of a backlog may be older than the delay, and the next message may take it back: until
    the delay has passed since it arrived, only readings decide.
    """
    query = (
        mine.add_columns(RuleState.arrived_ms)
        .join(RuleState, RuleState.rule_id == AlarmRule.id)
        .where(
            AlarmRule.kind.in_((*BY_READINGS, *BY_EVENTS)),
            RuleState.phase.in_(("pending", "clearing")),
        )
        .order_by(RuleState.rule_id, RuleState.drill)  # the order in which the judge locks them
    )
    rows = session.execute(query.with_for_update(of=RuleState) if lock else query)
    for row in rows:
        state = _state(row)
        known = replace(state, since_ms=max(state.since_ms, row.arrived_ms))
        after, change = run_out(limit_of(row[0]), known, now_ms)
        if change:
            yield Due(row[0], row.drill, after, change, row.memory)


def _state(row: Row[*tuple[Any, ...]]) -> JudgeState:
    return NORMAL if row.phase is None else JudgeState(row.phase, row.since_ms, row.extreme)


def _keep(session: Session, one: Due) -> None:
    insert = insert_sqlite if session.get_bind().dialect.name == "sqlite" else insert_postgresql
    values = {
        "phase": one.state.phase,
        "since_ms": one.state.since_ms,
        "extreme": one.state.extreme,
    }
    statement = insert(RuleState).values(rule_id=one.rule.id, drill=one.drill, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["rule_id", "drill"], set_=values)
    )


def _act(session: Session, one: Due, now: datetime) -> int:
    since = from_ms(one.state.since_ms)
    if one.change == "raised":
        service.raise_episode(
            session, one.rule, raised_at=since, value=one.state.extreme, drill=one.drill, now=now,
            detail=_detail(one),
        )  # fmt: skip
    elif one.change == "cleared":
        service.clear_episode(session, one.rule, at=since, drill=one.drill, now=now)
    return 1 if one.change else 0


def _detail(one: Due) -> Mapping[str, object]:
    """What the alarm says besides: what its event told, or its probe's fault."""
    if one.rule.kind in BY_EVENTS:
        return unpacked(one.memory or "{}")
    return faults.detail(one.rule.kind, one.state.extreme)
