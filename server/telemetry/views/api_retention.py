"""The API of keeping readings."""

from datetime import datetime

from flask import g
from sqlalchemy import select

from server.core.clock import from_ms
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.parties import queries as parties
from server.storage import queries as storage
from server.telemetry import keeping
from server.telemetry.models import KeptWindow, Retention
from server.telemetry.retention import USUAL, Days
from server.telemetry.views.blueprints import api
from server.telemetry.views.retention import LAYS, LIFTS, READS, SETS, orgs, window_of


class RetentionOut(Answer):
    """For how many days a quantity is kept, null for ever; an empty quantity is every other one."""

    organisation: str
    quantity: str
    raw_days: int | None
    minute_days: int | None


class KeptOut(Answer):
    """A time that is kept; an empty freezer is all that the organisation measures."""

    number: int
    organisation: str
    freezer: str
    begins: datetime
    ends: datetime | None
    reason: str
    lifted_at: datetime | None


class AllRetentionOut(Answer):
    """What is set, what holds where nothing is set, and which times are kept."""

    usual_raw_days: int | None
    usual_minute_days: int | None
    items: list[RetentionOut]
    kept: list[KeptOut]


class RetentionIn(Body):
    """For how many days a quantity is kept; null is for ever."""

    organisation: str
    raw_days: int | None
    minute_days: int | None
    reason: str
    quantity: str = ""


class KeepIn(Body):
    """A time that is kept."""

    organisation: str
    begins: datetime
    reason: str
    ends: datetime | None = None
    freezer: str = ""


class LiftIn(Body):
    """Why it is kept no longer."""

    reason: str


@api.get("/retention")
@require(READS)
@describes("For how long readings are kept", answers={200: AllRetentionOut})
def retention_by_program() -> AllRetentionOut:
    """Return what is set for the organisations that the asker sees."""
    codes = {org.id: org.code for org in orgs(READS)}
    rows = select(Retention).where(Retention.org_id.in_(codes)).order_by(Retention.id)
    windows = select(KeptWindow).where(KeptWindow.org_id.in_(codes)).order_by(KeptWindow.id)
    return AllRetentionOut(
        usual_raw_days=USUAL.raw, usual_minute_days=USUAL.minute,
        items=[_row(row, codes[row.org_id]) for row in g.session.scalars(rows)],
        kept=[_kept(window, codes[window.org_id]) for window in g.session.scalars(windows)],
    )  # fmt: skip


def _row(row: Retention, code: str) -> RetentionOut:
    return RetentionOut(
        organisation=code, quantity=row.quantity, raw_days=row.raw_days, minute_days=row.minute_days
    )


def _kept(window: KeptWindow, code: str) -> KeptOut:
    return KeptOut(
        number=window.id, organisation=code, freezer=window.freezer.code if window.freezer else "",
        begins=from_ms(window.from_ms), ends=None if window.to_ms is None else from_ms(window.to_ms),
        reason=window.because, lifted_at=window.lifted_at,
    )  # fmt: skip


@api.post("/retention")
@require(SETS)
@describes("Set for how long a quantity is kept", body=RetentionIn, answers={200: RetentionOut})
def set_retention_by_program() -> RetentionOut:
    """Set it."""
    body = read(RetentionIn)
    org = parties.by_code(g.session, g.actor, SETS, body.organisation)
    days = Days(body.raw_days, body.minute_days)
    row = keeping.set_days(
        g.session, g.actor, org.id, body.quantity, days, body.reason, at=g.clock.now()
    )
    return _row(row, org.code)


@api.post("/retention/kept")
@require(LAYS)
@describes("Keep all readings of a time", body=KeepIn, answers={201: KeptOut})
def keep_readings_by_program() -> tuple[KeptOut, int]:
    """Keep them until it is lifted."""
    body = read(KeepIn)
    org = parties.by_code(g.session, g.actor, LAYS, body.organisation)
    freezer = (
        storage.container(g.session, g.actor, LAYS, body.freezer, "freezer")
        if body.freezer
        else None
    )
    made = keeping.lay(
        g.session, g.actor, org.id, freezer, body.begins, body.ends, body.reason, at=g.clock.now()
    )
    return _kept(made, org.code), 201


@api.post("/retention/kept/<int:number>/lift")
@require(LIFTS)
@describes("Keep the readings of a time no longer", body=LiftIn, answers={200: KeptOut})
def let_readings_go_by_program(number: int) -> KeptOut:
    """Lift it."""
    window = window_of(number)
    keeping.lift(g.session, g.actor, window, read(LiftIn).reason, at=g.clock.now())
    codes = {org.id: org.code for org in orgs(LIFTS)}
    return _kept(window, codes.get(window.org_id, ""))
