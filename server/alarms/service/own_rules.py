"""The rules that Cryokeep makes by itself: of every agent and its own health, every site with agents, every bank."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import paths
from server.alarms.defaults import HOST
from server.alarms.models import AlarmRule
from server.alarms.rules import Wish
from server.audit import service as audit
from server.core.actor import Actor
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel

SELF: Final = Actor.system("Cryokeep watch")
AGENT: Final = (
    Wish("agent_silent", "high", 180.0, delay_on_s=20.0, delay_off_s=30.0, alarm_class="equipment"),
    Wish("power", "high", 0.5, delay_off_s=10.0, alarm_class="equipment"),
)
"""What every agent is watched for. Silence: 180 s, or 20 s after its will."""
SITE: Final = (
    Wish("site_power", "critical", 0.5, delay_off_s=10.0, alarm_class="equipment"),
    Wish("site_silent", "critical", 180.0, delay_off_s=30.0, alarm_class="equipment"),
)
"""What every site with agents is watched for."""
BANK: Final = (
    Wish("broker_down", "critical", 0.5, delay_on_s=20.0, delay_off_s=10.0, alarm_class="system"),
    Wish("drill_missed", "high", 0.5, alarm_class="system"),
    *paths.wishes(),
)
"""What every organisation with agents or freezers is watched for."""


@dataclass(frozen=True)
class Missing:
    """A rule that is not there yet: of which thing."""

    org_id: int
    wish: Wish
    agent_id: int | None = None
    site_id: int | None = None
    freezer_id: int | None = None
    channel_id: int | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Return what it is known by: there is one of each."""
        return self.org_id, self.wish.kind, self.wish.params, self.agent_id, self.site_id


def missing(session: Session) -> list[Missing]:
    """Return the rules that should be there and are not; only reads. One that is switched off is there."""
    known = {
        (row.org_id, row.kind, row.params, row.agent_id, row.site_id)
        for row in session.execute(
            select(
                AlarmRule.org_id, AlarmRule.kind, AlarmRule.params, AlarmRule.agent_id,
                AlarmRule.site_id,
            ).where(AlarmRule.kind.in_(_KINDS))
        )
    }  # fmt: skip
    return [one for one in _wanted(session) if one.key not in known] + _of_nodes(session)


def ensure(session: Session, wanted: Iterable[Missing], *, at: datetime) -> int:
    """Make these rules, each with its line in the record of changes; returns how many."""
    made = [_make(session, one, at) for one in wanted]
    return len(made)


def _wanted(session: Session) -> list[Missing]:
    agents = session.execute(
        select(Agent.id, Agent.org_id).where(Agent.revoked_at.is_(None)).order_by(Agent.id)
    ).all()
    banks = {row.org_id for row in agents} | _with_freezers(session)
    return [
        *(Missing(row.org_id, wish, agent_id=row.id) for row in agents for wish in AGENT),
        *(
            Missing(org_id, wish, site_id=site_id)
            for site_id, org_id in _sites(session).items()
            for wish in SITE
        ),
        *(Missing(org_id, wish) for org_id in sorted(banks) for wish in BANK),
    ]


def _of_nodes(session: Session) -> list[Missing]:
    """The rules of the health of nodes whose channels nobody watches yet: processor, disk, supply."""
    rows = session.execute(
        select(Channel.id, Channel.key, Agent.org_id)
        .join(Agent, Agent.id == Channel.agent_id)
        .where(Channel.key.in_(HOST), Agent.revoked_at.is_(None))
        .where(~select(AlarmRule.id).where(AlarmRule.channel_id == Channel.id).exists())
        .order_by(Channel.id)
    )
    return [Missing(row.org_id, wish, channel_id=row.id) for row in rows for wish in HOST[row.key]]


def _sites(session: Session) -> Mapping[int, int]:
    """The sites of organisations that have agents, with their organisation."""
    owners = select(Agent.org_id).where(Agent.revoked_at.is_(None))
    rows = session.execute(
        select(Site.id, Site.org_id).where(Site.org_id.in_(owners)).order_by(Site.id)
    )
    return {row.id: row.org_id for row in rows}


def _with_freezers(session: Session) -> set[int]:
    rows = session.scalars(
        select(Container.org_id)
        .join(Room, Room.id == Container.room_id)
        .where(Container.kind == "freezer", Container.retired_at.is_(None))
        .distinct()
    )
    return set(rows)


def _make(session: Session, one: Missing, at: datetime) -> AlarmRule:
    rule = AlarmRule(
        org_id=one.org_id, agent_id=one.agent_id, site_id=one.site_id, freezer_id=one.freezer_id,
        channel_id=one.channel_id, created_at=at, **asdict(one.wish),
    )  # fmt: skip
    session.add(rule)
    session.flush()  # reason: the audit entry names the rule by its number
    freezer = session.get_one(Container, one.freezer_id).code if one.freezer_id else ""
    channel = session.get_one(Channel, one.channel_id).key if one.channel_id else ""
    audit.record(
        session, SELF, "alarm_rule.added", "alarm_rule", str(rule.id), at=at, org_id=one.org_id,
        freezer=freezer, channel=channel, agent=one.agent_id, site=one.site_id, now=asdict(one.wish),
    )  # fmt: skip
    return rule


_KINDS: Final = sorted({wish.kind for wish in (*AGENT, *SITE, *BANK)})
