"""Late readings: set apart from what is judged live, judged afterwards, and told by a policy of their own."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from edge_agent.wire.limits import Limit
from server.alarms import replay, stored, wording
from server.alarms.models import AlarmRule, Episode, LateMark, LatePolicy
from server.alarms.queries import surroundings
from server.alarms.replay import Past
from server.alarms.service.calling import WATCH, call_again
from server.alarms.service.reminders import recipients
from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import from_ms, to_ms
from server.core.errors import Invalid, Refusal
from server.core.wake import announce
from server.core.words import N_, N_n, Sentence
from server.notify import service as notify
from server.telemetry import late
from server.telemetry.columns import HOUR_MS, Column
from server.telemetry.models import Channel, LateHour, reading

LATE: Final = timedelta(minutes=15)
"""A reading that is older than this when it comes, while a younger one is known, is history, not news."""
QUIET: Final = timedelta(seconds=30)
"""What came within this is left until the next look: the rest of the backlog may be on its way."""
AROUND_MS: Final = HOUR_MS
KINDS: Final = ("high", "low", "door")
POLICIES: Final = ("digest", "call", "none")
POLICY_WORDS: Final = {
    "digest": N_("one letter to the managers"),
    "call": N_("call as for any alarm"),
    "none": N_("only on the board"),
}
USUAL: Final = "digest"
PAGE: Final = "/alarms/late"
_THE_MARK: Final = 1
_SUBJECT: Final = N_n(
    "1 past alarm found in late readings", "%(n)s past alarms found in late readings", "n"
)
_MOST_LINES: Final = 20


@dataclass(frozen=True)
class Found:
    """An excursion in late readings, and the rule that it broke."""

    rule_id: int
    past: Past


# what comes in


def set_apart(
    session: Session, columns: Iterable[Column], now: datetime, fresh: Set[int] = frozenset()
) -> tuple[list[Column], list[Column]]:
    """Return what is judged live and what is history: rows older than LATE where the channel knows younger ones.

    An agent whose clock is behind has no younger rows, so it is judged live. Rows of drills always are. `fresh` are
    channels whose rows were sampled just now: where their clock was set back, they are judged by their arrival.
    """
    everything = list(columns)
    limit = to_ms(now - LATE)
    old = {
        one.channel_id: max(one.times)
        for one in everything
        if not one.drill and max(one.times) < limit
    }
    if not old:
        return everything, []
    younger = {
        row.id
        for row in session.execute(
            select(Channel.id, Channel.number_at_ms).where(Channel.id.in_(sorted(old)))
        )
        if row.number_at_ms is not None and row.number_at_ms > old[row.id]
    }
    late = [one for one in everything if not one.drill and one.channel_id in younger]
    live = [one for one in everything if one.drill or one.channel_id not in younger]
    live += [_as_of(now, one) for one in late if one.channel_id in fresh]
    return live, [one for one in late if one.channel_id not in fresh]


def _as_of(now: datetime, column: Column) -> Column:
    """The same readings, as far apart as they say, the youngest of them now."""
    ahead_ms = to_ms(now) - max(column.times)
    return replace(column, times=[at + ahead_ms for at in column.times])


def note(session: Session, columns: Sequence[Column], now: datetime) -> None:
    """Note the hours of what came late, but for those of which the roll-up will say so itself."""
    by_rollup = to_ms(now - late.LATE_AFTER) - HOUR_MS
    rows = [
        {"channel_id": one.channel_id, "hour_ms": hour, "found_at": now}
        for one in columns
        for hour in one.hours()
        if hour >= by_rollup
    ]
    if rows:
        session.execute(insert(LateHour), rows)


# looking once more


def is_anything_new(session: Session, now: datetime) -> bool:
    """Say whether something came late that has not been looked at; only reads."""
    newer = select(LateHour.id).where(
        LateHour.id > _seen(session), LateHour.found_at <= now - QUIET
    )
    return session.scalar(newer.limit(1)) is not None


def look(session: Session, now: datetime) -> tuple[list[Found], int]:
    """Judge what came late once more; returns what was found, and the number of the last note. Only reads."""
    windows, seen = late.since(session, _seen(session))
    return [one for window in windows for one in _in_window(session, window, now)], seen


def settle(session: Session, found: Sequence[Found], seen: int, *, at: datetime) -> int:
    """Write down what was found and is not known yet, tell of it, and keep how far was looked; returns how many."""
    made = [episode for one in found if (episode := _keep(session, one, at)) is not None]
    mark = session.get(LateMark, _THE_MARK, with_for_update=True)
    if mark is None:
        mark = LateMark(id=_THE_MARK)
        session.add(mark)
    mark.seen = max(mark.seen or 0, seen)
    for org_id in sorted({episode.org_id for episode in made}):
        _tell(session, org_id, [one for one in made if one.org_id == org_id], at)
    return len(made)


def set_policy(session: Session, actor: Actor, org_id: int, policy: str, *, at: datetime) -> None:
    """Set how an organisation is told of past excursions: digest, call or none."""
    if policy not in POLICIES:
        because = N_("“%(found)s” is none of digest, call and none.")
        raise Invalid(Refusal("bad_policy", because, {"found": policy}), field="policy")
    before = policy_of(session, org_id)
    row = session.get(LatePolicy, org_id)
    if row is None:
        row = LatePolicy(org_id=org_id)
        session.add(row)
    row.policy, row.set_at, row.set_by_name = policy, at, actor.name
    audit.record(
        session, actor, "late_policy.set", "late_policy", str(org_id), at=at, org_id=org_id,
        before=before, now=policy,
    )  # fmt: skip


def policy_of(session: Session, org_id: int) -> str:
    """Return how an organisation is told of past excursions."""
    return session.scalar(select(LatePolicy.policy).where(LatePolicy.org_id == org_id)) or USUAL


def _seen(session: Session) -> int:
    return session.scalar(select(LateMark.seen).where(LateMark.id == _THE_MARK)) or 0


def _in_window(session: Session, window: late.LateWindow, now: datetime) -> list[Found]:
    rules = session.scalars(
        select(AlarmRule).where(
            AlarmRule.channel_id == window.channel_id, AlarmRule.enabled, AlarmRule.kind.in_(KINDS)
        )
    ).all()
    return [Found(rule.id, past) for rule in rules for past in _pasts(session, rule, window, now)]


def _pasts(session: Session, rule: AlarmRule, window: late.LateWindow, now: datetime) -> list[Past]:
    limit = _limit(rule)
    before_ms = AROUND_MS + limit.delay_on_ms
    span = window.from_ms - before_ms, min(window.to_ms + AROUND_MS, to_ms(now - LATE))
    if not _reaches(session, window.channel_id, limit, *span):
        return []
    found = replay.excursions(limit, stored.pieces(session, window.channel_id, *span))
    return [one for one in found if one.to_ms is None or one.to_ms >= window.from_ms]


def _limit(rule: AlarmRule) -> Limit:
    return Limit(
        rule.kind,  # type: ignore[arg-type]  # only rules of KINDS are read
        rule.value, rule.hysteresis, round(rule.delay_on_s * 1000), round(rule.delay_off_s * 1000),
    )  # fmt: skip


def _reaches(session: Session, channel_id: int, limit: Limit, from_ms: int, to_ms_: int) -> bool:
    """Say whether any reading of the span is beyond the limit: one look over the index."""
    value = reading.c.value
    beyond = {"high": value > limit.value, "low": value < limit.value, "door": value >= 0.5}
    query = select(reading.c.at_ms).where(
        reading.c.channel_id == channel_id, reading.c.at_ms >= from_ms, reading.c.at_ms < to_ms_,
        beyond[limit.kind],
    )  # fmt: skip
    return session.execute(query.limit(1)).first() is not None


def _keep(session: Session, found: Found, now: datetime) -> Episode | None:
    """Write a past excursion that is not known; one that is known and began later is dated back."""
    rule = session.get_one(AlarmRule, found.rule_id)
    began = from_ms(found.past.from_ms)
    ended = from_ms(found.past.to_ms) if found.past.to_ms is not None else None
    known = session.scalars(
        select(Episode)
        .where(Episode.rule_id == rule.id, Episode.drill == "")
        .where(Episode.raised_at <= (ended or now))
        .where(func.coalesce(Episode.cleared_at, now) >= began)
        .order_by(Episode.raised_at)
        .limit(1)
        .with_for_update(of=Episode)
    ).first()
    if known is not None:
        _date_back(session, known, began, ended, found.past, now)
        return None
    return _write(session, rule, began, ended or _last_known(session, rule, now), found.past, now)


def _last_known(session: Session, rule: AlarmRule, now: datetime) -> datetime:
    """The end of an excursion that still held at the last late reading, and of which nothing live is known."""
    at_ms = session.scalar(select(Channel.number_at_ms).where(Channel.id == rule.channel_id))
    return from_ms(at_ms) if at_ms is not None else now


def _date_back(
    session: Session, known: Episode, began: datetime, ended: datetime | None, past: Past,
    now: datetime,
) -> None:  # fmt: skip
    before = known.raised_at
    known.raised_at = min(known.raised_at, began)
    if known.historical and known.cleared_at is not None and ended is not None:
        known.cleared_at = max(known.cleared_at, ended)
    known.worst_value = _worse(known, past.worst)
    if known.raised_at != before:
        audit.record(
            session, WATCH, "alarm.dated_back", "alarm", str(known.id), at=now,
            org_id=known.org_id, before=str(before), now=str(known.raised_at),
        )  # fmt: skip
        announce(session, "alarms")


def _worse(known: Episode, worst: float | None) -> float | None:
    numbers = [one for one in (known.worst_value, worst) if one is not None]
    if not numbers:
        return None
    return min(numbers) if known.kind == "low" else max(numbers)


def _write(
    session: Session, rule: AlarmRule, began: datetime, ended: datetime, past: Past, now: datetime
) -> Episode:
    around = surroundings(session, rule)
    made = _episode(rule, around.freezer_id, began, ended, past, now)
    session.add(made)
    session.flush()  # reason: the audit entry names it
    audit.record(
        session, WATCH, "alarm.found_late", "alarm", str(made.id), at=now, org_id=made.org_id,
        stated_at=began, until=str(ended), worst=past.worst, limit=rule.value,
        freezer=around.place.freezer, channel=around.key,
    )  # fmt: skip
    announce(session, "alarms")
    return made


def _episode(
    rule: AlarmRule, freezer_id: int | None, began: datetime, ended: datetime, past: Past,
    now: datetime,
) -> Episode:  # fmt: skip
    return Episode(
        org_id=rule.org_id, rule_id=rule.id, channel_id=rule.channel_id, freezer_id=freezer_id,
        kind=rule.kind, severity=rule.severity, alarm_class=rule.alarm_class,
        limit_value=rule.value, raised_at=began, recorded_at=now, raised_value=past.first,
        worst_value=past.worst, cleared_at=ended, historical=True, acks_needed=1,
    )  # fmt: skip


def _tell(session: Session, org_id: int, made: Sequence[Episode], now: datetime) -> None:
    policy = policy_of(session, org_id)
    if policy == "call":
        why = Sentence(
            N_("It was over before the server could know; it was found in late readings.")
        )
        for episode in made:
            call_again(session, episode, why, now=now)
    elif policy == "digest":
        lines = [_line(session, episode) for episode in made[:_MOST_LINES]]
        subject = Sentence(_SUBJECT, {"n": len(made)})
        for person in recipients(session, org_id, None):
            notify.tell(session, person, subject, lines, PAGE, now)


def _line(session: Session, episode: Episode) -> Sentence:
    around = surroundings(session, episode)
    facts: dict[str, Any] = {
        "freezer": around.place.freezer,
        "title": wording.title(episode.kind, around.key, around.label),
        "since": wording.zoned_time(episode.raised_at, around.place),
        "until": wording.zoned_time(episode.cleared_at or episode.recorded_at, around.place),
    }
    return Sentence(N_("%(freezer)s: %(title)s, %(since)s – %(until)s"), facts)
