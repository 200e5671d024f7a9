"""The API of a bank's own estimates and rules: how long a lid stands open, what arrives into quarantine."""

from typing import Annotated

import msgspec
from flask import g

from server.handling.queries import shipments as arrivals
from server.handling.queries.picks import times_of
from server.handling.rules.routes import Times
from server.handling.service import picks, shipments
from server.handling.views.blueprints import api
from server.handling.views.shipments import RULES
from server.kit import etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.storage.queries import own_org

READ = "storage.read"
EDIT = "storage.edit"
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


class TimesBody(Body):
    """How many seconds each movement keeps a lid open."""

    lid_s: Seconds
    rack_s: Seconds
    box_s: Seconds
    tube_s: Seconds


class TimesOut(Answer):
    """How many seconds each movement keeps a lid open."""

    lid_s: float
    rack_s: float
    box_s: float
    tube_s: float


class RulesBody(Body):
    """Whether what arrives by each kind of shipment goes into quarantine; what comes back always does."""

    incoming: bool
    transfer: bool


class RulesOut(Answer):
    """Whether what arrives by each kind of shipment goes into quarantine."""

    incoming: bool
    transfer: bool


@api.get("/handling-times")
@require(READ)
@describes("Read how long each movement keeps a lid open", answers={200: TimesOut})
def handling_times() -> TimesOut:
    """Answer the bank's times."""
    return _times(READ)


@api.put("/handling-times")
@require(EDIT)
@describes("Set how long each movement keeps a lid open", body=TimesBody, answers={200: TimesOut})
def set_handling_times_by_program() -> TimesOut:
    """Set the bank's times."""
    etag.check_answer(lambda: _times(EDIT))
    wanted = read(TimesBody)
    times = Times(wanted.lid_s, wanted.rack_s, wanted.box_s, wanted.tube_s)
    org_id = own_org(g.session, g.actor, EDIT)
    picks.set_times(g.session, g.actor, org_id, times, at=g.clock.now())
    g.session.flush()
    return _times(EDIT)


def _times(permission: str) -> TimesOut:
    times = times_of(g.session, own_org(g.session, g.actor, permission))
    return etag.tell_answer(
        TimesOut(lid_s=times.lid_s, rack_s=times.rack_s, box_s=times.box_s, tube_s=times.tube_s)
    )


@api.get("/shipment-rules")
@require(READ)
@describes("Read what arrives into quarantine", answers={200: RulesOut})
def shipment_rules() -> RulesOut:
    """Answer the bank's rules."""
    return _rules(READ)


@api.put("/shipment-rules")
@require(RULES)
@describes("Set what arrives into quarantine", body=RulesBody, answers={200: RulesOut})
def set_shipment_rules_by_program() -> RulesOut:
    """Set the bank's rules."""
    etag.check_answer(lambda: _rules(RULES))
    wanted = read(RulesBody)
    org_id, at = own_org(g.session, g.actor, RULES), g.clock.now()
    for kind, quarantine in (("incoming", wanted.incoming), ("transfer", wanted.transfer)):
        shipments.set_rule(g.session, g.actor, org_id, kind, quarantine=quarantine, at=at)
    g.session.flush()
    return _rules(RULES)


def _rules(permission: str) -> RulesOut:
    org_id = own_org(g.session, g.actor, permission)
    return etag.tell_answer(
        RulesOut(
            incoming=arrivals.rule(g.session, org_id, "incoming"),
            transfer=arrivals.rule(g.session, org_id, "transfer"),
        )
    )
