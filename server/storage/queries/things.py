"""One vial or one container by its code, for someone who may see it."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from server.catalogue.models import CellLine, Lot
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.many import among
from server.core.words import N_
from server.parties.models import Organisation
from server.storage.models import Container, Custody, Reservation, Vial
from server.storage.queries.aliases import own_codes, spellings
from server.storage.queries.contents import occupant_at
from server.storage.queries.paths import Path, true_at
from server.storage.rules.missing import no_such_container

_PROMISE = select(Reservation).where(
    Reservation.vial_id == bindparam("vial_id"), Reservation.ended_at.is_(None)
)


def vial(session: Session, actor: Actor, permission: str, code: str) -> Vial:
    """Return the vial with this code or alias, its lot and line loaded; NotFound where there is none to see."""
    found = _vial_of(session, actor, permission, spellings(code))
    if found is None and (own := own_codes(session, [code])):
        found = _vial_of(session, actor, permission, list(own.values()))
    if found is None:
        because = N_("No vial has the code %(code)s. Scan it again, or type its last characters.")
        raise NotFound(Refusal("no_such_vial", because, {"code": code}))
    return found


def _vial_of(session: Session, actor: Actor, permission: str, codes: list[str]) -> Vial | None:
    orgs = actor.orgs(permission)
    facts = {"codes": codes, "orgs": sorted(orgs or ())}
    return session.scalars(_vial(everywhere=orgs is None), facts).first()


@cache
def _vial(*, everywhere: bool) -> Select[Vial]:
    wanted = select(Vial).where(Vial.code.in_(bindparam("codes", expanding=True)))
    wanted = wanted.options(joinedload(Vial.lot).joinedload(Lot.line))
    if everywhere:
        return wanted
    return wanted.where(Vial.org_id.in_(bindparam("orgs", expanding=True)))


def container(session: Session, actor: Actor, permission: str, code: str, *kinds: str) -> Container:
    """Return the container with this code or barcode; NotFound where there is none to see."""
    orgs = actor.orgs(permission)
    facts = {"codes": spellings(code), "kinds": kinds, "orgs": sorted(orgs or ())}
    wanted = _container(everywhere=orgs is None, any_kind=not kinds)
    found = session.scalars(wanted, facts).first()
    if found is None:
        raise NotFound(no_such_container(code, *kinds))
    return found


@cache
def _container(*, everywhere: bool, any_kind: bool) -> Select[Container]:
    wanted = select(Container).where(
        among(Container.code, "codes") | among(Container.barcode, "codes")
    )
    if not any_kind:
        wanted = wanted.where(among(Container.kind, "kinds"))
    if not everywhere:
        wanted = wanted.where(among(Container.org_id, "orgs"))
    return wanted.order_by(Container.id)


def live_custody(session: Session, vial: Vial) -> Custody | None:
    """Return the row that says where the vial is now; None where it has never been anywhere."""
    return session.scalars(select(Custody).where(Custody.vial_id == vial.id, true_at(None))).first()


def reservation_of(session: Session, vial: Vial) -> Reservation | None:
    """Return the open promise of this vial, or None."""
    return session.scalars(_PROMISE, {"vial_id": vial.id}).first()


def promises_of(session: Session, vial_ids: Sequence[int]) -> dict[int, str]:
    """Return what each of these vials is promised to, by its code; free vials are left out."""
    wanted = select(Reservation.vial_id, Reservation.for_code).where(
        Reservation.vial_id.in_(vial_ids), Reservation.ended_at.is_(None)
    )
    return dict(session.execute(wanted).all())


def stored_vials_of_lot(session: Session, lot: Lot, limit: int) -> list[Vial]:
    """Return the lot's vials that are here (not shipped, not destroyed), by code."""
    here = Vial.state.in_(("labelled", "filled", "in_storage", "checked_out", "missing"))
    wanted = select(Vial).where(Vial.lot_id == lot.id, here).order_by(Vial.code).limit(limit)
    return list(session.scalars(wanted))


def lots_of_line(session: Session, line: CellLine, limit: int) -> list[Lot]:
    """Return the line's lots, newest first."""
    wanted = select(Lot).where(Lot.line_id == line.id).order_by(Lot.id.desc()).limit(limit)
    return list(session.scalars(wanted))


LATEST_FIRST = (Custody.began_at.desc(), Custody.ended_at.is_(None).desc(), Custody.id.desc())
"""The order of a thing's stays, the present one first, also where one was corrected or entered late."""


def former_place(session: Session, vial: Vial) -> Custody | None:
    """Return the stay before the present one where that was in a position, or None."""
    former = stay_before(session, vial)
    return former if former is not None and former.place == "position" else None


def stay_before(session: Session, vial: Vial) -> Custody | None:
    """Return the stay before the present one, wherever that was, or None."""
    wanted = (
        select(Custody)
        .where(Custody.vial_id == vial.id, Custody.superseded_at.is_(None))
        .order_by(*LATEST_FIRST)
        .limit(2)
    )
    stays = list(session.scalars(wanted))
    return stays[1] if len(stays) > 1 else None


def former_place_is_free(session: Session, vial: Vial) -> bool:
    """Say whether the last move of a stored vial can be taken back."""
    former = former_place(session, vial)
    if vial.state != "in_storage" or former is None or former.container is None:
        return False
    taken = occupant_at(session, former.container, former.ordinal or 0)
    return taken is None and former.container.retired_at is None


def lot_counts(session: Session, lot_id: int) -> tuple[int, int]:
    """Return how many vials of the lot are in storage, and how many there ever were."""
    counted = select(Vial.state, func.count()).where(Vial.lot_id == lot_id).group_by(Vial.state)
    by_state = {state: int(n) for state, n in session.execute(counted)}
    return by_state.get("in_storage", 0), sum(by_state.values())


def recipient_of(session: Session, path: Path) -> str:
    """Return the name of the organisation that has it; empty where nobody else has."""
    if path.recipient_org_id is None:
        return ""
    return session.get_one(Organisation, path.recipient_org_id).name
