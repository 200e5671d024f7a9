"""What conditions do to alarms: raised, cleared. All inside the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Float, Integer, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from server.alarms import causes, hush, safety
from server.alarms.hush import Hush
from server.alarms.models import UNCLEARED, Episode, Suspension
from server.alarms.queries import surroundings
from server.alarms.service import floods, inhibiting
from server.alarms.service.calling import WATCH, call
from server.alarms.wording import Sighting
from server.audit import service as audit
from server.core.plain import Plain
from server.core.wake import announce
from server.notify.queries import ask_steps
from server.notify.rules import packed
from server.telemetry.models import Channel

_BEGIN = Plain(
    *(
        insert(Episode)
        .values({c.name: bindparam(c.name) for c in Episode.__table__.columns if c.name != "id"})
        .values(
            freezer_id=func.coalesce(
                bindparam("freezer_id", type_=Integer),
                select(Channel.freezer_id)
                .where(Channel.id == bindparam("channel_id", type_=Integer))
                .scalar_subquery(),
            )
        )
        .on_conflict_do_nothing(index_elements=["rule_id", "drill"], index_where=UNCLEARED)
        .returning(Episode.id)
        for insert in (insert_sqlite, insert_postgresql)
    )
)
_MINE = (
    (Episode.rule_id == bindparam("rule_id"))
    & (Episode.drill == bindparam("drill"))
    & Episode.cleared_at.is_(None)
)
_UNCLEARED = Plain(select(Episode.id).where(_MINE))
_END = Plain(
    update(Episode)
    .where(_MINE)
    .values(
        cleared_at=bindparam("at"),
        realarm_at=None,
        worst_value=func.coalesce(bindparam("worst", type_=Float), Episode.worst_value),
        version=Episode.version + 1,
    )
    .returning(Episode.id, Episode.org_id, Episode.worst_value)
)


_ONCE_IS_OVER = Plain(
    update(Suspension)
    .where(
        Suspension.rule_id == bindparam("rule_id"),
        Suspension.mode == "shelved_once",
        Suspension.ended_at.is_(None),
    )
    .values(ended_at=bindparam("now"), version=Suspension.version + 1)
    .returning(Suspension.id)
)
_SILENCE = Plain(
    update(Episode)
    .where(Episode.id == bindparam("episode_id"))
    .values(
        silenced=bindparam("word"),
        suspension_id=bindparam("suspension_id", type_=Integer),
        cause_id=bindparam("cause_id", type_=Integer),
    )
)


class RuleLike(Protocol):
    """What raising needs of a rule: a row of the table, or a copy that a worker keeps."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def org_id(self) -> int:
        """Whose it is."""

    @property
    def channel_id(self) -> int | None:
        """The channel that it watches, or None."""

    @property
    def freezer_id(self) -> int | None:
        """The freezer that it watches itself, or None."""

    @property
    def agent_id(self) -> int | None:
        """The agent that it watches, or None."""

    @property
    def site_id(self) -> int | None:
        """The site that it watches, or None."""

    @property
    def kind(self) -> str:
        """One of `alarms.kinds.KINDS`."""

    @property
    def severity(self) -> str:
        """critical, high or warning."""

    @property
    def value(self) -> float:
        """The limit."""

    @property
    def alarm_class(self) -> str:
        """process, equipment, system or safety."""

    @property
    def latching(self) -> bool:
        """Whether it stays until a person resets it."""

    @property
    def acks_needed(self) -> int:
        """How many persons must acknowledge it."""

    @property
    def needs_confirming(self) -> bool:
        """Whether a person must say what was done."""


def raise_episode(
    session: Session,
    rule: RuleLike,
    *,
    raised_at: datetime,
    value: float | None,
    drill: str = "",
    now: datetime,
    detail: Mapping[str, object] | None = None,
) -> int:
    """Begin an episode and call the first step of the call list; returns its number, or that of the one under way.

    `raised_at` is the time of the reading, `value` its number, `detail` what the sentences of its kind name
    besides (texts, numbers, or `notify.rules.Sentence`). The unique index on uncleared episodes
    makes a second raise of the same rule and drill harmless, whoever races. What `alarms.hush` silences is
    written, audited and on the board all the same; only nobody is called.
    """
    detail = safety.words(rule.kind, rule.severity, rule.alarm_class) | dict(detail or {})
    begun = _BEGIN.ask(session, **_row(rule, raised_at, value, drill, now, detail))
    if not drill and (found := inhibiting.site_without_power(session, rule)):
        raise_episode(
            session, found[0], raised_at=now, value=None, now=now, detail={"count": found[1]}
        )
    steps = ask_steps(session, rule.org_id)
    quiet = hush.ask(session, rule, now, drill=drill)
    around = surroundings(session, rule)
    episode_id: int | None = begun.value()
    if episode_id is None:
        return int(_UNCLEARED.ask(session, rule_id=rule.id, drill=drill).value())
    seen = Sighting(
        rule.kind, rule.severity, around.key, around.label, rule.value, value, raised_at, drill,
        detail,
    )  # fmt: skip
    silent = quiet()
    if silent is None:
        call(session, rule, episode_id, seen, around, steps, now)
    else:
        _silence(session, episode_id, silent, rule.org_id, now)
    if not drill and rule.kind in causes.FOLDING:
        root_id = (silent and silent.cause_id) or episode_id
        inhibiting.fold(session, rule, episode_id, root_id, at=now)
    audit.record_now(
        session,
        WATCH,
        "alarm.raised",
        "alarm",
        str(episode_id),
        at=now,
        org_id=rule.org_id,
        stated_at=raised_at,
        rule=rule.id,
        kind=rule.kind,
        severity=rule.severity,
        limit=rule.value,
        value=value,
        freezer=around.place.freezer,
        channel=around.key,
        drill=drill,
        silenced=silent.word if silent else "",
    )
    announce(session, "alarms")
    return episode_id


def _silence(session: Session, episode_id: int, silent: Hush, org_id: int, now: datetime) -> None:
    _SILENCE.ask(
        session, episode_id=episode_id, word=silent.word, suspension_id=silent.suspension_id,
        cause_id=silent.cause_id,
    )  # fmt: skip
    if silent.word == "flood":
        floods.join(session, episode_id, org_id, at=now)


def clear_episode(
    session: Session,
    rule: RuleLike,
    *,
    at: datetime,
    drill: str = "",
    now: datetime,
    worst: float | None = None,
) -> int | None:
    """End the rule's episode: its condition is gone since `at`. None when there is none, else its number.

    It stays on the board, and calls on, until a person has acknowledged it. What was shelved until this alarm
    ends is shelved no longer: the next one calls. `worst` is the worst number of the
    episode where the judge knows it.
    """
    ended = _END.ask(session, rule_id=rule.id, drill=drill, at=at, worst=worst).rows()
    if not ended:
        return None
    ((episode_id, org_id, worst),) = ended
    if not drill:
        _end_once(session, rule, org_id, now)
    audit.record_now(
        session,
        WATCH,
        "alarm.cleared",
        "alarm",
        str(episode_id),
        at=now,
        org_id=org_id,
        stated_at=at,
        worst=worst,
        drill=drill,
    )
    announce(session, "alarms")
    return int(episode_id)


def _end_once(session: Session, rule: RuleLike, org_id: int, now: datetime) -> None:
    for (number,) in _ONCE_IS_OVER.ask(session, rule_id=rule.id, now=now).rows():
        audit.record_now(
            session, WATCH, "suspension.over", "suspension", str(number), at=now, org_id=org_id,
            rule=rule.id,
        )  # fmt: skip


def _row(
    rule: RuleLike, raised_at: datetime, value: float | None, drill: str, now: datetime,
    detail: Mapping[str, object],
) -> dict[str, Any]:  # fmt: skip
    return {
        **_BLANK,
        "org_id": rule.org_id,
        "rule_id": rule.id,
        "channel_id": rule.channel_id,
        "freezer_id": rule.freezer_id,
        "agent_id": rule.agent_id,
        "site_id": rule.site_id,
        "alarm_class": rule.alarm_class,
        "acks_needed": rule.acks_needed,
        "latched": rule.latching,
        "confirm_due": rule.needs_confirming,
        "detail": packed(detail),
        "kind": rule.kind,
        "severity": rule.severity,
        "limit_value": rule.value,
        "drill": drill,
        "raised_at": raised_at,
        "recorded_at": now,
        "raised_value": value,
        "worst_value": value,
    }


_BLANK: Final[Mapping[str, Any]] = {
    "acknowledged_at": None, "acknowledged_by": None, "acknowledged_by_name": "", "comment": "",
    "realarm_at": None, "realarms": 0, "cleared_at": None, "reset_at": None, "reset_by_name": "",
    "confirmed_at": None, "confirmed_by_name": "", "outcome": "", "historical": False,
    "silenced": "", "suspension_id": None, "cause_id": None, "flood_id": None,
    "version": 1,
}  # fmt: skip
"""An episode of which nothing but its beginning has happened yet."""
