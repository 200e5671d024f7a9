"""Agents and whole sites from which nothing comes any more: the server's half of the dead man's switch.

Sites are judged before agents, so that one notice tells of a site and its agents stand below it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.models import AlarmRule, RuleState
from server.alarms.watch import Finding
from server.alarms.watchers.places import sites_of_agents
from server.telemetry import beats
from server.telemetry.models import Agent
from server.telemetry.reports import SILENT_AFTER

FEW: Final = 2
"""From so many agents on a site is more than its one agent."""


@dataclass(frozen=True)
class Presence:
    """How an agent stands."""

    online: bool
    """As its birth, its will and its readings say."""
    unheard_s: float
    """Seconds since anything of it was stored."""
    waited_s: float
    """Of these, the seconds in which somebody listened."""

    @property
    def left(self) -> bool:
        """Say whether the broker has published its will; that it was marked after a long silence is none."""
        return not self.online and self.unheard_s < SILENT_AFTER.total_seconds()


def is_gone(found: Presence, limit_s: float, *, begun: bool, will_counts: bool = True) -> bool:
    """Say whether an agent says nothing: by its will, or for longer than the limit while somebody listened.

    What has `begun` goes on until the agent is heard again, also over a restart of the server.
    """
    if begun:
        return not found.online or found.unheard_s > limit_s
    return found.waited_s > limit_s or (will_counts and found.left)


def is_site_silent(agents: Sequence[Presence], limit_s: float, *, begun: bool) -> bool:
    """Say whether none of a site's agents is there; one agent alone is no site."""
    return len(agents) >= FEW and all(is_gone(one, limit_s, begun=begun) for one in agents)


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of every site and every agent whether it is silent now.

    An agent's will is believed at once where no other agent of its site has left too. Where others have, it may
    be the whole site: then its own notice waits as long as silence would.
    """
    rules = _rules(session)
    if not rules:
        return []
    sites, seen = sites_of_agents(session), _seen(session, now)
    leaving = _leaving(sites, seen)
    of_sites = [_of_site(one, begun, sites, seen, now) for one, begun in rules if one.site_id]
    of_agents = [
        _of_agent(one, begun, seen.get(one.agent_id or 0), leaving.get(one.agent_id or 0, 1), now)
        for one, begun in rules
        if one.agent_id
    ]
    return of_sites + of_agents


def _rules(session: Session) -> list[tuple[AlarmRule, bool]]:
    """The rules in the order of their numbers, with whether their alarm goes on."""
    rows = session.execute(
        select(AlarmRule, RuleState.phase)
        .outerjoin(RuleState, (RuleState.rule_id == AlarmRule.id) & (RuleState.drill == ""))
        .where(AlarmRule.kind.in_(("agent_silent", "site_silent")), AlarmRule.enabled)
        .order_by(AlarmRule.id)
    )
    return [(row[0], row[1] in {"active", "clearing"}) for row in rows]


def _seen(session: Session, now: datetime) -> dict[int, Presence]:
    """How each agent stands that is believed; one that was let in and never came has not left."""
    since = beats.listening_since(beats.fresh(session, now))
    rows = session.execute(
        select(Agent.id, Agent.online, Agent.seen_at, Agent.enrolled_at).where(
            Agent.revoked_at.is_(None)
        )
    )
    found: dict[int, Presence] = {}
    for row in rows:
        heard = max(row.seen_at or row.enrolled_at, row.enrolled_at)
        unheard_s = max((now - heard).total_seconds(), 0.0)
        waited_s = min(unheard_s, (now - since).total_seconds()) if since else unheard_s
        found[row.id] = Presence(row.online or row.seen_at is None, unheard_s, waited_s)
    return found


def _leaving(sites: Mapping[int, int], seen: Mapping[int, Presence]) -> dict[int, int]:
    """How many agents have left from the site of each agent, itself counted."""
    left: dict[int, int] = {}
    for agent_id, one in seen.items():
        if not one.online and (site_id := sites.get(agent_id)) is not None:
            left[site_id] = left.get(site_id, 0) + 1
    return {agent_id: left.get(site_id, 0) for agent_id, site_id in sites.items()}


def _of_site(
    rule: AlarmRule, begun: bool, sites: Mapping[int, int], seen: Mapping[int, Presence],
    now: datetime,
) -> Finding:  # fmt: skip
    agents = [one for agent_id, one in seen.items() if sites.get(agent_id) == rule.site_id]
    holds = is_site_silent(agents, _limit_s(rule), begun=begun)
    return Finding(rule, holds, now, detail={"count": len(agents)})


def _of_agent(
    rule: AlarmRule, begun: bool, found: Presence | None, leaving: int, now: datetime
) -> Finding:
    """A revoked agent is not waited for."""
    holds = found is not None and is_gone(
        found, _limit_s(rule), begun=begun, will_counts=leaving < FEW
    )
    return Finding(rule, holds, now)


def _limit_s(rule: AlarmRule) -> float:
    """After so many seconds the delay begins, so that both together are the rule's value."""
    return max(rule.value - rule.delay_on_s, 0.0)
