"""What was done without a network: what was taken in before, what still waits for somebody to decide."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_, facts_said
from server.handling.models import OfflineAct
from server.handling.rules.acts import MOVE_BOX, Act, Device
from server.handling.rules.offline import Now
from server.storage.models import Container, Custody, Vial
from server.storage.queries import path_of, true_at
from server.storage.queries.aliases import spellings
from server.storage.queries.stays import live_stay

WORK = "storage.move"
NO_ACT = N_("There is no such act.")
CHUNK = 500


@dataclass(frozen=True)
class Waiting:
    """An act that was not done: why, what it was, and where the tube or box is now."""

    row: OfflineAct
    act: Act
    refusal: Refusal
    now: Now | None


def taken_before(
    session: Session, actor: Actor, device: Device, uuids: Sequence[str]
) -> dict[str, OfflineAct]:
    """Return those of these acts that this person's device has sent before, by their numbers."""
    wanted = select(OfflineAct).where(
        OfflineAct.person_id == actor.id,
        OfflineAct.device == device.id,
        OfflineAct.uuid.in_(uuids),
    )
    return {row.uuid: row for row in session.scalars(wanted)}


def latest_of(session: Session, actor: Actor, device: Device) -> datetime | None:
    """Return when the last act of this person on this device happened, or None."""
    wanted = select(func.max(OfflineAct.happened_at)).where(
        OfflineAct.person_id == actor.id, OfflineAct.device == device.id
    )
    return session.scalar(wanted)


def where_now(session: Session, thing: Vial | Container) -> Now:
    """Return where the vial or box is, and who recorded it."""
    stay = live_stay(session, thing)
    if stay is None:
        return Now(None, "")
    path = path_of(session, thing)
    return Now(stay.id, path.text or path.place, stay.began_recorded_at, stay.began_by_name)


def stays_now(session: Session, vial_ids: Sequence[int]) -> dict[int, int]:
    """Return the number of the present stay of each of these vials; those that were never anywhere are left out."""
    found: dict[int, int] = {}
    for start in range(0, len(vial_ids), CHUNK):
        wanted = select(Custody.vial_id, Custody.id).where(
            Custody.vial_id.in_(vial_ids[start : start + CHUNK]), true_at(None)
        )
        found |= {vial: stay for vial, stay in session.execute(wanted) if vial is not None}
    return found


def undecided(actor: Actor) -> Select[Any]:
    """Return the query of the acts that were not done and that the actor may see, newest last."""
    own = select(OfflineAct.id).where(OfflineAct.person_id == actor.id)
    seen = visible(select(OfflineAct.id), actor, WORK, OfflineAct.org_id)
    return (
        select(OfflineAct)
        .options(joinedload(OfflineAct.vial), joinedload(OfflineAct.person))
        .where(
            OfflineAct.outcome != "done",
            OfflineAct.resolved_at.is_(None),
            or_(OfflineAct.id.in_(own), OfflineAct.id.in_(seen)),
        )
    )


def waiting_acts(session: Session, actor: Actor, most: int = 200) -> list[Waiting]:
    """Return what was not done and waits for a decision, oldest first."""
    rows = session.scalars(undecided(actor).order_by(OfflineAct.id).limit(most))
    return [waiting(session, row) for row in rows]


def waiting(session: Session, row: OfflineAct) -> Waiting:
    """Return one act with its reason and where its tube or box is now."""
    thing = thing_named(session, row)
    now = where_now(session, thing) if thing is not None else None
    return Waiting(row, Act.of(json.loads(row.act)), refusal_of(row), now)


def thing_named(session: Session, row: OfflineAct) -> Vial | Container | None:
    """Return the tube or box with which something was done; None where there is no such one."""
    if row.kind != MOVE_BOX:
        return row.vial
    codes = spellings(json.loads(row.act)["tube"])
    bears = Container.code.in_(codes) | Container.barcode.in_(codes)
    wanted = select(Container).where(bears, Container.kind == "box", Container.org_id == row.org_id)
    return session.scalars(wanted.order_by(Container.id)).first()


def refusal_of(row: OfflineAct) -> Refusal:
    """Return why an act was not done."""
    kept: dict[str, Any] = json.loads(row.reason or '{"code": "", "because": "", "facts": {}}')
    return Refusal(kept["code"], kept["because"], facts_said(kept["facts"]))


def how_many_wait(session: Session, actor: Actor) -> int:
    """Return how many acts wait for a decision."""
    return session.scalar(select(func.count()).select_from(undecided(actor).subquery())) or 0


def one_act(session: Session, actor: Actor, number: int) -> OfflineAct:
    """Return the act that waits under this number; refused (NotFound) where the actor may see none."""
    found: OfflineAct | None = session.scalars(
        undecided(actor).where(OfflineAct.id == number)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_act", NO_ACT, {}))
    return found
