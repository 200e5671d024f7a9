"""Put-away lists: tubes without a place, each with a suggested one; placed by two scans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import AllRefused, Invalid, Refusal
from server.core.many import among, insert_many
from server.core.words import N_
from server.handling.models import WorkLine, WorkList
from server.handling.queries import picks as queries
from server.handling.queries.named import vials_named
from server.handling.queries.putting import rooms_for
from server.handling.rules.putting import suggest
from server.handling.service.picks import MANY, MOST, ON_OTHER, new_list, settle, trace
from server.handling.service.scanning import waiting_line
from server.storage import rules
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.queries import occupant_at
from server.storage.rules import State

PLACED = N_("%(vial)s has a place already; move it instead.")
NO_ROOM = N_("No free position was found for %(vial)s in the freezers that were named.")
OTHER_BOX = N_(
    "%(found)s is not the box for %(vial)s; %(expected)s is. Scan that one, or choose another box on purpose."
)
WITHOUT_PLACE = frozenset({State.LABELLED, State.FILLED, State.CHECKED_OUT, State.MISSING})


@dataclass(frozen=True)
class Planned:
    """Tubes without a place and the position that is suggested for each, by the tube's id."""

    org_id: int
    policy: str
    targets: Mapping[int, tuple[int, int]]


def plan_put_away(
    session: Session,
    actor: Actor,
    org_id: int,
    codes: Sequence[str],
    policy: str,
    freezers: Sequence[Container] = (),
) -> Planned:
    """Suggest a position for each of these tubes; writes nothing. Refused with every reason.

    This takes a while for many, so it belongs into a reading session.
    """
    if not 0 < len(codes) <= MOST:
        raise Invalid(
            Refusal("many_tubes", MANY, {"found": len(codes), "most": MOST}), field="codes"
        )
    vials = vials_named(session, actor, codes)
    _refuse_placed(session, vials, org_id)
    return Planned(org_id, policy, _targets(session, org_id, vials, policy, freezers))


def make_put_away(
    session: Session, actor: Actor, plan: Planned, title: str, *, at: datetime
) -> WorkList:
    """Make a list of planned tubes; refused where one of them got a place or another list meanwhile.

    Positions are only suggested: another tube may take one meanwhile, and the list then suggests anew.
    """
    wanted = select(Vial).where(among(Vial.id, "ids")).order_by(Vial.id)
    vials = session.scalars(wanted, {"ids": list(plan.targets)}).all()
    _refuse_placed(session, vials, plan.org_id)
    work = new_list(session, actor, plan.org_id, "put_away", title, plan.policy, at)
    places = list(plan.targets.values())
    same: dict[str, Any] = {
        "list_id": work.id, "for_kind": "", "for_code": "", "state": "waiting", "settled_by_name": "",
    }  # fmt: skip
    each: dict[str, Sequence[Any]] = {
        "vial_id": list(plan.targets),
        "container_id": [box for box, _ in places],
        "ordinal": [ordinal for _, ordinal in places],
    }
    insert_many(session, WorkLine, same, each)
    trace(session, actor, work, "made", at, tubes=len(places), title=title, policy=plan.policy)
    session.flush()
    return work


def _refuse_placed(session: Session, vials: Sequence[Vial], org_id: int) -> None:
    elsewhere = queries.open_lines_of(session, [vial.id for vial in vials], "put_away")
    refusals = [
        refusal for vial in vials if (refusal := _why_not(vial, org_id, elsewhere.get(vial.id, "")))
    ]
    if refusals:
        raise AllRefused(refusals)


def _why_not(vial: Vial, org_id: int, other: str) -> Refusal | None:
    if vial.org_id != org_id:
        because = N_("%(vial)s belongs to another organisation than this list.")
        return Refusal("other_organisation", because, {"vial": vial.code})
    if other:
        return Refusal("on_other_list", ON_OTHER, {"vial": vial.code, "list": other})
    if State(vial.state) is State.IN_STORAGE:
        return Refusal("placed", PLACED, {"vial": vial.code})
    if State(vial.state) not in WITHOUT_PLACE:
        return rules.why_not_act(vial.code, vial.state, rules.Act.PLACE)
    return None


def _targets(
    session: Session,
    org_id: int,
    vials: Sequence[Vial],
    policy: str,
    freezers: Sequence[Container],
) -> dict[int, tuple[int, int]]:
    rooms = rooms_for(session, org_id, vials, [freezer.id for freezer in freezers])
    found = suggest([(vial.id, vial.lot_id) for vial in vials], rooms, policy)
    without = [vial for vial in vials if vial.id not in found]
    if without:
        raise AllRefused([Refusal("no_room", NO_ROOM, {"vial": vial.code}) for vial in without])
    return dict(found)


def put_tube(
    session: Session,
    actor: Actor,
    work: WorkList,
    scanned: str,
    box: Container,
    position: str = "",
    *,
    elsewhere: bool = False,
    at: datetime,
    happened_at: datetime | None = None,
) -> WorkLine:
    """Put the scanned tube into the scanned box: at the suggested position, or the next free one if it is taken.

    Another box than the suggested one is refused, unless it is chosen on purpose (`elsewhere`).
    """
    line = waiting_line(session, work, scanned, "put_away")
    expected = line.container
    if expected is not None and expected.id != box.id and not elsewhere:
        facts = {"found": box.code, "vial": line.vial.code, "expected": expected.code}
        raise Invalid(Refusal("other_box", OTHER_BOX, facts), field="box")
    ordinal = _ordinal(session, line, box, position)
    storage.bring_vial(session, actor, line.vial, box, ordinal, at=at, happened_at=happened_at)
    line.vial.verified_at = happened_at or at
    line.container_id, line.ordinal = box.id, ordinal
    settle(session, actor, work, line, "done", at, happened_at)
    return line


def _ordinal(session: Session, line: WorkLine, box: Container, position: str) -> int:
    if position.strip() or line.container_id != box.id or line.ordinal is None:
        return storage.position_in(session, box, position)
    taken = occupant_at(session, box, line.ordinal)
    return storage.position_in(session, box, "") if taken else line.ordinal
