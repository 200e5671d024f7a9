"""Which alarm explains which: typed parents. One notice tells of the cause; what it explains is recorded below it.

Site power explains everything of its site that falls silent; the broker everything of its bank; a silent site its
agents; an agent without power, or silent, its channels; a probe at fault the silence of its channel, unless that is
the worse of the two. A temperature or a level that was read is explained by nothing, and life safety is never silenced.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from server.alarms.models import Episode
from server.core.plain import Asked, Plain
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel

PARENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "power": ("site_power",),
    "site_silent": ("site_power", "broker_down"),
    "agent_silent": ("site_power", "broker_down", "site_silent", "power"),
    "stale": ("site_power", "broker_down", "site_silent", "power", "agent_silent", "probe_fault"),
    "probe_fault": ("site_power", "site_silent", "power", "agent_silent"),
}
"""What can explain an alarm of each kind, the farthest cause first."""
CAUSES: Final = frozenset(kind for parents in PARENTS.values() for kind in parents)
"""The kinds that explain others."""
OF_CHANNEL: Final = ("probe_fault",)
"""Of these, what explains its own channel only. What it explains comes after it: nothing is folded in."""
FOLDING: Final = CAUSES - set(OF_CHANNEL)
OF_SITE: Final = ("site_power", "site_silent")
OF_AGENT: Final = ("power", "agent_silent")
SEVERAL: Final = 2
"""One node without power may be its own plug; two of a site are the site."""
GRACE: Final = timedelta(seconds=60)
"""An alarm that came so shortly before its cause is folded in below it, and calls no further.

A silence waits so long for a fault of its probe whose delay is running: then it is told as one from the first."""
SETTLING: Final = timedelta(seconds=60)
"""So long after its cause has cleared an alarm that still holds has time to end by itself; then it calls."""
_MOST: Final = max(len(parents) for parents in PARENTS.values())


def can_be_explained(kind: str, alarm_class: str) -> bool:
    """Say whether anything can explain an alarm of this kind and class."""
    return kind in PARENTS and alarm_class != "safety"


def children_of(kind: str) -> tuple[str, ...]:
    """Return the kinds that an alarm of this kind explains."""
    return tuple(child for child, parents in PARENTS.items() if kind in parents)


def ask_cause(
    session: Session, *, org_id: int, kind: str, severity: str, channel_id: int | None,
    agent_id: int | None, site_id: int | None,
) -> Asked:  # fmt: skip
    """Ask which alarm that goes on explains one of this kind and thing: one row with its number, or none.

    Where the cause is itself explained, it is the cause of that which is named: all stand below one.
    """
    parents = (*PARENTS[kind], *[""] * _MOST)[:_MOST]
    named = {f"parent_{n}": parent for n, parent in enumerate(parents)}
    return _CAUSE.ask(
        session, org_id=org_id, severity=severity, channel_id=channel_id, agent_id=agent_id,
        site_id=site_id, **named,
    )  # fmt: skip


def explained_by(kind: str, org_id: int, agent_id: int | None, site_id: int | None) -> Select[Any]:
    """Return the query of the alarms of its thing that one of this kind explains."""
    return select(Episode.id).where(
        Episode.kind.in_(children_of(kind)),
        Episode.alarm_class != "safety",
        Episode.drill == "",
        Episode.historical.is_(False),
        _below(kind, org_id, agent_id, site_id),
    )


def _below(
    kind: str, org_id: int, agent_id: int | None, site_id: int | None
) -> ColumnElement[bool]:
    if kind in OF_AGENT:
        return _of_agents(select(Agent.id).where(Agent.id == agent_id))
    if kind in OF_SITE:
        return or_(Episode.site_id == site_id, _of_agents(agents_of_site(site_id)))
    return Episode.org_id == org_id


def rank_of(severity: str) -> int:
    """Return 0 for critical, more for what is less bad."""
    return _RANKS[severity]


_RANKS: Final = {"critical": 0, "high": 1, "warning": 2}


def _rank(severity: SQLColumnExpression[str]) -> ColumnElement[int]:
    return case(*((severity == word, n) for word, n in _RANKS.items()), else_=len(_RANKS))


def _of_agents(agents: Select[Any]) -> ColumnElement[bool]:
    channels = select(Channel.id).where(Channel.agent_id.in_(agents))
    return or_(Episode.agent_id.in_(agents), Episode.channel_id.in_(channels))


def agents_of_site(site_id: int | None) -> Select[Any]:
    """Return the query of the agents of a site: by the freezers that they read, else by the site of their name."""
    return agents_of_sites(select(Site.id).where(Site.id == site_id))


def agents_of_sites(sites: Select[Any]) -> Select[Any]:
    """Return the query of the agents of these sites."""
    placed = (
        select(Channel.agent_id)
        .join(Container, Container.id == Channel.freezer_id)
        .join(Room, Room.id == Container.room_id)
    )
    named = (
        select(Agent.id)
        .join(Site, Site.org_id == Agent.org_id)
        .where(Site.id.in_(sites), _same_name(), Agent.id.not_in(placed))
    )
    return select(Agent.id).where(
        or_(Agent.id.in_(placed.where(Room.site_id.in_(sites))), Agent.id.in_(named))
    )


def site_of_agent(agent_id: int) -> Select[Any]:
    """Return the query of the site of an agent."""
    placed = (
        select(Room.site_id)
        .join(Container, Container.room_id == Room.id)
        .join(Channel, Channel.freezer_id == Container.id)
        .where(Channel.agent_id == agent_id)
    )
    named = (
        select(Site.id)
        .join(Agent, Agent.org_id == Site.org_id)
        .where(Agent.id == agent_id, _same_name())
    )
    return select(Site.id).where(
        or_(Site.id.in_(placed), and_(~placed.exists(), Site.id.in_(named)))
    )


def _same_name() -> ColumnElement[bool]:
    return or_(
        func.lower(Site.code) == func.lower(Agent.site),
        func.lower(Site.name) == func.lower(Agent.site),
    )


def _one_of(kinds: tuple[str, ...]) -> ColumnElement[bool]:
    """As plain statements can say it."""
    return or_(*(Episode.kind == kind for kind in kinds))


_AGENT = func.coalesce(
    bindparam("agent_id", type_=Integer),
    select(Channel.agent_id)
    .where(Channel.id == bindparam("channel_id", type_=Integer))
    .scalar_subquery(),
)
_PLACED = (
    select(Room.site_id)
    .join(Container, Container.room_id == Room.id)
    .join(Channel, Channel.freezer_id == Container.id)
    .where(Channel.agent_id == _AGENT)
)
_NAMED = (
    select(Site.id).join(Agent, Agent.org_id == Site.org_id).where(Agent.id == _AGENT, _same_name())
)
_KINDS: Final[list[BindParameter[str]]] = [
    bindparam(f"parent_{n}", type_=String) for n in range(_MOST)
]
_CAUSE = Plain(
    select(case((Episode.silenced == "inhibited", Episode.cause_id), else_=Episode.id))
    .where(
        Episode.cleared_at.is_(None),
        Episode.drill == "",
        Episode.org_id == bindparam("org_id"),
        Episode.kind.in_(_KINDS),
        or_(
            Episode.kind == "broker_down",
            and_(_one_of(OF_AGENT), Episode.agent_id == _AGENT),
            and_(
                _one_of(OF_CHANNEL),
                Episode.channel_id == bindparam("channel_id", type_=Integer),
                _rank(Episode.severity) <= _rank(bindparam("severity", type_=String)),
            ),
            and_(
                _one_of(OF_SITE),
                or_(
                    Episode.site_id == bindparam("site_id", type_=Integer),
                    Episode.site_id.in_(_PLACED),
                    and_(~_PLACED.exists(), Episode.site_id.in_(_NAMED)),
                ),
            ),
        ),
    )
    .order_by(case(*((Episode.kind == kind, n) for n, kind in enumerate(_KINDS)), else_=_MOST))
    .limit(1)
)
