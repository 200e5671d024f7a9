"""What people decide about keeping readings: for how long, and which times are not touched."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import to_ms
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.storage.models import Container
from server.telemetry import retention
from server.telemetry.models import KeptWindow, Retention
from server.telemetry.retention import Days

NOT_YOURS = Refusal(
    "not_your_readings", N_("You may not decide how long this organisation keeps its readings.")
)
_NO_REASON = Refusal("no_reason", N_("Say why; it goes into the record."))
_BACKWARDS = Refusal("bad_window", N_("The beginning must lie before the end."))
_LIFTED = Refusal("lifted", N_("This has been lifted already."))
_SAME = Refusal("nothing_new", N_("This is what is set already."))
_FREEZER = N_("%(code)s is no freezer of this organisation.")


def set_days(
    session: Session, actor: Actor, org_id: int, quantity: str, days: Days, because: str, *, at: datetime
) -> Retention:  # fmt: skip
    """Set for how long an organisation keeps a quantity ("" all that have no row of their own)."""
    _may(actor, "telemetry.manage", org_id)
    if wrong := retention.why_not(days):
        field, refusal = next(iter(wrong.items()))
        raise Invalid(refusal, field=field)
    _reason(because)
    same = Retention.org_id == org_id, Retention.quantity == quantity
    row = session.scalars(select(Retention).where(*same)).first()
    before = None if row is None else Days(row.raw_days, row.minute_days)
    if before == days:
        raise Conflict(_SAME)
    if row is None:
        row = Retention(org_id=org_id, quantity=quantity)
        session.add(row)
    row.raw_days, row.minute_days = days.raw, days.minute
    row.set_at, row.by_name, row.because = at, actor.name, because
    session.flush()
    audit.record(
        session, actor, "retention.set", "retention", quantity or "*", at=at, org_id=org_id,
        raw_days=days.raw, minute_days=days.minute, reason=because,
        before=None if before is None else [before.raw, before.minute],
    )  # fmt: skip
    return row


def lay(
    session: Session, actor: Actor, org_id: int, freezer: Container | None, begin: datetime,
    end: datetime | None, because: str, *, at: datetime,
) -> KeptWindow:  # fmt: skip
    """Keep all readings of a time, of one freezer or of the whole organisation, until it is lifted."""
    _may(actor, "holds.manage", org_id)
    _reason(because)
    if end is not None and end <= begin:
        raise Invalid(_BACKWARDS, field="until")
    if freezer is not None and (freezer.kind != "freezer" or freezer.org_id != org_id):
        raise Invalid(Refusal("no_such_freezer", _FREEZER, {"code": freezer.code}), field="freezer")
    made = KeptWindow(
        org_id=org_id, freezer_id=freezer.id if freezer else None, from_ms=to_ms(begin),
        to_ms=None if end is None else to_ms(end), because=because, laid_at=at, laid_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, actor, "readings.kept", "kept_window", str(made.id), at=at, org_id=org_id,
        freezer=freezer.code if freezer else None, begin=begin.isoformat(),
        end=end.isoformat() if end else None, reason=because,
    )  # fmt: skip
    return made


def lift(
    session: Session, actor: Actor, window: KeptWindow, because: str, *, at: datetime
) -> None:  # fmt: skip
    """Let what is kept here be thinned again when it is old enough."""
    _may(actor, "holds.lift", window.org_id)
    _reason(because)
    if window.lifted_at is not None:
        raise Conflict(_LIFTED)
    window.lifted_at, window.lifted_by_name, window.lifted_because = at, actor.name, because
    audit.record(
        session, actor, "readings.let_go", "kept_window", str(window.id), at=at, org_id=window.org_id,
        reason=because,
    )  # fmt: skip


def _may(actor: Actor, permission: str, org_id: int) -> None:
    if not actor.may(permission, org_id):
        raise Forbidden(NOT_YOURS)


def _reason(because: str) -> None:
    if not because.strip():
        raise Invalid(_NO_REASON, field="reason")
