"""The agents: which are there, how they are, let one in, believe one no more."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from server.accounts.queries import visible
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.address import base_url
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.kit.state import kit
from server.parties.models import Organisation
from server.telemetry import queries, service
from server.telemetry.enrolment import Offered
from server.telemetry.models import Agent, Channel
from server.telemetry.terms import terms
from server.telemetry.views import enrolment
from server.telemetry.views.blueprints import pages
from server.telemetry.views.lists import Sorts, list_page

REFUSED = (Invalid, Conflict)
SILENT_AFTER = timedelta(minutes=3)
MOST_CHANNELS = 200
SORTS: Sorts = {
    "agent": Agent.site + "/" + Agent.code,
    "seen": Agent.seen_at,
    "version": Agent.agent_version,
    "refused": Agent.rejected,
}
Page = BaseResponse | str | tuple[str, int]


class EnrolForm(Form):
    """A new agent's names, and whose it is."""

    site: str = forms.text(most=32)
    code: str = forms.text(most=32)
    org: int = forms.choice()
    how: str = forms.choice(("certificate", "password"), required=False)


class RevokeForm(Form):
    """Why an agent is believed no more."""

    reason: str = forms.text(most=200)


@dataclass(frozen=True)
class Shown:
    """An agent as the pages show it: its state, and what its last heartbeat said."""

    agent: Agent
    state: str
    word: str
    beat: dict[str, Any]


def shown(agent: Agent) -> Shown:
    """Return the agent with its presence in a word."""
    state, word = _presence(agent)
    return Shown(agent, state, word, json.loads(agent.heartbeat or "{}"))


def _presence(agent: Agent) -> tuple[str, str]:
    if agent.revoked_at is not None:
        return "plain", N_("revoked")
    if agent.seen_at is None:
        return "unknown", N_("never seen")
    if not agent.online or g.clock.now() - agent.seen_at > SILENT_AFTER:
        return "unknown", N_("silent")
    return "normal", N_("there")


@pages.get("/agents")
@require("telemetry.read")
def agents() -> str:
    """List the agents that the person may see."""
    query = queries.agents_seen_by(g.actor)
    listed = list_page(g.session, query, SORTS, "agent", tie=Agent.id)
    return render_template(
        "telemetry/agents.html",
        page=listed,
        rows=[shown(agent) for agent in listed.rows],
        may_manage=g.actor.may("telemetry.manage"),
    )


@pages.get("/agents/enrol")
@require("telemetry.manage")
def enrol_form() -> str:
    """Ask for the names of a new agent."""
    return _enrol(Typed())


@pages.post("/agents/enrol")
@require("telemetry.manage")
def enrol() -> Page:
    """Make a code for an agent, or let it in with a password; either is shown this once."""
    try:
        form = EnrolForm.read(request.form, {"org": [org.id for org in _organisations()]})
        site, code = form.site.strip(), form.code.strip()
        if form.how == "certificate":
            return _code(enrolment.offer(site, code, form.org))
        g.secret_answer = True
        password = service.enrol(g.session, g.actor, site, code, form.org, at=g.clock.now())
    except REFUSED as refused:
        return _enrol(typed_of(request.form), refused), 422
    return render_template("telemetry/enrolled.html", site=site, code=code, password=password)


def _code(offered: Offered) -> str:
    settings = kit().settings
    is_own = bool(terms(settings, g.clock.now()).fingerprint)
    command = f"cryokeep-edge enrol --server {base_url(settings)} --code {offered.code}"
    return render_template(
        "telemetry/code.html", offered=offered, is_own=is_own,
        command=command if is_own else f"{command} --ca-file AUTHORITY.pem",
    )  # fmt: skip


def _enrol(typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "telemetry/enrol.html",
        typed=typed,
        errors=errors_of(refused) if refused else {},
        organisations=_organisations(),
        certificates=_takes_certificates(),
    )


def _takes_certificates() -> bool:
    """Say whether agents on other machines can be enrolled here."""
    try:
        terms(kit().settings, g.clock.now())
    except CryokeepError:
        return False
    return True


def _organisations() -> list[Organisation]:
    wanted = visible(select(Organisation), g.actor, "telemetry.manage", Organisation.id)
    return list(g.session.scalars(wanted.order_by(Organisation.name)))


def find(site: str, code: str, permission: str = "telemetry.read") -> Agent:
    """Return the agent of these names; NotFound where there is none to see."""
    wanted = queries.agents_seen_by(g.actor, permission)
    found: Agent | None = g.session.scalars(
        wanted.where(Agent.site == site, Agent.code == code)
    ).first()
    if found is None:
        because = N_("There is no agent %(site)s/%(code)s. The list of agents shows all of them.")
        raise NotFound(Refusal("no_such_agent", because, {"site": site, "code": code}))
    return found


@pages.get("/agents/<site>/<code>")
@require("telemetry.read")
def agent(site: str, code: str) -> str:
    """Show one agent and its channels."""
    found = find(site, code)
    return render_template(
        "telemetry/agent.html",
        one=shown(found),
        organisation=g.session.get_one(Organisation, found.org_id),
        channels=channels_of(found),
        may_manage=g.actor.may("telemetry.manage", found.org_id),
        now_ms=round(g.clock.now().timestamp() * 1000),
    )


def channels_of(agent: Agent) -> list[queries.Channelled]:
    """Return the agent's channels with their newest readings, the unconfirmed ones first."""
    wanted = select(Channel).where(Channel.agent_id == agent.id)
    wanted = wanted.order_by(Channel.confirmed, Channel.stream, Channel.key).limit(MOST_CHANNELS)
    now = g.clock.now()
    return [queries.channelled(one, now) for one in g.session.scalars(wanted)]


@pages.get("/agents/<site>/<code>/revoke")
@require("telemetry.manage")
def revoke_form(site: str, code: str) -> str:
    """Name what is revoked and ask for the reason."""
    return _revoke(find(site, code, "telemetry.manage"), Typed())


@pages.post("/agents/<site>/<code>/revoke")
@require("telemetry.manage")
def revoke(site: str, code: str) -> Page:
    """Believe the agent no more."""
    found = find(site, code, "telemetry.manage")
    try:
        form = RevokeForm.read(request.form)
        service.revoke(g.session, g.actor, found, at=g.clock.now(), reason=form.reason)
    except REFUSED as refused:
        return _revoke(found, typed_of(request.form), refused), 422
    notices.tell(gettext("%(agent)s has been revoked.", agent=f"{site}/{code}"))
    return redirect(url_for("telemetry.agent", site=site, code=code))


def _revoke(found: Agent, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "telemetry/revoke.html",
        agent=found,
        channels=channels_of(found),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )
