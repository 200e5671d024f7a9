"""How the signed-in person is reached: further addresses, quiet hours, how often at most, when away."""

from typing import Any

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.models import Person
from server.core.errors import CryokeepError, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import SIGNED_IN, require
from server.kit.filters import site_zone
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext
from server.notify import holding, limits, preferences
from server.notify.models import Absence, Contact, QuietHours
from server.notify.views.blueprints import pages
from server.notify.views.common import clock, minutes, names_of, people_of, person_of
from server.outbox import gateways

WRONG = N_("This is not the code that was sent there; look again.")


class ContactForm(Form):
    """A further address."""

    channel: str = forms.choice(preferences.CONTACT_CHANNELS)
    address: str = forms.text(most=500)
    min_severity: str = forms.choice(holding.SEVERITIES)


class QuietForm(Form):
    """Quiet hours."""

    weekdays: list[str] = forms.many(tuple("0123456"))
    from_time: str = forms.text(most=5)
    until_time: str = forms.text(most=5)
    time_zone: str = forms.text(most=60)
    most_severe: str = forms.choice(holding.CAN_BE_QUIET)


class LimitForm(Form):
    """How many notices at most."""

    most: int = forms.whole(least=holding.LEAST_LIMIT, most=holding.MOST_LIMIT)


class AwayForm(Form):
    """When away, and who stands in."""

    away_from: str = forms.text(most=30)
    away_until: str = forms.text(most=30)
    cover: str = forms.text(required=False)
    because: str = forms.text(required=False, most=200)


@pages.get("/me/reached")
@require(SIGNED_IN)
def reached() -> str:
    """Show how one is reached."""
    return _page()


@pages.post("/me/reached/contacts")
@require(SIGNED_IN)
def add_contact() -> AnyResponse:
    """Add an address and send it a code."""
    try:
        form = ContactForm.read(request.form)
        preferences.add_contact(
            g.session, g.actor, _me(), channel=form.channel, address=form.address,
            min_severity=form.min_severity, at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        return _refused("contact", error)
    return _done(N_("A code was sent there; type it below."))


@pages.post("/me/reached/contacts/<int:contact_id>/code")
@require(SIGNED_IN)
def verify_contact(contact_id: int) -> AnyResponse:
    """Prove an address with the code that came there."""
    contact = g.session.get(Contact, contact_id)
    mine = preferences.of_person(contact, g.actor.id)
    code = request.form.get("code", "")
    try:
        right = preferences.verify_contact(g.session, g.actor, mine, code, at=g.clock.now())
    except CryokeepError as error:
        return _refused("code", error)
    if (
        not right
    ):  # answered, not refused: what is refused is not kept, and the wrong code must stay counted
        return _done(WRONG, "warning")
    return _done(N_("This address is used from now on."))


@pages.post("/me/reached/contacts/<int:contact_id>/remove")
@require(SIGNED_IN)
def remove_contact(contact_id: int) -> AnyResponse:
    """Use an address no more."""
    mine = preferences.of_person(g.session.get(Contact, contact_id), g.actor.id)
    preferences.remove_contact(g.session, g.actor, mine, at=g.clock.now())
    return _done(N_("Removed."))


@pages.post("/me/reached/quiet")
@require(SIGNED_IN)
def add_quiet() -> AnyResponse:
    """Add quiet hours."""
    try:
        form = QuietForm.read(request.form)
        preferences.add_quiet(
            g.session, g.actor, _me(), weekdays="".join(form.weekdays),
            from_min=minutes(form.from_time, "from_time"),
            until_min=minutes(form.until_time, "until_time"), time_zone=form.time_zone,
            most_severe=form.most_severe, at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        return _refused("quiet", error)
    return _done(N_("Saved."))


@pages.post("/me/reached/quiet/<int:quiet_id>/remove")
@require(SIGNED_IN)
def remove_quiet(quiet_id: int) -> AnyResponse:
    """Take quiet hours away."""
    mine = preferences.of_person(g.session.get(QuietHours, quiet_id), g.actor.id)
    preferences.remove_quiet(g.session, g.actor, mine, at=g.clock.now())
    return _done(N_("Removed."))


@pages.post("/me/reached/limit")
@require(SIGNED_IN)
def set_limit() -> AnyResponse:
    """Set how many notices come at most before the rest come as one."""
    try:
        form = LimitForm.read(request.form)
        preferences.set_limit(g.session, g.actor, _me(), form.most, at=g.clock.now())
    except CryokeepError as error:
        return _refused("limit", error)
    return _done(N_("Saved."))


@pages.post("/me/reached/away")
@require(SIGNED_IN)
def go_away() -> AnyResponse:
    """Note when one is away, and who stands in."""
    me, zone = _me(), site_zone()
    try:
        form = AwayForm.read(request.form)
        cover = person_of(me.org_id or 0, form.cover, "cover") if form.cover else None
        preferences.go_away(
            g.session, g.actor, me, begins_at=preferences.moment_in(zone, form.away_from),
            until=preferences.moment_in(zone, form.away_until), cover=cover, because=form.because,
            at=g.clock.now(),
        )  # fmt: skip
    except CryokeepError as error:
        return _refused("away", error)
    return _done(N_("Saved."))


@pages.post("/me/reached/away/<int:absence_id>/end")
@require(SIGNED_IN)
def come_back(absence_id: int) -> AnyResponse:
    """Take an absence back."""
    mine = preferences.of_person(g.session.get(Absence, absence_id), g.actor.id)
    preferences.come_back(g.session, g.actor, mine, at=g.clock.now())
    return _done(N_("You are told again."))


def _me() -> Person:
    return g.session.get_one(Person, g.actor.id)  # type: ignore[no-any-return]  # g has no types


def _done(words: str, state: str = "normal") -> AnyResponse:
    notices.tell(gettext(words), state=state)
    return redirect("/me/reached", 303)


def _refused(where: str, error: CryokeepError) -> AnyResponse:
    return Response(_page(where, forms.errors_of(error)), 422)


def _page(where: str = "", errors: dict[str, Refusal] | None = None) -> str:
    me, now = _me(), g.clock.now()
    zone = site_zone()
    absences = preferences.absences_of(g.session, me.id, now)
    given: dict[str, Any] = {
        "person": me,
        "contacts": preferences.contacts_of(g.session, me.id),
        "shown": preferences.shown,
        "quiet": preferences.quiet_of(g.session, me.id),
        "most": limits.most_of(g.session, [me.id])[me.id],
        "absences": absences,
        "names": names_of([one.cover_id for one in absences if one.cover_id is not None]),
        "others": [(str(one.id), one.name) for one in people_of(me.org_id or 0) if one.id != me.id],
        "zone": str(zone),
        "clock": clock,
        "gateways": gateways.is_installed(),
        "where": where,
        "errors": errors or {},
        "typed": forms.typed_of(request.form) if where else Typed(),
    }
    return render_template("notify/reached.html", **given)
