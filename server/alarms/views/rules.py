"""What is watched for in one freezer: listed, added, changed, switched off and on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, g, redirect, render_template, request
from sqlalchemy import Select, select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.queries import visible
from server.alarms import asides, own_wishes, rules, sayings, service, wording
from server.alarms.kinds import KINDS
from server.alarms.models import AlarmRule, RuleVersion
from server.alarms.queries import surroundings
from server.alarms.rules import Wish
from server.alarms.service import type_rules, versions
from server.alarms.views import choices, rule_answers, shapes
from server.alarms.views.blueprints import pages
from server.alarms.views.rule_answers import AnswersForm
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

WITHOUT_VALUE = {"door": 0.5, "probe_fault": 0.0}
"""What is kept as the limit of the kinds that have none."""
FILL = KINDS["fill_long"]


class RuleForm(shapes.ParamsForm):
    """A rule as a person writes it."""

    kind: str = forms.choice(rules.CHANNEL_KINDS)
    severity: str = forms.choice(rules.SEVERITIES)
    value: float | None = forms.number(required=False)
    hysteresis: float | None = forms.number(required=False)
    delay_on_s: float | None = forms.number(unit="s", required=False)
    delay_off_s: float | None = forms.number(unit="s", required=False)

    def wish(self, was: Wish | None = None) -> Wish:
        """Return the rule that is wished for, in all else as it was; a lid and a probe's fault need no value."""
        value = WITHOUT_VALUE.get(self.kind, self.value)
        if value is None:
            because = N_("Give the limit: a number in the unit of the channel.")
            raise forms.FormRefused({"value": Refusal("empty", because)}, self.typed)
        return replace(
            was or Wish(self.kind, self.severity, value),
            kind=self.kind, severity=self.severity, value=value,
            hysteresis=self.hysteresis or 0.0, delay_on_s=self.delay_on_s or 0.0,
            delay_off_s=self.delay_off_s or 0.0,
            params=self.params(self.kind, was.params if was and was.kind == self.kind else "{}"),
        )  # fmt: skip


class OwnRuleForm(Form):
    """A rule of a freezer itself, a node or a site as a person writes it."""

    severity: str = forms.choice(rules.SEVERITIES)
    value: float | None = forms.number(unit="s", required=False)
    delay_on_s: float | None = forms.number(unit="s", required=False)
    delay_off_s: float | None = forms.number(unit="s", required=False)

    def wish(self, what: str, was: Wish | None = None) -> Wish:
        """Return the rule that is wished for, of the kind and code that were chosen."""
        new = own_wishes.wish_for(
            what, self.severity, self.value,
            delay_on_s=self.delay_on_s or 0.0, delay_off_s=self.delay_off_s or 0.0,
        )  # fmt: skip
        if was is None:
            return new
        return replace(
            was, severity=new.severity, value=new.value,
            delay_on_s=new.delay_on_s, delay_off_s=new.delay_off_s,
        )  # fmt: skip


class ChangeForm(Form):
    """Why a rule is changed, and from which day on; at once where no day is given."""

    because: str = forms.text(most=500)
    from_day: date | None = forms.date(required=False)


class ReasonForm(Form):
    """Why a rule is switched off, and for how long."""

    reason: str = forms.text(most=500)
    hours: float = forms.number(unit="h")


@pages.get("/freezers/<code>/alarms")
@require("alarms.read")
def of_freezer(code: str) -> str:
    """Show what is watched for in a freezer; `channel` and `kind`, or `what`, choose what more to watch for."""
    freezer = storage.container(g.session, g.actor, "alarms.read", code, "freezer")
    chosen = forms.typed_of(request.args)
    return _list(freezer, {}, chosen, own_typed=chosen)


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
        wish = AnswersForm.read(request.form).on(form.wish())
        because = request.form.get("because", "")
        service.add_rule(g.session, g.actor, channel, wish, at=g.clock.now(), because=because)
    except CryokeepError as error:
        return Response(_list(freezer, forms.errors_of(error), forms.typed_of(request.form)), 422)
    notices.tell(gettext(N_("Added. It counts from the next reading.")))
    return redirect(f"/freezers/{freezer.code}/alarms")


@pages.post("/freezers/<code>/alarms/own")
@require("alarms.configure")
def add_own(code: str) -> AnyResponse:
    """Watch the freezer itself: for a long fill, or a code of its controller."""
    freezer = storage.container(g.session, g.actor, "alarms.configure", code, "freezer")
    try:
        wish = OwnRuleForm.read(request.form).wish(request.form.get("what", ""))
        wish = AnswersForm.read(request.form).on(wish)
        because = request.form.get("because", "")
        service.add_freezer_rule(
            g.session, g.actor, freezer, wish, at=g.clock.now(), because=because
        )
    except CryokeepError as error:
        typed = forms.typed_of(request.form)
        return Response(_list(freezer, {}, Typed(), forms.errors_of(error), typed), 422)
    notices.tell(gettext(N_("Added. It counts at once.")))
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
    return _form(found, {}, _typed(found))


@pages.post("/alarms/rules/<int:rule_id>")
@require("alarms.configure")
def change(rule_id: int) -> AnyResponse:
    """Change a rule."""
    found = find(rule_id, "alarms.configure")
    try:
        was = service.wish_of(found)
        if found.channel is not None:
            wish = RuleForm.read(request.form).wish(was)
        else:
            what = own_wishes.choice_of(found.kind, found.params)
            wish = OwnRuleForm.read(request.form).wish(what, was)
        wish = AnswersForm.read(request.form).on(wish)
        when = ChangeForm.read(request.form)
        if when.from_day is None:
            service.change_rule(
                g.session, g.actor, found, wish, at=g.clock.now(), because=when.because
            )
        else:
            versions.plan(
                g.session, g.actor, found, wish, _midnight(found, when.from_day), when.because,
                at=g.clock.now(),
            )  # fmt: skip
    except CryokeepError as error:
        return Response(_form(found, forms.errors_of(error), forms.typed_of(request.form)), 422)
    if when.from_day is None:
        notices.tell(gettext(N_("Changed. It counts from the next reading.")))
        return redirect(_back(found))
    notices.tell(gettext(N_("Planned. Until then it says what it says now.")))
    return redirect(f"/alarms/rules/{rule_id}")


@pages.post("/alarms/rules/<int:rule_id>/versions/<int:version_id>/withdraw")
@require("alarms.configure")
def withdraw_version(rule_id: int, version_id: int) -> AnyResponse:
    """Take back a change that is still to come."""
    found = find(rule_id, "alarms.configure")
    versions.withdraw(g.session, g.actor, version_of(found, version_id), at=g.clock.now())
    notices.tell(gettext(N_("Withdrawn.")))
    return redirect(f"/alarms/rules/{rule_id}")


def version_of(rule: AlarmRule, version_id: int) -> RuleVersion:
    """Return this version of the rule; NotFound where there is none."""
    found: RuleVersion | None = g.session.get(RuleVersion, version_id)
    if found is None or found.rule_id != rule.id:
        because = N_("There is no such version of this rule.")
        raise NotFound(Refusal("no_such_version", because))
    return found


def _midnight(rule: AlarmRule, day: date) -> datetime:
    """The beginning of the day at the site of what is watched."""
    zone = surroundings(g.session, rule).place.time_zone
    return datetime.combine(day, time(), ZoneInfo(zone))


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
        typed = _typed(found)
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
    return _sorted(select(AlarmRule).where(AlarmRule.channel_id == channel.id))


def own_rules(freezer: Container) -> list[AlarmRule]:
    """Return the rules of the freezer itself: the worst first."""
    return _sorted(select(AlarmRule).where(AlarmRule.freezer_id == freezer.id))


def _sorted(query: Select[AlarmRule]) -> list[AlarmRule]:
    return sorted(
        g.session.scalars(query),
        key=lambda rule: (not rule.enabled, rules.SEVERITIES.index(rule.severity), rule.id),
    )


def _typed(found: AlarmRule) -> Typed:
    """What the form says before anybody has typed."""
    wish = service.wish_of(found)
    names = ("kind", "severity", "value", "hysteresis", "delay_on_s", "delay_off_s")
    plain = {name: _plain(getattr(wish, name)) for name in names}
    return Typed({**plain, **shapes.typed(found.kind, found.params), **rule_answers.typed(found)})


def _channels(freezer: Container) -> list[Channel]:
    query = select(Channel).where(Channel.freezer_id == freezer.id).order_by(Channel.key)
    return list(g.session.scalars(query))


def _list(
    freezer: Container, errors: dict[str, Refusal], typed: Typed,
    own_errors: dict[str, Refusal] | None = None, own_typed: Typed | None = None,
) -> str:  # fmt: skip
    channels, own_typed = _channels(freezer), own_typed or Typed()
    chosen = next((one for one in channels if str(one.id) == typed.channel), None)
    return render_template(
        "alarms/rules.html",
        freezer=freezer,
        channels=[(channel, rules_of(channel)) for channel in channels],
        own=own_rules(freezer),
        whats=[(what, gettext(word)) for what, word in own_wishes.choices()],
        may=g.actor.may("alarms.configure", freezer.org_id),
        errors=errors,
        typed=typed,
        own_errors=own_errors or {},
        own_typed=own_typed,
        own_chosen=own_typed.what in dict(own_wishes.choices()),
        own_limit=gettext(FILL.limit),
        shape=shapes.shape(typed.kind, chosen.key, beside(channels)) if chosen else None,
        **words(),
    )


def _form(found: AlarmRule, errors: dict[str, Refusal], typed: Typed) -> str:
    return render_template(
        "alarms/rule.html",
        rule=found,
        channel=found.channel,
        shape=_shape(found),
        own_limit=gettext(KINDS[found.kind].limit) if KINDS[found.kind].limit else "",
        thing=surroundings(g.session, found).place.freezer,
        in_seconds=found.kind in own_wishes.IN_SECONDS,
        freezer=_freezer(found),
        type_rule=type_rules.type_rule_for(g.session, found, g.clock.now()),
        versions=[(one, versions.wish_in(one)) for one in versions.of_rule(g.session, found)],
        off_for=choices.hours(asides.longest_off(found.severity)),
        errors=errors,
        typed=typed,
        back=_back(found),
        **words(),
    )


def _shape(found: AlarmRule) -> shapes.Shape | None:
    if found.channel is None:
        return None
    freezer = found.channel.freezer
    others = beside(_channels(freezer)) if freezer else ()
    return shapes.shape(found.kind, found.channel.key, others)


def beside(channels: Sequence[Channel]) -> shapes.Choices:
    """Return the channels of a freezer as a twin is chosen: by key."""
    return [
        (one.key, f"{gettext(rules.quantity_of(one.key, one.label))} ({one.key})")
        for one in channels
    ]


def words() -> dict[str, Any]:
    """Return what the forms and lists of rules choose from and say."""
    return {
        "kinds": [(kind, gettext(rules.KIND_WORDS[kind])) for kind in rules.CHANNEL_KINDS],
        "severities": [(one, gettext(rules.SEVERITY_WORDS[one])) for one in rules.SEVERITIES],
        **rule_answers.words(),
        "asks": lambda rule: [one.text(g.actor.language) for one in sayings.asked_for(rule)],
        "watched": lambda rule, key="": sayings.watched_for(rule, key).text(g.actor.language),
        "limits": lambda of: {
            one: gettext(sayings.LIMIT_WORDS[name]) for one, name in sayings.limit_names(of).items()
        },
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
