"""What freezers of a type are watched for: set, withdrawn, followed again."""

from datetime import UTC, date, datetime, time
from typing import Any

from flask import Response, g, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.queries import visible
from server.alarms.models import AlarmRule, TypeRule
from server.alarms.service import type_rules
from server.alarms.views import shapes
from server.alarms.views.blueprints import pages
from server.alarms.views.rule_answers import AnswersForm
from server.alarms.views.rules import ChangeForm, RuleForm, find, words
from server.core.errors import CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.storage.models import Container, ContainerType
from server.telemetry import quantities
from server.telemetry.models import Channel

PAGE = "/alarms/types"


class OfForm(Form):
    """Of which type, whose, and of which channels."""

    of: str = forms.text(most=40)
    channel_key: str = forms.text(most=64)


class WithdrawForm(Form):
    """Why it is withdrawn."""

    because: str = forms.text(most=500)


@pages.get(PAGE)
@require("alarms.read")
def types() -> str:
    """Show what each type of freezer is watched for; `of`, `channel_key` and `kind` choose what more."""
    return _page({}, forms.typed_of(request.args))


@pages.post(PAGE)
@require("alarms.configure")
def set_type_rule() -> AnyResponse:
    """Let all freezers of a type be watched so."""
    try:
        form, wish = OfForm.read(request.form), RuleForm.read(request.form).wish()
        wish = AnswersForm.read(request.form).on(wish)
        when = ChangeForm.read(request.form)
        org_id, of = chosen(form.of)
        day = when.from_day
        begins = None if day is None else midnight(day)
        type_rules.set_rule(
            g.session, g.actor, org_id, of, form.channel_key, wish, when.because,
            at=g.clock.now(), effective_from=begins,
        )  # fmt: skip
    except CryokeepError as error:
        shown = _page(forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 422 if isinstance(error, Invalid) else 404)
    notices.tell(gettext(N_("Set. Freezers of the type get it within a minute of its time.")))
    return redirect(PAGE)


@pages.post(f"{PAGE}/<int:type_rule_id>/withdraw")
@require("alarms.configure")
def withdraw_type_rule(type_rule_id: int) -> AnyResponse:
    """End a type's rule."""
    found = find_type_rule(type_rule_id)
    try:
        form = WithdrawForm.read(request.form)
        type_rules.withdraw(g.session, g.actor, found, form.because, at=g.clock.now())
    except CryokeepError as error:
        shown = _page(forms.errors_of(error), forms.typed_of(request.form))
        return Response(shown, 422 if isinstance(error, Invalid) else 409)
    notices.tell(gettext(N_("Withdrawn. The freezers keep what they have as their own.")))
    return redirect(PAGE)


@pages.post("/alarms/rules/<int:rule_id>/follow")
@require("alarms.configure")
def follow_type(rule_id: int) -> AnyResponse:
    """Let a freezer's rule say again what its type says."""
    type_rules.follow(g.session, g.actor, find(rule_id, "alarms.configure"), at=g.clock.now())
    notices.tell(gettext(N_("It follows the freezer's type again.")))
    return redirect(f"/alarms/rules/{rule_id}")


def chosen(text: str) -> tuple[int, ContainerType]:
    """Return the organisation and the type of ORG:TYPE by their numbers; NotFound for what is not the actor's."""
    org, _, of = text.partition(":")
    for org_id, found in owned():
        if (str(org_id), str(found.id)) == (org, of):
            return org_id, found
    because = N_("Choose a type of which you have freezers.")
    raise NotFound(Refusal("no_such_type", because))


def owned(permission: str = "alarms.configure") -> list[tuple[int, ContainerType]]:
    """Return the types of which the actor's organisations have freezers, each with its organisation."""
    query: Any = (
        select(Container.org_id, ContainerType)
        .join(ContainerType, ContainerType.id == Container.type_id)
        .where(Container.kind == "freezer", Container.retired_at.is_(None))
        .distinct()
        .order_by(Container.org_id, ContainerType.id)
    )
    rows = g.session.execute(visible(query, g.actor, permission, Container.org_id))
    return [(row[0], row[1]) for row in rows]


def find_type_rule(type_rule_id: int) -> TypeRule:
    """Return a type's rule that the actor may change; NotFound otherwise."""
    query = visible(select(TypeRule), g.actor, "alarms.configure", TypeRule.org_id)
    found: TypeRule | None = g.session.scalars(
        query.where(TypeRule.id == type_rule_id)
    ).one_or_none()
    if found is None:
        because = N_("There is no rule of a type with the number %(number)s.")
        raise NotFound(Refusal("no_such_type_rule", because, {"number": type_rule_id}))
    return found


def followers(type_rule: TypeRule) -> int:
    """Return how many rules of freezers follow it."""
    found = g.session.scalars(select(AlarmRule.id).where(AlarmRule.type_rule_id == type_rule.id))
    return len(found.all())


def midnight(day: date) -> datetime:
    """Return the beginning of the day in UTC: freezers of a type may stand in several time zones."""
    return datetime.combine(day, time(), UTC)


def _keys() -> list[tuple[str, str]]:
    used = g.session.scalars(
        select(Channel.key).where(Channel.freezer_id.is_not(None)).distinct().order_by(Channel.key)
    )
    return [(key, f"{gettext(quantities.word_of(key))} ({key})") for key in used]


def _page(errors: dict[str, Refusal], typed: Any) -> str:  # noqa: ANN401  what forms give back
    orgs = g.actor.orgs("alarms.read")
    rows = type_rules.standing(g.session, None if orgs is None else sorted(orgs), g.clock.now())
    names = {found.id: found.name for _org, found in owned("alarms.read")}
    keys = _keys()
    chosen = typed.of and typed.channel_key in dict(keys)
    return render_template(
        "alarms/types.html",
        shape=shapes.shape(typed.kind, typed.channel_key, keys) if chosen else None,
        rows=[(one, type_rules.wish_in(one), followers(one)) for one in rows],
        names=names,
        types=[(f"{org_id}:{found.id}", gettext(found.name)) for org_id, found in owned()],
        keys=keys,
        now=g.clock.now(),
        may=g.actor.may("alarms.configure"),
        errors=errors,
        typed=typed,
        **words(),
    )
