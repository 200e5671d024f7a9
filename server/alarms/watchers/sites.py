"""A site without mains power: several of its agents say so, and it is one cause."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import causes
from server.alarms.models import AlarmRule, Episode
from server.alarms.watch import Finding
from server.alarms.watchers.places import sites_of_agents


def is_site_power(without: int) -> bool:
    """Say whether so many nodes without power mean that the site has none."""
    return without >= causes.SEVERAL


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of every site whether several of its agents run without mains power now."""
    rules = session.scalars(
        select(AlarmRule).where(AlarmRule.kind == "site_power", AlarmRule.enabled)
    ).all()
    if not rules:
        return []
    counted = _counted(without_power(session), sites_of_agents(session))
    return [
        Finding(
            rule,
            is_site_power(counted.get(rule.site_id or 0, 0)),
            now,
            detail={"count": counted.get(rule.site_id or 0, 0)},
        )
        for rule in rules
    ]


def without_power(session: Session) -> list[int]:
    """Return the agents whose own alarm says now that they run without mains power."""
    wanted = select(Episode.agent_id).where(
        Episode.cleared_at.is_(None), Episode.kind == "power", Episode.drill == "",
        Episode.agent_id.is_not(None),
    )  # fmt: skip
    return [one for one in session.scalars(wanted) if one is not None]


def _counted(agents: Iterable[int], sites: dict[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for agent_id in set(agents):
        if (site_id := sites.get(agent_id)) is not None:
            found[site_id] = found.get(site_id, 0) + 1
    return found
