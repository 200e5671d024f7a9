"""Reads of what protects vials: policies, what would be left, clearances, destructions that wait."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server.accounts.queries import visible
from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.models import Clearance, Custody, Destruction, Reservation, TierPolicy, Vial
from server.storage.queries.free_stock import free_by_line
from server.storage.rules.protection import DEFAULTS, LINE, Policy, Stock

READ = "storage.read"
IN_STORAGE = Vial.state == "in_storage"


def policies(session: Session, org_id: int) -> dict[str, Policy]:
    """Return what the organisation wants for each tier, and for lines: its own rows over the defaults."""
    rows = session.scalars(select(TierPolicy).where(TierPolicy.org_id == org_id))
    return {**DEFAULTS, **{row.tier: _policy(row) for row in rows}}


def _policy(row: TierPolicy) -> Policy:
    return Policy(
        tier=row.tier, least_vials=row.least_vials, least_percent=row.least_percent,
        keep_all=row.keep_all, rebank_below=row.rebank_below, return_allowed=row.return_allowed,
        longest_out_s=row.longest_out_s, uses=frozenset(row.uses.split()), signed=row.signed,
    )  # fmt: skip


def policy(session: Session, org_id: int, tier: str) -> Policy:
    """Return what the organisation wants for a tier."""
    return policies(session, org_id).get(tier) or Policy(tier)


def last_of_line(session: Session, org_id: int) -> int:
    """Return how many vials of a line, over all its tiers, are its last ones."""
    return policy(session, org_id, LINE).least_vials


def stock_without(
    session: Session, vial: Vial, wanted: Policy, last: int, *, beyond: int, promised_too: bool
) -> Stock:
    """Return what would be in storage without this vial; counts so far `beyond` what the policy keeps."""
    lot = vial.lot
    of_tier = (Lot.line_id == lot.line_id) & (Lot.tier == lot.tier)
    filled = 0
    if wanted.least_percent:
        counted: Select[int] = (
            select(func.count()).select_from(Vial).join(Lot, Lot.id == Vial.lot_id)
        )
        filled = session.scalar(counted.where(of_tier, Vial.state != "labelled")) or 0
    others: list[ColumnElement[bool]] = [Vial.id != vial.id, IN_STORAGE]
    if not promised_too:
        others.append(_unpromised())
    return Stock(
        tier_left=_count_to(session, wanted.least(filled) + beyond, of_tier, *others),
        tier_filled=filled,
        line_left=_count_to(session, last + beyond, Lot.line_id == lot.line_id, *others),
    )


def _unpromised() -> ColumnElement[bool]:
    promised: Select[int] = select(Reservation.id).where(
        Reservation.vial_id == Vial.id, Reservation.ended_at.is_(None)
    )
    return ~promised.exists()


def _count_to(session: Session, most: int, *conditions: ColumnElement[bool]) -> int:
    if most <= 0:
        return 0
    some = select(Vial.id).join(Lot, Lot.id == Vial.lot_id).where(*conditions).limit(most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def hold_line(session: Session, vial: Vial) -> None:
    """Let no one else count the line's vials for a use until this transaction ends (PostgreSQL)."""
    session.execute(select(CellLine.id).where(CellLine.id == vial.lot.line_id).with_for_update())


def clearance_of(session: Session, vial: Vial) -> Clearance | None:
    """Return the use of this vial that quality is asked to clear, or has cleared; None where none is."""
    wanted = select(Clearance).where(Clearance.vial_id == vial.id, Clearance.ended_at.is_(None))
    return session.scalars(wanted.options(selectinload(Clearance.signed))).first()


def clearances_waiting(session: Session, actor: Actor) -> list[Clearance]:
    """Return the uses that nobody has ended, the oldest first, for those who may see the vials."""
    wanted = (
        select(Clearance)
        .where(Clearance.ended_at.is_(None))
        .options(selectinload(Clearance.signed), joinedload(Clearance.vial).joinedload(Vial.lot))
        .order_by(Clearance.asked_at, Clearance.id)
    )
    return list(session.scalars(visible(wanted, actor, READ, Clearance.org_id)))


def clearance(session: Session, actor: Actor, permission: str, clearance_id: int) -> Clearance:
    """Return the clearance with this number; NotFound where there is none to see."""
    wanted = select(Clearance).where(Clearance.id == clearance_id)
    found: Clearance = _one(
        session, visible(wanted, actor, permission, Clearance.org_id), clearance_id
    )
    return found


def destruction_of(session: Session, vial: Vial) -> Destruction | None:
    """Return the destruction of this vial that waits for its witness, or None."""
    wanted = select(Destruction).where(
        Destruction.vial_id == vial.id, Destruction.ended_at.is_(None)
    )
    return session.scalars(wanted).first()


def destructions_waiting(session: Session, actor: Actor) -> list[Destruction]:
    """Return the destructions that wait for a witness, the oldest first."""
    wanted = (
        select(Destruction)
        .where(Destruction.ended_at.is_(None))
        .options(joinedload(Destruction.vial).joinedload(Vial.lot))
        .order_by(Destruction.asked_at, Destruction.id)
    )
    return list(session.scalars(visible(wanted, actor, READ, Destruction.org_id)))


def destruction(session: Session, actor: Actor, permission: str, number: int) -> Destruction:
    """Return the destruction with this number; NotFound where there is none to see."""
    wanted = select(Destruction).where(Destruction.id == number)
    found: Destruction = _one(
        session, visible(wanted, actor, permission, Destruction.org_id), number
    )
    return found


def _one(session: Session, wanted: Any, number: int) -> Any:  # noqa: ANN401  two tables alike
    found = session.scalars(wanted).first()
    if found is None:
        because = N_("There is no such task with the number %(number)s.")
        raise NotFound(Refusal("no_such_task", because, {"number": number}))
    return found


def out_now(session: Session, actor: Actor, limit: int = 200) -> list[Custody]:
    """Return the stays of the vials that are taken out now, the longest first."""
    wanted = (
        select(Custody)
        .join(Vial, Vial.id == Custody.vial_id)
        .where(
            Vial.state == "checked_out",
            Custody.place == "bench",
            Custody.ended_at.is_(None),
            Custody.superseded_at.is_(None),
        )
        .options(joinedload(Custody.vial).joinedload(Vial.lot).joinedload(Lot.line))
        .order_by(Custody.began_at, Custody.id)
        .limit(limit)
    )
    return list(session.scalars(visible(wanted, actor, READ, Vial.org_id)))


def banks_to_renew(
    session: Session, actor: Actor, free: Mapping[tuple[int, str], int] | None = None
) -> Mapping[int, int]:
    """Return, by line, how many vials of distribution stock are free where that is below the policy.

    What is promised, held or not released is none to go on with (BR-06). `free` is `free_by_line`,
    where it is known already.
    """
    free = free_by_line(session, actor) if free is None else free
    lines = select(CellLine.id, CellLine.org_id).where(
        CellLine.id.in_([line for line, tier in free if tier == "distribution"])
    )
    wanted: dict[int, int] = {}
    left: dict[int, int] = {}
    for line_id, org_id in session.execute(lines):
        if org_id not in wanted:
            wanted[org_id] = policy(session, org_id, "distribution").rebank_below or 0
        if free[line_id, "distribution"] < wanted[org_id]:
            left[line_id] = free[line_id, "distribution"]
    return left
