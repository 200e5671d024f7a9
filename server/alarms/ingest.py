"""Judging what has just been recorded, in the same transaction.

The rules are kept between groups and read again when any of them has changed, whoever changed it.
Where judging stands is not kept: other processes move it too (a delay that runs out), so each group
reads the few states that are not normal.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from edge_agent.wire.limits import NORMAL, Change, JudgeState, Limit, judge_column
from server.alarms import faults, service, warmth
from server.alarms.models import AlarmRule, ExpectedWarmth
from server.alarms.service import lateness
from server.core.clock import from_ms, to_ms
from server.core.plain import Plain, together
from server.telemetry.columns import Column

BY_READINGS = ("high", "low", "door", "probe_fault")
"""The kinds that readings decide as they are stored."""

StateKey = tuple[int, str]
"""(rule id, drill)."""

# These run for every group, and an alarm waits for them.
_EXPECTED = warmth.standing(bindparam("now"))
_STAMP = Plain(
    select(
        func.count(),
        func.max(AlarmRule.id),
        func.sum(AlarmRule.version),
        select(func.count()).select_from(ExpectedWarmth).where(_EXPECTED).scalar_subquery(),
        select(func.sum(ExpectedWarmth.id)).where(_EXPECTED).scalar_subquery(),
    ).select_from(AlarmRule)
)
"""Something else whenever a rule was changed, or warmth begins or ceases to be expected."""
_OPEN = (
    "SELECT rule_id, drill, phase, since_ms, extreme FROM rule_state"
    " WHERE phase <> 'normal' ORDER BY rule_id, drill"
)
_OPEN_STATES = Plain(text(_OPEN), on_postgresql=text(f"{_OPEN} FOR UPDATE"))
_SAVE = Plain(
    text(
        "INSERT INTO rule_state (rule_id, drill, phase, since_ms, extreme, arrived_ms)"
        " VALUES (:rule_id, :drill, :phase, :since_ms, :extreme, :now_ms) ON CONFLICT (rule_id, drill)"
        " DO UPDATE SET phase = excluded.phase, since_ms = excluded.since_ms, extreme = excluded.extreme,"
        " arrived_ms = CASE WHEN rule_state.phase = excluded.phase"
        " AND rule_state.since_ms = excluded.since_ms"
        " THEN rule_state.arrived_ms ELSE excluded.arrived_ms END"
    )
)
_WORSEN = Plain(
    text(
        "UPDATE episode SET worst_value = :extreme"
        " WHERE rule_id = :rule_id AND drill = :drill AND cleared_at IS NULL"
    )
)


@dataclass(frozen=True, slots=True)
class Watched:
    """A rule as the judge keeps it; see `alarms.service.RuleLike`."""

    id: int
    org_id: int
    channel_id: int
    kind: str
    severity: str
    value: float
    alarm_class: str
    latching: bool
    acks_needed: int
    needs_confirming: bool
    limit: Limit
    freezer_id: None = None
    agent_id: None = None
    site_id: None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A change, the reading that brought it, and the worst number until then."""

    change: Change
    at: datetime
    value: float | None
    worst: float | None


class Judge:
    """Judges columns of new readings. One a worker; it may be thrown away at any time."""

    def __init__(self) -> None:
        self._stamp: tuple[object, ...] | None = None
        self._rules: dict[int, list[Watched]] = {}

    def consider(
        self, session: Session, columns: Iterable[Column], *, now: datetime,
        fresh: Set[int] = frozenset(),
    ) -> int:  # fmt: skip
        """Raise and clear what these readings raise and clear; returns how many changes that were.

        What came late is noted for `service.lateness`, which judges it in its place in history. `fresh` are the
        channels whose rows were sampled just now: where their clock was set back they are judged as of now.
        """
        columns, late = lateness.set_apart(session, columns, now, fresh)
        lateness.note(session, late, now)
        with together(session):
            stamp, states = _STAMP.ask(session, now=now), _OPEN_STATES.ask(session)
        self._refresh(session, stamp.rows()[0], now)
        known = {(row[0], row[1]): JudgeState(*row[2:]) for row in states.rows()}
        due = [
            (rule, column) for column in columns for rule in self._rules.get(column.channel_id, ())
        ]
        if not due:
            return 0
        with together(session):
            return sum(_judge(session, known, rule, column, now) for rule, column in due)

    def _refresh(self, session: Session, stamp: tuple[object, ...], now: datetime) -> None:
        if stamp != self._stamp:
            self._rules = _read_rules(session, now)
            self._stamp = stamp


def _read_rules(session: Session, now: datetime) -> dict[int, list[Watched]]:
    """The rules that readings can change, by channel; silence is judged by the clock, not by readings."""
    rules: dict[int, list[Watched]] = {}
    raised = warmth.raised(session, now)
    query = (
        select(AlarmRule)
        .where(AlarmRule.enabled, AlarmRule.kind.in_(BY_READINGS))
        .order_by(AlarmRule.id)
    )
    for rule in session.scalars(query):
        if rule.channel_id is not None:
            rules.setdefault(rule.channel_id, []).append(
                _watched(rule, rule.channel_id, warmth.limit(rule, raised.get(rule.channel_id)))
            )
    return rules


def _watched(rule: AlarmRule, channel_id: int, value: float) -> Watched:
    kind = "door" if rule.kind == "probe_fault" else rule.kind
    limit = Limit(
        kind,  # type: ignore[arg-type]  # only kinds of BY_READINGS are read
        value,
        rule.hysteresis,
        round(rule.delay_on_s * 1000),
        round(rule.delay_off_s * 1000),
    )
    return Watched(
        rule.id, rule.org_id, channel_id, rule.kind, rule.severity, value, rule.alarm_class,
        rule.latching, rule.acks_needed, rule.needs_confirming, limit,
    )  # fmt: skip


def _judge(
    session: Session,
    states: dict[StateKey, JudgeState],
    rule: Watched,
    column: Column,
    now: datetime,
) -> int:
    key = (rule.id, column.drill)
    before = states.get(key, NORMAL)
    times = _not_ahead(column.times, to_ms(now))
    values, qualities = _as_judged(rule, column)
    after, changes = judge_column(rule.limit, before, times, values, qualities)
    since = 0
    for index, change in changes:
        if change == "raised":
            since = index
        worst = _worst(rule, before if since == 0 else NORMAL, values[since : index + 1])
        seen = _Seen(change, from_ms(times[index]), values[index], worst)
        _change(session, rule, column.drill, seen, now)
    if after != before and (after.phase, before.phase) != ("normal", "normal"):
        states[key] = after
        _save(session, key, after, to_ms(now))
        if after.phase in {"active", "clearing"} and after.extreme != before.extreme:
            _worsen(session, key, after)
    return len(changes)


def _as_judged(
    rule: Watched, column: Column
) -> tuple[Sequence[float | None], Sequence[int] | None]:
    """The numbers that the rule looks at: the readings, or the faults of their probe."""
    if rule.kind == "probe_fault":
        return faults.as_values(column.qualities), None
    return column.values, column.qualities


def _worst(rule: Watched, before: JudgeState, values: Sequence[float | None]) -> float | None:
    """The worst number of the episode so far."""
    numbers = [value for value in (before.extreme, *values) if value is not None]
    return (min if rule.kind == "low" else max)(numbers, default=None)


def _not_ahead(times: Sequence[int], now_ms: int) -> Sequence[int]:
    """No reading is younger than its arrival: a clock that runs ahead must not stretch a delay."""
    return times if max(times) <= now_ms else [min(at, now_ms) for at in times]


def _change(session: Session, rule: Watched, drill: str, seen: _Seen, now: datetime) -> None:
    if seen.change == "raised":
        service.raise_episode(
            session, rule, raised_at=seen.at, value=seen.value, drill=drill, now=now,
            detail=faults.detail(rule.kind, seen.value),
        )  # fmt: skip
    else:
        service.clear_episode(session, rule, at=seen.at, drill=drill, now=now, worst=seen.worst)


def _save(session: Session, key: StateKey, state: JudgeState, now_ms: int) -> None:
    row = {"rule_id": key[0], "drill": key[1], "phase": state.phase, "since_ms": state.since_ms}
    _SAVE.ask(session, **row, extreme=state.extreme, now_ms=now_ms)


def _worsen(session: Session, key: StateKey, state: JudgeState) -> None:
    """Let the episode that is under way show its worst number."""
    _WORSEN.ask(session, rule_id=key[0], drill=key[1], extreme=state.extreme)
