"""What is watched for in one freezer: listed, added, changed, switched off and on."""

from typing import Any

from flask import Response, g, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.queries import visible
from server.alarms import asides, rules, service, wording
from server.alarms.models import AlarmRule
from server.alarms.rules import Wish
from server.alarms.views import choices
from server.alarms.views.blueprints import pages
from server.core.errors import CryokeepError, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed
from server.kit.i18n import gettext
from server.storage import queries as storage
from server.storage.models import Container
from server.telemetry import quantities
from server.telemetry.models import Channel


class RuleForm(Form):
    """A rule as a person writes it."""

    kind: str = forms.choice(rules.CHANNEL_KINDS)
    severity: str = forms.choice(rules.SEVERITIES)
    value: float | None = forms.number(required=False)
    hysteresis: float | None = forms.number(required=False)
    delay_on_s: float | None = forms.number(unit="s", required=False)
    delay_off_s: float | None = forms.number(unit="s", required=False)

    def wish(self) -> Wish:
        """Return the rule that is wished for; a lid needs no value."""
        value = 0.5 if self.kind == "door" else self.value
        if value is None:
            because = N_("Give the limit: a number in the unit of the channel.")
            raise forms.FormRefused({"value": Refusal("empty", because)}, self.typed)
        return Wish(
            self.kind, self.severity, value, self.hysteresis or 0.0,
            self.delay_on_s or 0.0, self.delay_off_s or 0.0,
        )  # fmt: skip


class ReasonForm(Form):
    """Why a rule is switched off, and for how long."""

    reason: str = forms.text(most=500)
    hours: float = forms.number(unit="h")


@pages.get("/freezers/<code>/alarms")
@require("alarms.read")
def of_freezer(code: str) -> str:
    """Show what is watched for in a freezer."""
    freezer = storage.container(g.session, g.actor, "alarms.read", code, "freezer")
    return _list(freezer, {}, Typed())


@pages.post("/freezers/<code>/alarms")
@require("alarms.configure")
def add(code: str) -> AnyResponse:
    """Watch for something more."""
    freezer = storage.container(g.session, g.actor, "alarms.configure", code, "freezer")
    channels = {channel.id: channel for channel in _channels(freezer)}
    try:
        form = RuleForm.read(request.form)
        channel = channels.get(request.form.get("channel", 0, type=int))
        if channel is None:
            because = N_("Choose the channel that is to be watched.")
            raise forms.FormRefused({"channel": Refusal("empty", because)}, form.typed)
        service.add_rule(g.session, g.actor, channel, form.wish(), at=g.clock.now())
    except CryokeepError as error:
        return Response(_list(freezer, forms.errors_of(error), forms.typed_of(request.form)), 422)
    notices.tell(gettext(N_("Added. It counts from the next reading.")))
    return redirect(f"/freezers/{freezer.code}/alarms")


@pages.post("/freezers/<code>/alarms/default")
@require("alarms.configure")
def defaults(code: str) -> AnyResponse:
    """Give channels that nobody watches the rules of a nitrogen freezer."""
    freezer = storage.container(g.session, g.actor, "alarms.configure", code, "freezer")
    for channel in _channels(freezer):
        service.default_rules(g.session, g.actor, channel, at=g.clock.now())
    notices.tell(gettext(N_("The usual rules are in place.")))
    return redirect(f"/freezers/{freezer.code}/alarms")


@pages.get("/alarms/rules/<int:rule_id>")
@require("alarms.configure")
def rule(rule_id: int) -> str:
    """Show the form that changes a rule."""
    found = find(rule_id, "alarms.configure")
    wish = service.wish_of(found)
    typed = Typed({name: _plain(getattr(wish, name)) for name in RuleForm.fields})
    return _form(found, {}, typed)


@pages.post("/alarms/rules/<int:rule_id>")
@require("alarms.configure")
def change(rule_id: int) -> AnyResponse:
    """Change a rule."""
    found = find(rule_id, "alarms.configure")
    try:
        wish = RuleForm.read(request.form).wish()
        service.change_rule(g.session, g.actor, found, wish, at=g.clock.now())
    except CryokeepError as error:
        return Response(_form(found, forms.errors_of(error), forms.typed_of(request.form)), 422)
    notices.tell(gettext(N_("Changed. It counts from the next reading.")))
    return redirect(_back(found))


@pages.post("/alarms/rules/<int:rule_id>/off")
@require("alarms.configure")
def off(rule_id: int) -> AnyResponse:
    """Switch a rule off for a time, with a reason."""
    found = find(rule_id, "alarms.configure")
    try:
        form, now = ReasonForm.read(request.form), g.clock.now()
        until = asides.after(now, form.hours)
        service.switch_off(g.session, g.actor, found, form.reason, until=until, at=now)
    except CryokeepError as error:
        typed = Typed(
            {name: _plain(getattr(service.wish_of(found), name)) for name in RuleForm.fields}
        )
        typed |= {name: request.form.get(name, "") for name in ReasonForm.fields}
        return Response(_form(found, forms.errors_of(error), typed), 422)
    return redirect(_back(found))


@pages.post("/alarms/rules/<int:rule_id>/on")
@require("alarms.configure")
def on(rule_id: int) -> AnyResponse:
    """Switch a rule on again."""
    found = find(rule_id, "alarms.configure")
    service.switch_on(g.session, g.actor, found, at=g.clock.now())
    return redirect(_back(found))


def find(rule_id: int, permission: str) -> AlarmRule:
    """Return the rule if the actor may see it; NotFound otherwise."""
    query = visible(
        select(AlarmRule).where(AlarmRule.id == rule_id), g.actor, permission, AlarmRule.org_id
    )
    found: AlarmRule | None = g.session.scalars(query).first()
    if found is None:
        because = N_("There is no alarm rule with the number %(number)s.")
        raise NotFound(Refusal("no_such_rule", because, {"number": rule_id}))
    return found


def rules_of(channel: Channel) -> list[AlarmRule]:
    """Return the channel's rules: the worst first."""
    found = g.session.scalars(select(AlarmRule).where(AlarmRule.channel_id == channel.id))
    return sorted(
        found, key=lambda rule: (not rule.enabled, rules.SEVERITIES.index(rule.severity), rule.id)
    )


def _channels(freezer: Container) -> list[Channel]:
    query = select(Channel).where(Channel.freezer_id == freezer.id).order_by(Channel.key)
    return list(g.session.scalars(query))


def _list(freezer: Container, errors: dict[str, Refusal], typed: Typed) -> str:
    channels = _channels(freezer)
    return render_template(
        "alarms/rules.html",
        freezer=freezer,
        channels=[(channel, rules_of(channel)) for channel in channels],
        may=g.actor.may("alarms.configure", freezer.org_id),
        errors=errors,
        typed=typed,
        **_words(),
    )


def _form(found: AlarmRule, errors: dict[str, Refusal], typed: Typed) -> str:
    return render_template(
        "alarms/rule.html",
        rule=found,
        channel=found.channel,
        freezer=_freezer(found),
        off_for=choices.hours(asides.longest_off(found.severity)),
        errors=errors,
        typed=typed,
        back=_back(found),
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "kinds": [(kind, gettext(rules.KIND_WORDS[kind])) for kind in rules.CHANNEL_KINDS],
        "severities": [(one, gettext(rules.SEVERITY_WORDS[one])) for one in rules.SEVERITIES],
        "quantity": lambda channel: gettext(rules.quantity_of(channel.key, channel.label)),
        "figure": lambda channel, value: wording.figure(channel.key, value),
        "unit": lambda channel: quantities.unit_of(channel.key),
    }


def _back(found: AlarmRule) -> str:
    freezer = _freezer(found)
    return f"/freezers/{freezer.code}/alarms" if freezer else "/alarms"


def _freezer(found: AlarmRule) -> Container | None:
    """The freezer that the rule is of: its own, or its channel's."""
    return found.channel.freezer if found.channel else found.freezer


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
