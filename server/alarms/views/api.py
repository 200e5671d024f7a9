"""The API of alarms and of what is watched for."""

from datetime import datetime

from flask import g, request

from server.alarms import board, machine, service
from server.alarms.board import Alarm
from server.alarms.models import Episode
from server.alarms.views.blueprints import api
from server.alarms.views.episode import find
from server.alarms.views.history import conditions
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import cursors
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require


class AlarmOut(Answer):
    """One alarm."""

    id: int
    freezer: str
    channel: str
    kind: str
    severity: str
    limit: float
    raised_at: datetime
    raised_value: float | None
    worst_value: float | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    comment: str
    cleared_at: datetime | None
    test: bool
    drill: str
    sentence: str
    state: str
    """The letter of ISA-18.2, A to I."""
    silenced: str
    acknowledgements_needed: int
    acknowledgements_missing: int
    latched: bool
    confirm_due: bool
    outcome: str


class AlarmsOut(Answer):
    """A page of alarms, newest first."""

    items: list[AlarmOut]
    next: str | None = None


class AcknowledgeIn(Body):
    """An answer to an alarm."""

    comment: str = ""


FILTERS = {
    "freezer": "only this freezer's",
    "severity": "critical, high or warning",
    "kind": "high, low, stale, door or another kind",
    "state": "open, unanswered or over",
    "tests": "1 shows drills too",
}


@api.get("/alarms")
@require("alarms.read")
@describes("List alarms, newest first", answers={200: AlarmsOut}, query=FILTERS, listed=True)
def list_alarms() -> AlarmsOut:
    """Answer with a page of alarms."""
    size, after = cursors.limit(), after_number()
    where = conditions() + ([Episode.id < after] if after else [])
    found = board.page(g.session, g.actor.orgs("alarms.read"), g.clock.now(), where, size + 1)
    following = cursors.encode(found[size - 1].episode.id) if len(found) > size else None
    return AlarmsOut(items=[alarm_out(alarm) for alarm in found[:size]], next=following)


@api.get("/alarms/<int:alarm_id>")
@require("alarms.read")
@describes("Read one alarm", answers={200: AlarmOut})
def get_alarm(alarm_id: int) -> AlarmOut:
    """Answer with one alarm."""
    return alarm_out(find(alarm_id, "alarms.read"))


@api.post("/alarms/<int:alarm_id>/acknowledge")
@require("alarms.acknowledge")
@describes(
    "Acknowledge an alarm: nobody else is called, once as many have as it asks for",
    body=AcknowledgeIn,
    answers={200: AlarmOut},
)
def acknowledge(alarm_id: int) -> AlarmOut:
    """Answer the alarm in the actor's name."""
    wanted = read(AcknowledgeIn)
    if len(wanted.comment) > 2000:
        because = N_("The comment has %(found)s characters; at most 2000 are expected.")
        refusal = Refusal("too_long", because, {"found": len(wanted.comment)})
        raise Invalid(refusal, field="comment")
    found = find(alarm_id, "alarms.acknowledge")
    service.acknowledge(g.session, g.actor, found.episode, wanted.comment, at=g.clock.now())
    return alarm_out(find(alarm_id, "alarms.acknowledge"))


def after_number() -> int | None:
    """Return the number after which the page goes on, or None for the first page; refuses another cursor."""
    asked = request.args.get("cursor", "")
    if not asked:
        return None
    found = cursors.decode(asked)
    if not isinstance(found, int):
        raise Invalid(cursors.NOT_CURSOR, field="cursor")
    return found


def alarm_out(found: Alarm) -> AlarmOut:
    """Return an alarm as programs see it."""
    episode = found.episode
    return AlarmOut(
        id=episode.id,
        freezer=found.place.freezer,
        channel=found.key,
        kind=episode.kind,
        severity=episode.severity,
        limit=episode.limit_value,
        raised_at=episode.raised_at,
        raised_value=episode.raised_value,
        worst_value=episode.worst_value,
        acknowledged_at=episode.acknowledged_at,
        acknowledged_by=episode.acknowledged_by_name,
        comment=episode.comment,
        cleared_at=episode.cleared_at,
        test=bool(episode.drill),
        drill=episode.drill,
        sentence=found.sentence.text(g.actor.language),
        state=machine.state_of(episode).letter,
        silenced=episode.silenced,
        acknowledgements_needed=episode.acks_needed,
        acknowledgements_missing=found.missing,
        latched=episode.latched,
        confirm_due=episode.confirm_due,
        outcome=episode.outcome,
    )
