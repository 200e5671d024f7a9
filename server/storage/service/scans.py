"""Rack scans: staged with what they would change, then applied as one change or put aside."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from server.audit import service as audit
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Forbidden, Gone, Invalid, Refusal
from server.core.words import N_
from server.storage import imports, queries, reconcile, rules
from server.storage.models import Container, RackScan, Scanner, Vial
from server.storage.queries.aliases import own_codes
from server.storage.queries.arriving import Arrival, why_not_arrive
from server.storage.queries.guarding import policies
from server.storage.reconcile import Change, Known, Plan, Seen
from server.storage.rules import Act
from server.storage.service import vials
from server.storage.service.scanners import manner_of
from server.storage.service.stays import Moment, end_stay, hold, occupy, refuse, why_not_into

SCANNED = "rack scan"
ENTERS = "storage.edit"
NOT_COMPARED = Refusal(
    "not_compared", N_("Compare the rack in your hand with the box first, and say so here.")
)


@dataclass(frozen=True)
class File:
    """An uploaded file."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Return the hash by which the file is kept."""
        return sha256(self.data).hexdigest()


def stage_scan(
    session: Session,
    actor: Actor,
    box: Container,
    file: File,
    *,
    read: imports.Scan | None = None,
    lot: Lot | None = None,
    scanner: Scanner | None = None,
    for_code: str = "",
    at: datetime,
) -> RackScan:
    """Read a scanner's file for this box and keep what it says; nothing in the box changes yet.

    `read` is what the file says, where it was read before the writing began; `for_code` names the
    stock-take that it is part of, through which alone it is applied then.
    """
    scan = read or imports.read(file.data, box.shape, manner_of(scanner))
    _refuse_other_rack(session, box, scan.rack or "")
    staged = RackScan(
        org_id=box.org_id,
        box_id=box.id,
        lot_id=_lot_for(actor, box, lot),
        file_name=file.name[:200],
        format=scan.format,
        scanner_id=scanner.id if scanner else None,
        rack=(scan.rack or "")[: rules.LONGEST_CODE],
        for_code=for_code,
        sha256=file.sha256,
        tubes=_written((t.ordinal, t.code, t.unread) for t in scan.tubes),
        uploaded_by=actor.id if actor.kind == "person" else None,
        uploaded_at=at,
    )
    session.add(staged)
    session.flush()  # its number names it in the record
    _trace(session, actor, "scan.staged", staged, box, at, file=file.name, sha256=file.sha256)
    return staged


def reread(
    session: Session, actor: Actor, scan: RackScan, tubes: Sequence[Seen], *, at: datetime
) -> None:
    """Let a staged scan that is read tube by tube say this; nothing in the box changes yet."""
    _hold(session, scan, scan.for_code)
    scan.tubes = _written((one.ordinal, one.code, one.unread) for one in tubes)
    _trace(session, actor, "scan.read", scan, scan.box, at, positions=len(tubes))


def seen_in(scan: RackScan) -> list[Seen]:
    """Return what the scan says, position by position."""
    return [Seen(*one) for one in json.loads(scan.tubes)]


def _written(tubes: Iterable[tuple[int, str | None, bool]]) -> str:
    return json.dumps([list(one) for one in tubes])


def _refuse_other_rack(session: Session, box: Container, rack: str) -> None:
    """Refuse a file that names the rack of another box than the one that was chosen."""
    if not rack or rack in (box.code, box.barcode):
        return
    if box.barcode:
        because = N_("The file is of rack %(found)s, but %(box)s bears %(expected)s.")
        facts = {"found": rack, "box": box.code, "expected": box.barcode}
        raise Invalid(Refusal("other_rack", because, facts), field="box")
    if owner := queries.box_bearing(session, box.org_id, rack):
        because = N_("The file is of rack %(found)s, which is box %(owner)s and not %(box)s.")
        facts = {"found": rack, "box": box.code, "owner": owner.code}
        raise Invalid(Refusal("other_rack", because, facts), field="box")


def _lot_for(actor: Actor, box: Container, lot: Lot | None) -> int | None:
    if lot is None:
        return None
    _refuse_entering(actor, box.org_id)
    if lot.org_id != box.org_id:
        because = N_("Lot %(lot)s belongs to another organisation than the box.")
        raise Invalid(Refusal("other_organisation", because, {"lot": lot.code}), field="lot")
    return lot.id


def _refuse_entering(actor: Actor, org_id: int) -> None:
    """Refuse whoever may not enter vials: a scan is no other door than the rest."""
    if not actor.may(ENTERS, org_id):
        because = N_("New vials are entered by who may change the stock; ask a bank manager.")
        raise Forbidden(Refusal("not_permitted", because, {"permission": ENTERS}))


def choose_lot(
    session: Session, actor: Actor, scan: RackScan, lot: Lot | None, *, at: datetime
) -> None:
    """Say into which lot the scan's unknown tubes are entered; None leaves them out."""
    _hold(session, scan)
    scan.lot_id = _lot_for(actor, scan.box, lot)
    chosen = lot.code if lot else ""
    _trace(session, actor, "scan.lot_chosen", scan, scan.box, at, lot=chosen)


def plan_of(session: Session, scan: RackScan) -> Plan:
    """Return what applying the scan would change as things stand now.

    Tubes that may not stand where they were found conflict, each with the reason.
    """
    seen = _as_recorded(session, seen_in(scan))
    contents = queries.box_contents(session, scan.box)
    filled = [one for one in contents if one.filled]
    known = _known(session, [one.code for one in seen if one.code])
    plan = reconcile.plan(
        scan.box_id,
        scan.org_id,
        seen,
        {one.ordinal: one.vial_code for one in filled},
        known,
        enter_unknown=scan.lot_id is not None,
        promised={one.vial_code: one.reserved_for for one in filled},
    )
    coming = [_arrival(one, known) for one in reconcile.arriving(plan)]
    lot = session.get_one(Lot, scan.lot_id) if scan.lot_id is not None else None
    why = why_not_arrive(session, scan.box, contents, coming, lot)
    labels = {one.ordinal: one.label for one in contents}
    return reconcile.refused(plan, why, scan.box.code, labels)


def _arrival(entry: reconcile.Entry, known: Mapping[str, Known]) -> Arrival:
    vial = known.get(entry.scanned)
    if vial is None:
        return Arrival(entry.ordinal, entry.scanned)
    return Arrival(entry.ordinal, vial.code, vial.id, vial.project_id)


def doubts_of(session: Session, scan: RackScan, plan: Plan) -> list[Refusal]:
    """Return why this may be the scan of another rack; someone must look before it is applied."""
    box = scan.box
    marks = [mark for mark in (box.code, box.barcode) if mark]
    recorded = len(queries.occupants(session, box))
    return reconcile.doubts(box.code, marks, scan.rack, recorded, plan)


def _as_recorded(session: Session, seen: Sequence[Seen]) -> list[Seen]:
    """Return what was seen, a tube that was read by its alias under its own code."""
    own = own_codes(session, [one.code for one in seen if one.code])
    return [replace(one, code=own.get(one.code or "", one.code)) for one in seen]


def _known(session: Session, codes: list[str]) -> dict[str, Known]:
    wanted = select(Vial).where(Vial.code.in_(codes)).options(joinedload(Vial.lot))
    found = list(session.scalars(wanted))
    paths = queries.paths_of(session, vials=[vial.id for vial in found])
    promised = queries.promises_of(session, [vial.id for vial in found])
    wanted_by = {org_id: policies(session, org_id) for org_id in {vial.org_id for vial in found}}
    return {
        vial.code: Known(
            id=vial.id,
            code=vial.code,
            state=vial.state,
            org_id=vial.org_id,
            project_id=vial.project_id,
            tier=vial.lot.tier,
            place=paths[vial.id].text,
            box_id=paths[vial.id].box_id,
            ordinal=paths[vial.id].ordinal,
            promised_to=promised.get(vial.id, ""),
            on_its_way=paths[vial.id].place == "transit",
            may_return=wanted_by[vial.org_id][vial.lot.tier].return_allowed,
        )
        for vial in found
    }


def apply_scan(
    session: Session,
    actor: Actor,
    scan: RackScan,
    fingerprint: str,
    *,
    compared: bool = False,
    leaving: bool = False,
    for_code: str = "",
    at: datetime,
) -> Plan:
    """Make the record say what the scan saw, all of it or nothing.

    Refused when the scan was applied or put aside already, and when the plan is not the one with this
    fingerprint, which is the one that was shown. What is doubtful is refused until somebody says that
    rack and box were `compared`; what conflicts, until somebody says that it is left as it is recorded
    (`leaving`). A stock-take (`for_code`) always leaves it, for that names it as a discrepancy.
    """
    _hold(session, scan, for_code)
    plan = plan_of(session, scan)
    if plan.fingerprint != fingerprint:
        because = N_("The box has changed since this was shown. Look at the changes again.")
        raise Conflict(Refusal("plan_changed", because))
    if plan.conflicts and not (leaving or scan.for_code):
        reasons = (one.why for one in plan.conflicts)
        raise AllRefused([why for why in reasons if why is not None])
    if plan.of(Change.ENTERED):
        _refuse_entering(actor, scan.org_id)
    doubts = doubts_of(session, scan, plan)
    if doubts and not compared:
        raise Conflict(NOT_COMPARED, field="compared")
    _carry_out(session, actor, scan, plan, at)
    _verify(session, plan, at)
    scan.state, scan.applied_at, scan.applied_by_name = "applied", at, actor.name
    facts: dict[str, Any] = {"changes": plan.changes, "missing": len(plan.of(Change.MISSING))}
    if doubts:
        facts["compared"] = ", ".join(doubt.code for doubt in doubts)
    if plan.conflicts:
        facts["left"] = [one.scanned for one in plan.conflicts]
    _trace(session, actor, "scan.applied", scan, scan.box, at, **facts)
    return plan


def put_aside_scan(
    session: Session, actor: Actor, scan: RackScan, *, for_code: str = "", at: datetime
) -> None:
    """Close a staged scan without changing anything."""
    _hold(session, scan, for_code)
    scan.state = "put_aside"
    _trace(session, actor, "scan.put_aside", scan, scan.box, at)


def _hold(session: Session, scan: RackScan, for_code: str = "") -> None:
    hold(session, scan)
    if scan.for_code != for_code:
        because = N_("This scan is part of the stock-take %(code)s; go on there.")
        raise Conflict(Refusal("of_stock_take", because, {"code": scan.for_code or for_code}))
    if scan.state == "applied":
        because = N_(
            "This scan was applied already, %(when)s, by %(name)s; a scan is applied once."
            " Scan the box anew."
        )
        facts = {"when": _local(session, scan), "name": scan.applied_by_name or "?"}
        raise Gone(Refusal("scan_applied", because, facts))
    if scan.state != "staged":
        because = N_("This scan was put aside. Upload the file again to use it.")
        raise Gone(Refusal("scan_put_aside", because))
    hold(session, scan.box)


def _local(session: Session, scan: RackScan) -> str:
    """Return when the scan was applied, in the time of the box's site, with its zone."""
    if scan.applied_at is None:
        return "?"
    zone = queries.path_of(session, scan.box).time_zone
    return f"{scan.applied_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _carry_out(session: Session, actor: Actor, scan: RackScan, plan: Plan, at: datetime) -> None:
    """Free every position first, then fill them: so tubes that changed places do not meet."""
    reason = f"{SCANNED} {scan.id}"
    for entry in plan.of(Change.MISSING):
        vial = _vial(session, entry.recorded)
        vials.miss_vial(session, actor, vial, reason=reason, at=at)
    arriving = plan.of(Change.PLACED, Change.MOVED, Change.PUT_BACK)
    coming = [(_vial(session, entry.scanned), entry) for entry in arriving]
    for vial, _entry in coming:
        hold(session, vial)
        end_stay(session, actor, queries.live_custody(session, vial), Moment.of(at))
    for vial, entry in coming:
        _arrive(session, actor, scan, vial, entry, at)
    if scan.lot_id is not None:
        lot = session.get_one(Lot, scan.lot_id)
        for entry in plan.of(Change.ENTERED):
            vial = vials.add_vial(session, actor, lot, entry.scanned, at=at)
            vials.place_vial(session, actor, vial, scan.box, entry.ordinal, at=at)


READ = (Change.SAME, Change.PLACED, Change.MOVED, Change.PUT_BACK, Change.ENTERED)


def _verify(session: Session, plan: Plan, at: datetime) -> None:
    """Keep of the tubes of this box that their own codes were read (BR-04)."""
    session.flush()
    codes = [one.scanned for one in plan.of(*READ)]
    session.execute(update(Vial).where(Vial.code.in_(codes)).values(verified_at=at))


_ACTS = {
    Change.PLACED: (Act.PLACE, "vial.placed"),
    Change.MOVED: (Act.MOVE, "vial.moved"),
    Change.PUT_BACK: (Act.PUT_BACK, "vial.put_back"),
}


def _arrive(
    session: Session,
    actor: Actor,
    scan: RackScan,
    vial: Vial,
    entry: reconcile.Entry,
    at: datetime,
) -> None:
    act, action = _ACTS[entry.change]
    refuse(rules.why_not_act(vial.code, vial.state, act))
    vials.refuse_putting_back(session, vial, act)
    why_not_into(session, vial, scan.box, entry.ordinal)
    occupy(
        session, actor, vial, scan.box, entry.ordinal, Moment.of(at), reason=f"{SCANNED} {scan.id}"
    )
    vials.become(vial, act)
    position = scan.box.shape.label(entry.ordinal)
    facts: dict[str, Any] = {
        "box": scan.box.code,
        "position": position,
        "before": entry.source,
        "scan": scan.id,
    }
    if entry.promised_to:
        facts["reserved_for"] = entry.promised_to
    vials.trace(session, actor, action, vial, at, **facts)


def _vial(session: Session, code: str) -> Vial:
    return session.scalars(select(Vial).where(Vial.code == code)).one()


def _trace(
    session: Session,
    actor: Actor,
    action: str,
    scan: RackScan,
    box: Container,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> None:
    audit.record(
        session,
        actor,
        action,
        "scan",
        str(scan.id),
        at=at,
        org_id=scan.org_id,
        box=box.code,
        **facts,
    )
