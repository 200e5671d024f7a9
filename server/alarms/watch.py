"""Settling what watchers found: a condition that holds or not becomes an episode that begins or ends.

A watcher looks at more than one reading (hourly figures, marks, events, the server itself) and says of a rule
whether its condition holds. Delays, the worst value and where judging stands are the same here as for readings.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from edge_agent.wire.limits import NORMAL, Change, JudgeState, Limit, judge
from server.alarms import service
from server.alarms.models import AlarmRule, Episode, RuleState
from server.alarms.told import delay_on_s
from server.core.clock import from_ms, to_ms
from server.notify.rules import packed

HOLDS: Final = 1.0
HOLDS_NOT: Final = 0.0


@dataclass(frozen=True)
class Finding:
    """What a watcher found of one rule at one moment.

    `holds` None means that it cannot be told now: nothing changes but the memory. `value` is a number for the
    board, `detail` what the sentences of the kind name, `memory` what the watcher wants back the next time.
    """

    rule: AlarmRule
    holds: bool | None
    at: datetime
    value: float | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    memory: str | None = None
    drill: str = ""


def memories(session: Session, kind: str) -> dict[int, str]:
    """Return what the watchers of this kind keep in mind, by rule; rules without a memory are left out."""
    wanted = (
        select(RuleState.rule_id, RuleState.memory)
        .join(AlarmRule, AlarmRule.id == RuleState.rule_id)
        .where(AlarmRule.kind == kind, RuleState.drill == "", RuleState.memory != "")
    )
    return {row.rule_id: row.memory for row in session.execute(wanted)}


def changes_anything(session: Session, findings: Iterable[Finding]) -> bool:
    """Say whether settling these would write a row; only reads."""
    return bool(_news(session, findings))


def settle(session: Session, findings: Iterable[Finding], *, now: datetime) -> int:
    """Raise and clear what these findings raise and clear; returns how many episodes began or ended.

    Findings of a rule that is switched off are left alone.
    """
    return sum(_settle(session, one, now) for one in _news(session, findings))


def _settle(session: Session, one: Finding, now: datetime) -> int:
    row = _row(session, one)
    before = JudgeState(row.phase, row.since_ms, row.extreme)  # type: ignore[arg-type]  # only phases are kept
    after, change = _judged(one, before, min(to_ms(one.at), to_ms(now)))
    if (after.phase, after.since_ms) != (before.phase, before.since_ms):
        row.phase, row.since_ms, row.arrived_ms = after.phase, after.since_ms, to_ms(now)
    row.extreme = None
    if one.memory is not None:
        row.memory = one.memory
    session.flush()  # reason: raising runs plain statements, which see only what is written
    return _act(session, one, after, change, now)


def _judged(one: Finding, before: JudgeState, at_ms: int) -> tuple[JudgeState, Change | None]:
    """How the rule's state goes on with this finding."""
    if one.holds is None:
        return before, None
    return judge(_limit(one.rule), before, at_ms, HOLDS if one.holds else HOLDS_NOT, 0)


def _act(
    session: Session, one: Finding, after: JudgeState, change: str | None, now: datetime
) -> int:
    if change == "raised":
        service.raise_episode(
            session, one.rule, raised_at=from_ms(after.since_ms), value=one.value, drill=one.drill,
            now=now, detail=one.detail,
        )  # fmt: skip
    elif change == "cleared":
        service.clear_episode(session, one.rule, at=one.at, drill=one.drill, now=now)
    elif one.holds and after.phase == "active":
        _say_anew(session, one)
    return 1 if change else 0


def _say_anew(session: Session, one: Finding) -> None:
    """Let the episode that goes on tell the newest detail."""
    wanted = select(Episode).where(
        Episode.rule_id == one.rule.id, Episode.drill == one.drill, Episode.cleared_at.is_(None)
    )
    episode = session.scalars(wanted).one_or_none()
    detail = packed(one.detail)
    if episode is not None and episode.detail != detail:
        episode.detail = detail


def _row(session: Session, one: Finding) -> RuleState:
    """Where judging stands with the rule, locked; made where it is not there, whoever else makes it too."""
    key = _key(one)
    if (row := session.get(RuleState, key, with_for_update=True)) is not None:
        return row
    insert = insert_sqlite if session.get_bind().dialect.name == "sqlite" else insert_postgresql
    blank = {"rule_id": one.rule.id, "drill": one.drill, "phase": NORMAL.phase, "since_ms": 0}
    made = insert(RuleState).values(**blank, arrived_ms=0, memory="")
    session.execute(made.on_conflict_do_nothing(index_elements=["rule_id", "drill"]))
    return session.get_one(RuleState, key, with_for_update=True)


def _news(session: Session, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that change a row: two statements, however many there are."""
    wanted = [one for one in findings if one.rule.enabled]
    kinds = {one.rule.kind for one in wanted}
    states = _states(session, kinds)
    told = _details(session, kinds) if any(one.holds for one in wanted) else {}
    news: list[Finding] = []
    moved: set[tuple[int, str]] = (
        set()
    )  # what comes after a change of the same rule may change it back
    for one in wanted:
        key = _key(one)
        if key in moved or _is_new(one, states.get(key), told.get(key)):
            moved.add(key)
            news.append(one)
    return news


def _is_new(one: Finding, state: tuple[JudgeState, str] | None, told: str | None) -> bool:
    """Say whether settling it would write: a delay that still runs changes nothing."""
    before, kept = state or (NORMAL, "")
    after, change = _judged(one, before, to_ms(one.at))
    moved = bool(change) or (after.phase, after.since_ms) != (before.phase, before.since_ms)
    says = bool(one.holds) and told is not None and told != packed(one.detail)
    return moved or says or (one.memory is not None and one.memory != kept)


def _key(one: Finding) -> tuple[int, str]:
    return one.rule.id, one.drill


def _states(session: Session, kinds: Set[str]) -> dict[tuple[int, str], tuple[JudgeState, str]]:
    """The state and the memory of each (rule, drill) of these kinds."""
    wanted = (
        select(
            RuleState.rule_id,
            RuleState.drill,
            RuleState.phase,
            RuleState.since_ms,
            RuleState.extreme,
            RuleState.memory,
        )
        .join(AlarmRule, AlarmRule.id == RuleState.rule_id)
        .where(AlarmRule.kind.in_(kinds))
    )
    return {
        (row.rule_id, row.drill): (JudgeState(row.phase, row.since_ms, row.extreme), row.memory)
        for row in session.execute(wanted)
    }


def _details(session: Session, kinds: Set[str]) -> dict[tuple[int, str], str]:
    """What the episodes of these kinds that go on say besides their number."""
    wanted = select(Episode.rule_id, Episode.drill, Episode.detail).where(
        Episode.kind.in_(kinds), Episode.cleared_at.is_(None)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(wanted)}


def _limit(rule: AlarmRule) -> Limit:
    """The rule as a condition that holds or not, with its delays."""
    delay_on_ms, delay_off_ms = round(delay_on_s(rule) * 1000), round(rule.delay_off_s * 1000)
    return Limit("door", 0.5, 0.0, delay_on_ms, delay_off_ms)
