"""Audits of positions: drawn by a seed, each position looked at, differences written down, nothing changed."""

from datetime import datetime
from secrets import token_hex

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.many import insert_many
from server.core.words import N_
from server.handling.models import AuditedPosition, CoverageTarget, PositionAudit
from server.handling.queries import audits as queries
from server.handling.rules.sampling import sample, verdict, why_not_sample
from server.handling.rules.stocktakes import Kind
from server.handling.service import discrepancies
from server.handling.service.discrepancies import Source
from server.storage.models import Container, Vial
from server.storage.queries import box_contents, vial_path
from server.storage.queries.aliases import as_recorded

NOT_AGAIN = N_(
    "%(position)s of %(box)s was as recorded, or nobody looked at it yet; there is nothing to look at again."
)
AUDIT_CLOSED = N_("The position audit %(audit)s is closed.")
NOT_IN_SAMPLE = N_("%(position)s of %(box)s does not wait in the position audit %(audit)s.")
NO_FREEZER = N_("%(code)s is no freezer; positions are audited freezer by freezer.")


def draw(
    session: Session, actor: Actor, freezer: Container, wanted: int, seed: str = "", *, at: datetime
) -> PositionAudit:
    """Draw a random sample of the positions that nobody audited within a year; the same seed draws the same."""
    if freezer.kind != "freezer":
        raise Invalid(Refusal("no_freezer", NO_FREEZER, {"code": freezer.code}), field="freezer")
    left = queries.not_yet_audited(session, freezer, at)
    if refusal := why_not_sample(freezer.code, wanted, len(left)):
        raise Invalid(refusal, field="wanted")
    made = PositionAudit(
        org_id=freezer.org_id, code=token_hex(8), freezer_id=freezer.id,
        seed=seed.strip() or token_hex(8), population=len(left), created_at=at,
        created_by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.code = f"PA-{made.id:04}"
    chosen = sample(made.seed, left, wanted)
    each = {
        "box_id": [box for box, _ in chosen],
        "ordinal": [ordinal for _, ordinal in chosen],
        "place": list(range(1, len(chosen) + 1)),
    }
    insert_many(session, AuditedPosition, {"audit_id": made.id}, each)
    told = {
        "of": freezer.code,
        "seed": made.seed,
        "positions": len(chosen),
        "population": len(left),
    }
    trace(session, actor, made, "drawn", at, **told)
    return made


def check(
    session: Session,
    actor: Actor,
    made: PositionAudit,
    line: AuditedPosition,
    tube: str = "",
    *,
    unread: bool = False,
    at: datetime,
) -> AuditedPosition:
    """Write down what is at a position: this tube, one that cannot be read, or (neither) nothing.

    It changes nothing of where vials are; what differs from the record becomes a discrepancy.
    """
    _hold_open(session, made, line)
    contents = {one.ordinal: one.vial_code for one in box_contents(session, line.box)}
    (own,) = as_recorded(session, [tube.strip()])
    vial = _vial(session, own)
    line.expected, line.found = contents.get(line.ordinal, ""), vial.code if vial else own
    line.state = verdict(line.expected, line.found, unread=unread)
    line.checked_at, line.checked_by_name = at, actor.name
    if line.state != "right":
        _write_down(session, actor, made, line, vial, at)
    if vial is not None:
        vial.verified_at = at if line.state == "right" else vial.verified_at
        where = f"{made.code} {line.box.code}"
        if line.state == "right":
            discrepancies.settle_seen(session, actor, [vial.code], where, at)
    position = line.box.shape.label(line.ordinal)
    facts = {
        "box": line.box.code,
        "position": position,
        "expected": line.expected,
        "found": line.found,
    }
    trace(session, actor, made, f"position_{line.state}", at, **facts)
    _end_if_done(session, actor, made, at)
    return line


def look_again(
    session: Session, actor: Actor, made: PositionAudit, line: AuditedPosition, *, at: datetime
) -> AuditedPosition:
    """Let a position that was not as recorded be looked at once more, as after a wrong touch.

    What was written down first stays in the record of changes; its open discrepancies are explained
    by that. Refused once the audit is closed.
    """
    _hold(session, made)
    session.refresh(line, with_for_update={"of": AuditedPosition})
    position = line.box.shape.label(line.ordinal)
    if line.audit_id != made.id or line.state not in ("wrong", "unread"):
        facts = {"position": position, "box": line.box.code}
        raise Conflict(Refusal("not_again", NOT_AGAIN, facts))
    where = (line.box_id, line.ordinal)
    discrepancies.take_back(session, actor, queries.KIND, made.id, where, made.code, at)
    told = {"box": line.box.code, "position": position, "found": line.found, "was": line.state}
    line.state, line.found, line.expected = "waiting", "", ""
    line.checked_at, line.checked_by_name = None, ""
    session.flush()
    trace(session, actor, made, "position_again", at, **told)
    return line


def _vial(session: Session, code: str) -> Vial | None:
    wanted = select(Vial).where(Vial.code.in_((code, code.upper()))).order_by(Vial.code)
    found = {one.code: one for one in session.scalars(wanted)} if code else {}
    return found.get(code) or next(iter(found.values()), None)


def _write_down(
    session: Session,
    actor: Actor,
    made: PositionAudit,
    line: AuditedPosition,
    vial: Vial | None,
    at: datetime,
) -> None:
    """Keep what is not there although it is recorded, and what is there although it is not."""
    source = Source(queries.KIND, made.id, made.code, made.org_id)
    where = (line.box_id, line.ordinal)
    if line.state == "unread":
        discrepancies.note(session, actor, source, where, Kind.UNREAD, line.expected, at=at)
        return
    if line.expected:
        discrepancies.note(session, actor, source, where, Kind.MISSING, line.expected, at=at)
    if line.found:
        path = vial_path(session, vial) if vial is not None else None
        moved = path is not None and path.place == "position"
        elsewhere = path.text if path is not None else ""
        kind = Kind.MOVED if moved else Kind.EXTRA
        discrepancies.note(
            session, actor, source, where, kind, line.found, elsewhere=elsewhere, at=at
        )


def close_audit(session: Session, actor: Actor, made: PositionAudit, *, at: datetime) -> int:
    """Close an audit; positions that were not looked at are left. Returns how many."""
    _hold(session, made)
    left = [line for line in queries.lines_of(session, made) if line.state == "waiting"]
    for line in left:
        line.state = "left"
    made.state = "closed" if left else "done"
    made.closed_at, made.closed_by_name = at, actor.name
    trace(session, actor, made, "closed", at, left=len(left))
    return len(left)


def set_target(
    session: Session, actor: Actor, freezer: Container, percent: int, *, at: datetime
) -> CoverageTarget:
    """Say how many percent of a freezer's positions are to be audited in a year."""
    row = session.get(CoverageTarget, freezer.id) or CoverageTarget(freezer_id=freezer.id)
    row.percent = percent
    session.add(row)
    audit.record(
        session, actor, "coverage_target.changed", "freezer", freezer.code, at=at,
        org_id=freezer.org_id, percent=percent,
    )  # fmt: skip
    return row


def _end_if_done(session: Session, actor: Actor, made: PositionAudit, at: datetime) -> None:
    session.flush()
    waiting = select(AuditedPosition.id).where(
        AuditedPosition.audit_id == made.id, AuditedPosition.state == "waiting"
    )
    if session.scalars(waiting.limit(1)).first() is None:
        made.state, made.closed_at, made.closed_by_name = "done", at, actor.name
        found = queries.accuracy_of(queries.lines_of(session, made))
        trace(session, actor, made, "done", at, right=found.right, checked=found.checked)


def _hold(session: Session, made: PositionAudit) -> None:
    session.flush()
    session.refresh(made, with_for_update={"of": PositionAudit})
    if made.state != "open":
        raise Conflict(Refusal("audit_closed", AUDIT_CLOSED, {"audit": made.code}))


def _hold_open(session: Session, made: PositionAudit, line: AuditedPosition) -> None:
    _hold(session, made)
    session.refresh(line, with_for_update={"of": AuditedPosition})
    if line.audit_id != made.id or line.state != "waiting":
        position = line.box.shape.label(line.ordinal)
        facts = {"position": position, "box": line.box.code, "audit": made.code}
        raise Conflict(Refusal("not_waiting", NOT_IN_SAMPLE, facts))


def trace(
    session: Session, actor: Actor, made: PositionAudit, what: str, at: datetime, **facts: object
) -> None:
    """Write what was done in an audit of positions into the record."""
    audit.record(
        session, actor, f"position_audit.{what}", "position_audit", made.code, at=at,
        org_id=made.org_id, stated_at=None,
        **{name: fact for name, fact in facts.items() if fact != ""},
    )  # fmt: skip
