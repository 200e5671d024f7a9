"""At which site an agent stands: where the freezers that it reads stand, else the site of its name."""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel


def sites_of_agents(session: Session) -> dict[int, int]:
    """Return the site of each agent that is not revoked; an agent whose site nobody knows is left out.

    By the freezers of its channels; an agent without any stands at the site of its organisation whose code or
    name is the site of its topic, in capital or small letters.
    """
    agents = session.execute(
        select(Agent.id, Agent.org_id, Agent.site).where(Agent.revoked_at.is_(None))
    ).all()
    counted = session.execute(
        select(Channel.agent_id, Room.site_id, func.count())
        .join(Container, Container.id == Channel.freezer_id)
        .join(Room, Room.id == Container.room_id)
        .group_by(Channel.agent_id, Room.site_id)
    ).all()
    by_freezers = most_often((row[0], row[1], row[2]) for row in counted)
    by_name = _by_name(session)
    found = {
        agent.id: by_freezers.get(agent.id) or by_name.get((agent.org_id, agent.site.casefold()))
        for agent in agents
    }
    return {agent_id: site_id for agent_id, site_id in found.items() if site_id is not None}


def most_often(counted: Iterable[tuple[int, int, int]]) -> Mapping[int, int]:
    """Return for each (thing, place, how often) of a thing the place that is named most often."""
    votes: dict[int, Counter[int]] = {}
    for thing, place, often in counted:
        votes.setdefault(thing, Counter())[place] += often
    return {thing: vote.most_common(1)[0][0] for thing, vote in votes.items()}


def _by_name(session: Session) -> dict[tuple[int, str], int]:
    rows = session.execute(select(Site.id, Site.org_id, Site.code, Site.name)).all()
    named = {(row.org_id, row.name.casefold()): row.id for row in rows}
    return named | {(row.org_id, row.code.casefold()): row.id for row in rows}
