"""The API of alarms that are themselves a trouble."""

from datetime import datetime

from flask import g

from server.alarms import trouble
from server.alarms.models import Flood
from server.alarms.service import floods
from server.alarms.views.blueprints import api
from server.kit.api import Answer, describes
from server.kit.door import require
from server.kit.i18n import language


class ChatteringOut(Answer):
    """A rule whose alarm came three times or more within ten minutes in the last day."""

    rule_id: int
    name: str
    times: int
    within_10_min: int
    last_at: datetime


class StandingOut(Answer):
    """An alarm that has gone on for more than a day."""

    id: int
    title: str
    where: str
    raised_at: datetime
    silenced: str
    acknowledged: bool


class FloodOut(Answer):
    """A time with more than ten alarms in ten minutes; alarms is how many the last digest told of."""

    id: int
    began_at: datetime
    ended_at: datetime | None
    alarms: int
    digests: int
    acknowledged_at: datetime | None
    acknowledged_by: str


class TroublesOut(Answer):
    """What is a trouble now; set_aside is how much is shelved, suppressed or out of service."""

    chattering: list[ChatteringOut]
    standing: list[StandingOut]
    standing_in_all: int
    floods: list[FloodOut]
    set_aside: int


@api.get("/alarm-troubles")
@require("alarms.read")
@describes("List chattering and standing alarms, and floods", answers={200: TroublesOut})
def alarm_troubles() -> TroublesOut:
    """Answer with what is a trouble now."""
    found = trouble.of(g.session, g.actor, g.clock.now())
    return TroublesOut(
        chattering=[
            ChatteringOut(
                rule_id=one.rule.id, name=one.name.text(language()), times=one.times,
                within_10_min=one.within, last_at=one.last_at,
            )
            for one in found.chattering
        ],
        standing=[
            StandingOut(
                id=one.episode.id, title=one.title.text(language()), where=one.where,
                raised_at=one.episode.raised_at, silenced=one.episode.silenced,
                acknowledged=one.acknowledged,
            )
            for one in found.standing
        ],
        standing_in_all=found.standing_in_all,
        floods=[_flood(one) for one in found.floods],
        set_aside=found.shed,
    )  # fmt: skip


@api.post("/alarm-floods/<int:number>/acknowledge")
@require("alarms.acknowledge")
@describes("Acknowledge a flood", answers={200: FloodOut})
def flood_acknowledged(number: int) -> FloodOut:
    """Answer the digest: nobody else is called for it until there is news."""
    found = trouble.flood(g.session, g.actor, number, "alarms.acknowledge")
    return _flood(floods.acknowledge(g.session, g.actor, found, at=g.clock.now()))


def _flood(one: Flood) -> FloodOut:
    return FloodOut(
        id=one.id, began_at=one.began_at, ended_at=one.ended_at, alarms=one.alarms,
        digests=one.digests, acknowledged_at=one.acknowledged_at,
        acknowledged_by=one.acknowledged_by_name,
    )  # fmt: skip
