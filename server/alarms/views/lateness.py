"""Past alarms that were found in late readings, and how the bank is told of them."""

from flask import Response, g, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.queries import visible
from server.alarms import board
from server.alarms.models import Episode
from server.alarms.service import lateness
from server.alarms.views.blueprints import api, pages
from server.core.errors import CryokeepError, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext
from server.parties.models import Organisation

SHOWN = 50


class LatePolicyForm(Form):
    """How an organisation is told."""

    organisation: int = forms.whole()
    policy: str = forms.choice(lateness.POLICIES)


class LatePolicyIn(Body):
    """How an organisation is told of past alarms that are found in late readings: digest, call or none."""

    organisation_id: int
    policy: str


class LatePolicyOut(Answer):
    """How an organisation is told."""

    organisation_id: int
    policy: str


@pages.get("/alarms/late")
@require("alarms.read")
def late() -> str:
    """Show what was found late, the newest first."""
    return _page({}, Typed())


@pages.post("/alarms/late")
@require("alarms.configure")
def set_late_policy() -> AnyResponse:
    """Set how an organisation is told."""
    try:
        form = LatePolicyForm.read(request.form)
        _may(form.organisation)
        lateness.set_policy(g.session, g.actor, form.organisation, form.policy, at=g.clock.now())
    except CryokeepError as error:
        shown = _page(forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 422 if isinstance(error, Invalid) else 403)
    notices.tell(gettext(N_("Set. It counts from the next alarm that is found late.")))
    return redirect(lateness.PAGE)


@api.put("/late-policy")
@require("alarms.configure")
@describes(
    "Set how past alarms in late readings are told", body=LatePolicyIn, answers={200: LatePolicyOut}
)
def put_late_policy() -> LatePolicyOut:
    """Set it for one organisation."""
    wish = read(LatePolicyIn)
    _may(wish.organisation_id)
    lateness.set_policy(g.session, g.actor, wish.organisation_id, wish.policy, at=g.clock.now())
    return LatePolicyOut(wish.organisation_id, wish.policy)


def _may(org_id: int) -> None:
    if not g.actor.may("alarms.configure", org_id):
        because = N_("You may not set how this organisation is told.")
        raise Forbidden(Refusal("not_yours", because))


def _organisations() -> list[Organisation]:
    query = visible(select(Organisation), g.actor, "alarms.configure", Organisation.id)
    return list(g.session.scalars(query.order_by(Organisation.name)))


def _page(errors: dict[str, Refusal], typed: Typed) -> str:
    orgs, now = g.actor.orgs("alarms.read"), g.clock.now()
    found, total = board.history(
        g.session, orgs, now, [Episode.historical, Episode.drill == ""], SHOWN, 0
    )
    policies = [
        (one.id, one.name, lateness.policy_of(g.session, one.id)) for one in _organisations()
    ]
    return render_template(
        "alarms/late.html",
        alarms=found,
        total=total,
        policies=policies,
        choices=[(one, gettext(lateness.POLICY_WORDS[one])) for one in lateness.POLICIES],
        errors=errors,
        typed=typed,
    )
