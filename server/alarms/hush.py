"""Why nobody is called for an alarm: the one place that decides it, at the moment when the alarm is raised.

Each cause is asked in one statement that normally finds nothing, and all are asked before any is answered: an
alarm waits for this. A silenced alarm goes on working: it is written, audited and on the board.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Integer, String, bindparam, func, or_, select
from sqlalchemy.orm import Session

from server.alarms import causes, floods
from server.alarms.models import Episode, Flood, Suspension
from server.alarms.queries import Watching
from server.core.plain import Plain
from server.storage.models import Container, Room
from server.telemetry.models import Channel

WORD_OF_MODE: Final = {
    "shelved_timed": "shelved",
    "shelved_once": "shelved",
    "suppressed": "suppressed",
    "out_of_service": "out_of_service",
}
"""What `Episode.silenced` says for each mode of a suspension."""


@dataclass(frozen=True)
class Hush:
    """Why nobody is called: the word for `Episode.silenced`, and the suspension or the alarm behind it."""

    word: str
    suspension_id: int | None = None
    cause_id: int | None = None


class Silenceable(Watching, Protocol):
    """What deciding needs of a rule: its row, or the copy that a worker keeps."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def org_id(self) -> int:
        """Whose it is."""

    @property
    def kind(self) -> str:
        """One of `alarms.kinds.KINDS`."""

    @property
    def severity(self) -> str:
        """critical, high or warning."""

    @property
    def alarm_class(self) -> str:
        """process, equipment, system or safety."""


Answer = Callable[[], Hush | None]
"""Waits for what was asked."""
Cause = Callable[[Session, Silenceable, datetime, str], Answer]
"""Asks for one cause (rule, the server's time, drill); runs plain statements only."""


def why_silent(session: Session, rule: Silenceable, at: datetime, *, drill: str) -> Hush | None:
    """Return why an alarm of this rule calls nobody at this moment (the server's time), or None: it calls.

    A drill is never silenced: it tests the way to a person.
    """
    return ask(session, rule, at, drill=drill)()


def ask(session: Session, rule: Silenceable, at: datetime, *, drill: str) -> Answer:
    """Ask the same, to be answered later: the statements go out without waiting for each other."""
    if drill:
        return lambda: None
    asked = [cause(session, rule, at, drill) for cause in CAUSES]
    return lambda: _first(asked)


def _first(asked: list[Answer]) -> Hush | None:
    found = [
        answer() for answer in asked
    ]  # each is read: an answer left unread would block the next
    return next((hush for hush in found if hush is not None), None)


_FREEZER = func.coalesce(
    bindparam("freezer_id", type_=Integer),
    select(Channel.freezer_id)
    .where(Channel.id == bindparam("channel_id", type_=Integer))
    .scalar_subquery(),
)
_AGENT = func.coalesce(
    bindparam("agent_id", type_=Integer),
    select(Channel.agent_id)
    .where(Channel.id == bindparam("channel_id", type_=Integer))
    .scalar_subquery(),
)
_SITE_OF_FREEZER = (
    select(Room.site_id)
    .join(Container, Container.room_id == Room.id)
    .where(Container.id == _FREEZER)
    .scalar_subquery()
)
_SITES_OF_AGENT = (
    select(Room.site_id)
    .join(Container, Container.room_id == Room.id)
    .join(Channel, Channel.freezer_id == Container.id)
    .where(Channel.agent_id == _AGENT)
)
_SUSPENDED = Plain(
    select(Suspension.id, Suspension.mode)
    .where(
        Suspension.ended_at.is_(None),
        Suspension.agreed_at <= bindparam("at"),
        Suspension.until > bindparam("at"),
        or_(
            bindparam("alarm_class", type_=String) != "safety",
            Suspension.second_by_id.is_not(None),
        ),
        or_(
            Suspension.rule_id == bindparam("rule_id"),
            Suspension.freezer_id == _FREEZER,
            Suspension.agent_id == _AGENT,
            Suspension.site_id == bindparam("site_id", type_=Integer),
            Suspension.site_id == _SITE_OF_FREEZER,
            Suspension.site_id.in_(_SITES_OF_AGENT),
        ),
    )
    .order_by(Suspension.until.desc())
    .limit(1)
)


def _suspended(session: Session, rule: Silenceable, at: datetime, _drill: str) -> Answer:
    """Ask whether somebody set the rule, its freezer, its agent or its site aside.

    Life safety is covered only by what a second person has agreed to, also where its whole freezer was set aside.
    """
    asked = _SUSPENDED.ask(
        session, at=at, alarm_class=rule.alarm_class, rule_id=rule.id, freezer_id=rule.freezer_id,
        channel_id=rule.channel_id, agent_id=rule.agent_id, site_id=rule.site_id,
    )  # fmt: skip

    def answer() -> Hush | None:
        rows = asked.rows()
        return Hush(WORD_OF_MODE[rows[0][1]], suspension_id=rows[0][0]) if rows else None

    return answer


def _explained(session: Session, rule: Silenceable, _at: datetime, _drill: str) -> Answer:
    """Ask whether an alarm that goes on explains this one: site power, broker, a silent site or agent, a probe."""
    if not causes.can_be_explained(rule.kind, rule.alarm_class):
        return lambda: None
    asked = causes.ask_cause(
        session, org_id=rule.org_id, kind=rule.kind, severity=rule.severity,
        channel_id=rule.channel_id, agent_id=rule.agent_id, site_id=rule.site_id,
    )  # fmt: skip

    def answer() -> Hush | None:
        cause_id = asked.value()
        return None if cause_id is None else Hush("inhibited", cause_id=int(cause_id))

    return answer


_LATELY = (
    select(Episode.id)
    .where(
        Episode.org_id == bindparam("org_id"),
        Episode.recorded_at > bindparam("since"),
        Episode.drill == "",
        Episode.historical.is_(False),
        or_(Episode.silenced == "", Episode.silenced == "flood"),
    )
    .limit(floods.MOST + 1)
    .subquery()
)
_FLOODING = Plain(
    select(
        select(Flood.id)
        .where(Flood.org_id == bindparam("org_id"), Flood.ended_at.is_(None))
        .scalar_subquery(),
        select(func.count()).select_from(_LATELY).scalar_subquery(),
    )
)


def _flooding(session: Session, rule: Silenceable, at: datetime, _drill: str) -> Answer:
    """Ask whether more alarms come than a person can answer; critical ones and life safety never wait.

    The alarm itself is counted: it has been written.
    """
    if not floods.can_wait(rule.severity, rule.alarm_class):
        return lambda: None
    asked = _FLOODING.ask(session, org_id=rule.org_id, since=at - floods.WINDOW)

    def answer() -> Hush | None:
        ((flood_id, lately),) = asked.rows()
        return Hush("flood") if flood_id is not None or floods.is_flood(lately) else None

    return answer


CAUSES: Final[list[Cause]] = [_suspended, _explained, _flooding]
"""Every cause that can silence an alarm; the first that holds is named."""
