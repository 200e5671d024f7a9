"""Trying a rule against the last month before it is watched for; nothing is changed."""

from datetime import datetime
from typing import Any

from flask import Response, g, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.alarms import rate, trial
from server.alarms.rules import Wish
from server.alarms.trial import Trial
from server.alarms.views import shapes
from server.alarms.views.blueprints import api, pages
from server.alarms.views.rules import RuleForm, beside, words
from server.alarms.wishes import params_text
from server.core.clock import from_ms
from server.core.errors import CryokeepError, NotFound, Refusal
from server.core.words import N_
from server.kit import forms
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.forms import Typed
from server.storage import queries as storage
from server.storage.models import Container
from server.telemetry.models import Agent, Channel


class TrialIn(Body):
    """A rule to try over the last days; value and hysteresis in the channel's unit, delays in seconds.

    A rate's limit is in that unit a minute, along a window in seconds and in a direction (both, up or down); a
    silence's is in seconds.
    """

    kind: str
    severity: str
    value: float = 0.5
    hysteresis: float = 0.0
    delay_on_s: float = 0.0
    delay_off_s: float = 0.0
    window_s: int = rate.WINDOW_S
    direction: str = "both"
    days: int = trial.USUAL_DAYS


class PastOut(Answer):
    """One alarm that there would have been."""

    began_at: datetime
    ended_at: datetime | None
    worst: float | None


class TrialOut(Answer):
    """How often the rule would have raised since readings are known, for how many hours in all; the last twenty."""

    since: datetime | None
    until: datetime
    times: int
    hours: float
    latest: list[PastOut]


@pages.post("/freezers/<code>/alarms/try")
@require("alarms.configure")
def try_rule(code: str) -> Response | str:
    """Show what a rule would have raised last month."""
    with g.reader() as session:  # a month is read: no lock is held meanwhile
        freezer = storage.container(session, g.actor, "alarms.configure", code, "freezer")
        typed = forms.typed_of(request.form)
        try:
            form = RuleForm.read(request.form)
            channel = _channel(session, request.form.get("channel", 0, type=int))
            found = trial.try_out(session, channel, form.wish(), now=g.clock.now())
        except CryokeepError as error:
            return Response(_page(session, freezer, None, forms.errors_of(error), typed), 422)
        return _page(session, freezer, found, {}, typed)


@api.post("/channels/<int:channel_id>/alarm-trial")
@require("alarms.configure")
@describes("Try a rule against stored readings", body=TrialIn, answers={200: TrialOut})
def rule_tried(channel_id: int) -> TrialOut:
    """Answer what it would have raised; nothing is changed."""
    wish = read(TrialIn)
    with g.reader() as session:
        rule = Wish(
            wish.kind, wish.severity, wish.value, wish.hysteresis, wish.delay_on_s,
            wish.delay_off_s,
            params=params_text(window_s=wish.window_s, direction=wish.direction)
            if wish.kind == "rate" else "{}",
        )  # fmt: skip
        found = trial.try_out(
            session, _channel(session, channel_id), rule, days=wish.days, now=g.clock.now()
        )
    return TrialOut(
        since=found.since, until=found.until, times=found.times, hours=round(found.hours, 3),
        latest=[
            PastOut(from_ms(one.from_ms), from_ms(one.to_ms) if one.to_ms else None, one.worst)
            for one in found.latest
        ],
    )  # fmt: skip


def _channel(session: Session, channel_id: int) -> Channel:
    query = visible(select(Channel).join(Agent), g.actor, "alarms.configure", Agent.org_id)
    found: Channel | None = session.scalars(query.where(Channel.id == channel_id)).one_or_none()
    if found is None:
        because = N_("Choose the channel that is to be watched.")
        raise NotFound(Refusal("no_such_channel", because))
    return found


def _page(
    session: Session, freezer: Container, found: Trial | None, errors: dict[str, Refusal],
    typed: Any,  # noqa: ANN401  what forms give back
) -> str:  # fmt: skip
    channels = session.scalars(
        select(Channel).where(Channel.freezer_id == freezer.id).order_by(Channel.id)
    ).all()
    chosen = next((one for one in channels if str(one.id) == str(typed.channel)), None)
    return render_template(
        "alarms/trial.html",
        freezer=freezer,
        channels=channels,
        chosen=chosen,
        shape=shapes.shape(str(typed.kind), chosen.key if chosen else "", beside(channels)),
        trial=found,
        from_ms=from_ms,
        errors=errors,
        typed=typed or Typed(),
        **words(),
    )
