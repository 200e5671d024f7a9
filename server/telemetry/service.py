"""What people do about agents and channels: enrol, revoke, say what a channel is."""

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage.models import Container
from server.telemetry import enrolment, rules
from server.telemetry.models import Agent, Channel

_ALREADY = N_("%(site)s/%(code)s is enrolled already; revoke it first to give it a new password.")
_REVOKED = N_("%(site)s/%(code)s has been revoked already.")
_NO_FREEZER = N_("%(code)s is no freezer of the agent's organisation.")


def enrol(
    session: Session, actor: Actor, site: str, code: str, org_id: int, *, at: datetime
) -> str:
    """Let an agent in and return its password, which is kept nowhere and shown only now.

    A revoked agent of the same name and organisation is let in again, with a new password.
    """
    if refusal := rules.why_not_enrol(site, code):
        raise Invalid(refusal, field="code" if refusal.facts["what"] == "name" else "site")
    password = secrets.token_urlsafe(18)
    agent = session.scalars(select(Agent).where(Agent.site == site, Agent.code == code)).first()
    if agent is not None and (agent.revoked_at is None or agent.org_id != org_id):
        raise Conflict(Refusal("agent_enrolled", _ALREADY, {"site": site, "code": code}))
    if agent is None:
        agent = Agent(org_id=org_id, site=site, code=code)
        session.add(agent)
    agent.secret = rules.password_hash(password, secrets.token_bytes(12))
    agent.enrolled_at = at
    agent.revoked_at = None
    session.flush()
    audit.record(session, actor, "agent.enrolled", "agent", f"{site}/{code}", at=at, org_id=org_id)
    return password


def revoke(session: Session, actor: Actor, agent: Agent, *, at: datetime, reason: str = "") -> None:
    """Believe this agent no more: from the moment of the commit none of its rows is stored or settled."""
    facts = {"site": agent.site, "code": agent.code}
    if agent.revoked_at is not None:
        raise Conflict(Refusal("agent_revoked", _REVOKED, facts))
    agent.revoked_at = at
    agent.online = False
    agent.secret = ""
    enrolment.end_all(session, agent, at)
    audit.record(
        session,
        actor,
        "agent.revoked",
        "agent",
        f"{agent.site}/{agent.code}",
        at=at,
        org_id=agent.org_id,
        reason=reason,
    )


def describe_channel(
    session: Session,
    actor: Actor,
    channel: Channel,
    *,
    label: str,
    freezer: Container | None,
    at: datetime,
) -> None:
    """Say what a channel is and which freezer it looks into; that confirms it."""
    org_id = channel.agent.org_id
    if freezer is not None and (freezer.kind != "freezer" or freezer.org_id != org_id):
        raise Invalid(
            Refusal("no_such_freezer", _NO_FREEZER, {"code": freezer.code}), field="freezer"
        )
    before = {"label": channel.label, "freezer": channel.freezer.code if channel.freezer else None}
    channel.label = label
    channel.freezer = freezer
    channel.confirmed = True
    audit.record(
        session, actor, "channel.described", "channel", f"{channel.agent.code}/{channel.stream}/{channel.key}",
        at=at, org_id=org_id, before=before, label=label, freezer=freezer.code if freezer else None,
    )  # fmt: skip
