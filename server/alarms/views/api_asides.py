"""The API of what persons do about an alarm beyond acknowledging it, and of what is set aside."""

from datetime import datetime

import msgspec
from flask import g
from sqlalchemy import select

from server.accounts.queries import visible
from server.alarms import service, standing
from server.alarms.models import Suspension
from server.alarms.service import suspensions
from server.alarms.views.api import AlarmOut, alarm_out
from server.alarms.views.asides import begin, find, find_thing
from server.alarms.views.blueprints import api
from server.alarms.views.episode import find as find_alarm
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require


class ConfirmIn(Body):
    """What was found and what was done."""

    outcome: str


class ShelveIn(Body):
    """How an alarm is set aside (shelved_timed, shelved_once, suppressed, out_of_service), for how long, why."""

    mode: str
    hours: float
    reason: str


class SuspendIn(ShelveIn):
    """What is set aside besides: kind is rule, freezer, agent or site; code its number, code, or SITE/CODE."""

    kind: str = ""
    code: str = ""


class SuspensionOut(Answer):
    """What is set aside, or was."""

    id: int
    what: str
    mode: str
    because: str
    began_at: datetime
    until: datetime
    by_name: str
    second_by_name: str
    agreed_at: datetime | None
    ended_at: datetime | None
    ended_by_name: str


class SuspensionsOut(Answer):
    """A page of what is set aside."""

    items: list[SuspensionOut]
    next: str | None = None


@api.post("/alarms/<int:alarm_id>/reset")
@require("alarms.acknowledge")
@describes("Reset a latched alarm whose condition is gone", answers={200: AlarmOut})
def reset(alarm_id: int) -> AlarmOut:
    """Let the alarm go in the actor's name."""
    found = find_alarm(alarm_id, "alarms.acknowledge")
    service.reset(g.session, g.actor, found.episode, at=g.clock.now())
    return alarm_out(found)


@api.post("/alarms/<int:alarm_id>/confirm")
@require("alarms.acknowledge")
@describes("Say what was found and done about an alarm", body=ConfirmIn, answers={200: AlarmOut})
def confirm(alarm_id: int) -> AlarmOut:
    """Confirm the alarm in the actor's name."""
    outcome = read(ConfirmIn).outcome
    found = find_alarm(alarm_id, "alarms.acknowledge")
    service.confirm(g.session, g.actor, found.episode, outcome, at=g.clock.now())
    return alarm_out(found)


@api.post("/alarms/<int:alarm_id>/shelve")
@require("alarms.shelve")
@describes(
    "Shelve an alarm for a time, or until it ends", body=ShelveIn, answers={201: SuspensionOut}
)
def shelve(alarm_id: int) -> tuple[SuspensionOut, int]:
    """Set the alarm's rule aside."""
    wanted = read(ShelveIn)
    found = find_alarm(alarm_id, "alarms.shelve")
    return _out(begin(found.episode.rule, wanted.mode, wanted.reason, wanted.hours)), 201


@api.get("/suspensions")
@require("alarms.read")
@describes(
    "List what is set aside, and was, newest first", answers={200: SuspensionsOut}, listed=True
)
def list_suspensions() -> SuspensionsOut:
    """Answer with a page of suspensions."""
    query = visible(select(Suspension), g.actor, "alarms.read", Suspension.org_id)
    found, following = cursors.page(g.session, query, Suspension.id)
    return SuspensionsOut(items=[_out(row) for row in found], next=following)


@api.post("/suspensions")
@require("alarms.shelve")
@describes("Set a rule, freezer, agent or site aside", body=SuspendIn, answers={201: SuspensionOut})
def suspend() -> tuple[SuspensionOut, int]:
    """Set it aside in the actor's name."""
    wanted = read(SuspendIn)
    thing = find_thing(wanted.kind, wanted.code, "alarms.shelve")
    return _out(begin(thing, wanted.mode, wanted.reason, wanted.hours)), 201


@api.post("/suspensions/<int:number>/agree")
@require("alarms.shelve")
@describes("Agree as the second person, for life safety", answers={200: SuspensionOut})
def agree_to_suspension(number: int) -> SuspensionOut:
    """Agree in the actor's name."""
    row = find(number, "alarms.shelve")
    return _out(suspensions.agree(g.session, g.actor, row, at=g.clock.now()))


@api.post("/suspensions/<int:number>/end")
@require("alarms.shelve")
@describes("End early what is set aside", answers={200: SuspensionOut})
def end_suspension(number: int) -> SuspensionOut:
    """End it in the actor's name."""
    row = find(number, "alarms.shelve")
    return _out(suspensions.end(g.session, g.actor, row, at=g.clock.now()))


def _out(row: Suspension) -> SuspensionOut:
    what = standing.name_of(standing.thing_of(g.session, row)).text(g.actor.language)
    own = {name: getattr(row, name) for name in SuspensionOut.__struct_fields__ if name != "what"}
    return msgspec.convert({**own, "what": what}, SuspensionOut)
