"""Discrepancies: written down where record and freezer disagree, settled by somebody, with how."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_, as_kept, facts_said
from server.handling.models import Discrepancy, StockTakeBox
from server.handling.rules.stocktakes import Difference, How, Kind, why_not_settle
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.service.stays import hold

NOT_STORED = N_("%(vial)s is not in storage yet; scan the box in which it was found.")
NO_VIAL = N_("The code of this tube is not in the record, so it cannot be found or lost there.")


@dataclass(frozen=True)
class Source:
    """What found a discrepancy: a stock-take or an audit of positions."""

    kind: str
    id: int
    code: str
    org_id: int


def write_down(
    session: Session, actor: Actor, line: StockTakeBox, found: Sequence[Difference], at: datetime
) -> None:
    """Keep what differed in a box of a stock-take; what committing it recorded is settled by that."""
    take = line.take
    wanted = select(Vial.code, Vial.id).where(Vial.code.in_([one.code for one in found]))
    known = dict(session.execute(wanted).all())
    for one in found:
        session.add(
            Discrepancy(
                org_id=take.org_id, source_kind="stock_take", source_id=take.id,
                source_code=take.code, box_id=line.box_id, ordinal=one.line.ordinal,
                kind=str(one.kind), code=one.code, vial_id=known.get(one.code),
                elsewhere=one.line.elsewhere, why=as_json(one.line.why), found_at=at,
                found_by_name=actor.name, how=str(one.how or ""),
                settled_at=at if one.how else None, settled_by_name=actor.name if one.how else "",
            )
        )  # fmt: skip
    session.flush()


def note(
    session: Session,
    actor: Actor,
    source: Source,
    where: tuple[int, int],
    kind: Kind,
    code: str,
    *,
    elsewhere: str = "",
    at: datetime,
) -> Discrepancy:
    """Keep one difference at a position (box, ordinal), open until somebody settles it."""
    found = Discrepancy(
        org_id=source.org_id, source_kind=source.kind, source_id=source.id, source_code=source.code,
        box_id=where[0], ordinal=where[1], kind=str(kind), code=code, elsewhere=elsewhere,
        vial_id=session.scalar(select(Vial.id).where(Vial.code == code)), found_at=at,
        found_by_name=actor.name,
    )  # fmt: skip
    session.add(found)
    session.flush()
    return found


def as_json(why: Refusal | None) -> str:
    """Return a refusal as it is kept."""
    if why is None:
        return ""
    told = {"code": why.code, "because": why.because, "facts": dict(why.facts)}
    return json.dumps(told, default=as_kept)


def why_of(found: Discrepancy) -> Refusal | None:
    """Return the refusal that was kept with a discrepancy, or None."""
    if not found.why:
        return None
    kept = json.loads(found.why)
    return Refusal(kept["code"], kept["because"], facts_said(kept["facts"]))


def settle_seen(
    session: Session, actor: Actor, codes: Sequence[str], where: str, at: datetime
) -> int:
    """Settle what is open because one of these tubes was missing or not read: now it was seen."""
    wanted = (
        select(Discrepancy)
        .join(Vial, Vial.id == Discrepancy.vial_id)
        .where(
            Vial.code.in_(codes),
            Discrepancy.settled_at.is_(None),
            Discrepancy.kind.in_((str(Kind.MISSING), str(Kind.UNREAD))),
        )
    )
    found = list(session.scalars(wanted))
    for one in found:
        _settle(session, actor, one, How.FOUND, where, at)
    return len(found)


def take_back(
    session: Session,
    actor: Actor,
    kind: str,
    source_id: int,
    where: tuple[int, int],
    note: str,
    at: datetime,
) -> int:
    """Explain what is still open of a position (box, ordinal) that is looked at again; returns how many."""
    wanted = select(Discrepancy).where(
        Discrepancy.source_kind == kind,
        Discrepancy.source_id == source_id,
        Discrepancy.box_id == where[0],
        Discrepancy.ordinal == where[1],
        Discrepancy.settled_at.is_(None),
    )
    found = list(session.scalars(wanted))
    for one in found:
        _settle(session, actor, one, How.EXPLAINED, note, at)
    return len(found)


def settle(
    session: Session,
    actor: Actor,
    found: Discrepancy,
    how: str,
    note: str = "",
    box: Container | None = None,
    position: str = "",
    *,
    at: datetime,
) -> Discrepancy:
    """Settle one discrepancy: the tube was found (in this box), is given up as lost, or it is explained.

    A missing tube that was found is stored again where it was found; one given up ends as lost.
    """
    session.flush()
    session.refresh(found, with_for_update={"of": Discrepancy})
    vial = found.vial
    state = vial.state if vial is not None else ""
    refusal = why_not_settle(found.kind, how, state, note, settled=found.settled_at is not None)
    if refusal:
        raise Conflict(refusal, field="note" if refusal.code == "no_note" else "how")
    if how in (How.FOUND, How.LOST, How.MISSED) and vial is None:
        raise Invalid(Refusal("no_vial", NO_VIAL), field="how")
    if vial is not None and how == How.FOUND:
        _find(session, actor, vial, box, position, at)
    if vial is not None and how == How.LOST:
        storage.lose_vial(session, actor, vial, note, at=at)
    if vial is not None and how == How.MISSED:
        storage.miss_vial(session, actor, vial, reason=found.source_code, at=at)
    where = f"{box.code} {position}".strip() if box is not None else ""
    _settle(session, actor, found, How(how), note or where, at)
    return found


def _find(
    session: Session, actor: Actor, vial: Vial, box: Container | None, position: str, at: datetime
) -> None:
    if box is not None:
        ordinal = storage.position_in(session, box, position, vial)
        storage.bring_vial(session, actor, vial, box, ordinal, at=at)
        vial.verified_at = at
        return
    hold(session, vial)
    if vial.state != "in_storage":
        raise Conflict(Refusal("not_stored", NOT_STORED, {"vial": vial.code}), field="box")


def _settle(
    session: Session, actor: Actor, found: Discrepancy, how: How, note: str, at: datetime
) -> None:
    found.how, found.note = str(how), note.strip()
    found.settled_at, found.settled_by_name = at, actor.name
    session.flush()
    audit.record(
        session, actor, "discrepancy.settled", found.source_kind, found.source_code, at=at,
        org_id=found.org_id, discrepancy=found.id, box=found.box.code, tube=found.code,
        kind=found.kind, how=str(how), note=found.note,
    )  # fmt: skip
