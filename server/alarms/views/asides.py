"""What is set aside: listed with by whom, why and for how long; set aside, agreed to, ended early."""

from datetime import datetime
from typing import Any

from flask import Response, g, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.queries import visible
from server.alarms import asides, rules, standing
from server.alarms.models import AlarmRule, Suspension
from server.alarms.service import suspensions
from server.alarms.standing import Thing
from server.alarms.views import choices
from server.alarms.views.blueprints import pages
from server.alarms.views.episode import find as find_alarm
from server.alarms.views.episode import refused
from server.alarms.views.rules import find as find_rule
from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext, language
from server.storage import queries as storage
from server.storage.models import Container, Site
from server.telemetry.models import Agent

PAGE = "/alarms/shelved"
OFF_SHOWN = 200
"""So many rules that are off are listed at most."""


class ShelveForm(Form):
    """How an alarm is set aside on its own page, for how long, and why."""

    mode: str = forms.choice(asides.MODES)
    hours: float = forms.number(unit="h")
    reason: str = forms.text(most=asides.MOST_WORDS)


class AsideForm(ShelveForm):
    """What is set aside, how, for how long, and why."""

    what: str = forms.text(most=200)


@pages.get("/alarms/shelved")
@require("alarms.read")
def shelved() -> str:
    """Show what is set aside and which rules are switched off."""
    return _page({}, Typed(what=request.args.get("what", "")))


@pages.post("/alarms/shelved")
@require("alarms.shelve")
def set_aside() -> AnyResponse:
    """Set a freezer, agent, site or rule aside."""
    try:
        form = AsideForm.read(request.form)
        kind, _, code = form.what.partition(":")
        thing = find_thing(kind, code, "alarms.shelve")
        row = begin(thing, form.mode, form.reason, form.hours)
    except CryokeepError as error:
        shown = _page(forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 422 if isinstance(error, Invalid) else 409)
    _tell(row)
    return redirect(PAGE)


@pages.post("/alarms/<int:alarm_id>/shelve")
@require("alarms.shelve")
def shelve(alarm_id: int) -> AnyResponse:
    """Shelve the rule of an alarm, for a time or until this alarm ends."""
    found = find_alarm(alarm_id, "alarms.shelve")
    try:
        form = ShelveForm.read(request.form)
        row = begin(found.episode.rule, form.mode, form.reason, form.hours)
    except CryokeepError as error:
        return refused(alarm_id, error)
    _tell(row)
    return redirect(f"/alarms/{alarm_id}")


@pages.post("/alarms/shelved/<int:number>/end")
@require("alarms.shelve")
def end(number: int) -> AnyResponse:
    """End it early."""
    row = find(number, "alarms.shelve")
    suspensions.end(g.session, g.actor, row, at=g.clock.now())
    notices.tell(gettext(N_("Ended. Alarms of this call again.")))
    return redirect(PAGE)


@pages.post("/alarms/shelved/<int:number>/agree")
@require("alarms.shelve")
def agree(number: int) -> AnyResponse:
    """Be the second person, whom life safety asks for."""
    row = find(number, "alarms.shelve")
    try:
        suspensions.agree(g.session, g.actor, row, at=g.clock.now())
    except CryokeepError as error:
        return Response(_page(forms.errors_of(error), Typed()), 409)
    notices.tell(gettext(N_("You have agreed. Life safety of this calls nobody until it ends.")))
    return redirect(PAGE)


def begin(thing: Thing, mode: str, reason: str, hours: float) -> Suspension:
    """Set a thing aside in the actor's name, for so many hours."""
    now = g.clock.now()
    until = asides.after(now, hours)
    return suspensions.set_aside(g.session, g.actor, thing, mode, reason, until=until, at=now)


def find(number: int, permission: str) -> Suspension:
    """Return what is set aside if the actor may see it; NotFound otherwise."""
    query = select(Suspension).where(Suspension.id == number)
    found: Suspension | None = g.session.scalars(
        visible(query, g.actor, permission, Suspension.org_id)
    ).first()
    if found is None:
        because = N_("Nothing is set aside under the number %(number)s.")
        raise NotFound(Refusal("no_such_suspension", because, {"number": number}))
    return found


def find_thing(kind: str, code: str, permission: str) -> Thing:
    """Return the rule (by number), freezer, agent (SITE/CODE) or site that is meant; NotFound otherwise."""
    if kind == "rule" and code.isdecimal() and len(code) < 10:
        return find_rule(int(code), permission)
    if kind == "freezer":
        return storage.container(g.session, g.actor, permission, code, "freezer")
    found: Agent | Site | None = None
    if kind == "agent":
        site, _, own = code.partition("/")
        agents = select(Agent).where(Agent.site == site, Agent.code == own)
        found = g.session.scalars(visible(agents, g.actor, permission, Agent.org_id)).first()
    elif kind == "site":
        sites = select(Site).where(Site.code == code)
        found = g.session.scalars(visible(sites, g.actor, permission, Site.org_id)).first()
    if found is None:
        because = N_("There is no freezer, agent, site or rule “%(found)s” that you may set aside.")
        raise NotFound(Refusal("no_such_thing", because, {"found": f"{kind}:{code}"}), field="what")
    return found


def standing_rows(permission: str, now: datetime) -> list[standing.Aside]:
    """Return what is set aside in the actor's organisations, that which ends first before the others."""
    query = visible(select(Suspension), g.actor, permission, Suspension.org_id)
    return standing.listed(g.session, query, now)


def _tell(row: Suspension) -> None:
    said = N_("Set aside. It goes on working and is recorded, but calls nobody until it ends.")
    if row.agreed_at is None:
        said = N_("Noted. It calls on until a second person has agreed.")
    notices.tell(gettext(said))


def _page(errors: dict[str, Refusal], typed: Typed) -> str:
    return render_template(
        "alarms/shelved.html",
        rows=standing_rows("alarms.read", g.clock.now()),
        modes=asides.MODE_WORDS,
        off=_off(),
        rule_name=standing.rule_name,
        things=_things(),
        offered=choices.modes([mode for mode in asides.MODES if mode != "shelved_once"]),
        hours=choices.hours(max(asides.LONGEST.values())),
        may=g.actor.may("alarms.shelve"),
        may_in=g.actor.orgs("alarms.shelve"),
        may_configure=g.actor.orgs("alarms.configure"),
        severities=rules.SEVERITY_WORDS,
        errors=errors,
        typed=typed,
    )


def _off() -> list[AlarmRule]:
    query = select(AlarmRule).where(AlarmRule.enabled.is_(False)).order_by(AlarmRule.off_until)
    shown: Any = visible(query, g.actor, "alarms.read", AlarmRule.org_id).limit(OFF_SHOWN)
    return list(g.session.scalars(shown))


def _things() -> list[tuple[str, str]]:
    """What can be set aside as a whole: freezers, agents, sites that the actor may set aside."""
    if not g.actor.may("alarms.shelve"):
        return []
    freezers = select(Container).where(Container.kind == "freezer").order_by(Container.code)
    agents = select(Agent).where(Agent.revoked_at.is_(None)).order_by(Agent.site, Agent.code)
    return [
        *_offered("freezer", N_("Freezer %(name)s"), freezers, Container.org_id),
        *_offered("agent", N_("Node %(name)s"), agents, Agent.org_id),
        *_offered("site", N_("Site %(name)s"), select(Site).order_by(Site.code), Site.org_id),
    ]


def _offered(kind: str, template: str, query: Any, org: Any) -> list[tuple[str, str]]:  # noqa: ANN401  a select and its column
    found = g.session.scalars(visible(query, g.actor, "alarms.shelve", org))
    said = []
    for one in found:
        code = f"{one.site}/{one.code}" if kind == "agent" else one.code
        name = standing.name_of(one).text(language())
        said.append((f"{kind}:{code}", gettext(template, name=name)))
    return said
