"""Why tubes that were found in a box may not be recorded in their positions: each rule asks once for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.catalogue.models import Lot
from server.core.errors import Refusal
from server.storage import rules
from server.storage.models import Container
from server.storage.queries.contents import Place
from server.storage.queries.holds import holds_on_lots
from server.storage.queries.limits import limits_of, why_none_allowed
from server.storage.queries.space import EVER, kept_spaces
from server.storage.rules.limits import Stock, why_not_size, why_not_stock
from server.storage.rules.moves import slot_kept
from server.storage.rules.space import KeptSpace, keeper_of, why_not_kept
from server.storage.sizes import size_at


@dataclass(frozen=True)
class Arrival:
    """A tube that would come to a position; without an id it is one that is entered into a lot."""

    ordinal: int
    code: str
    vial_id: int | None = None
    project_id: int | None = None


def why_not_arrive(
    session: Session,
    box: Container,
    contents: Sequence[Place],
    arrivals: Sequence[Arrival],
    lot: Lot | None,
) -> dict[int, Refusal]:
    """Return, by the position, why these tubes may not stand there; those that may are left out.

    `contents` is what is recorded in the box, `lot` that into which new tubes are entered.
    """
    if not arrivals:
        return {}
    kept = kept_spaces(session, [box.id], EVER)[box.id]
    slots = {one.ordinal: one.kept_for for one in contents if one.kept_for}
    known = [one for one in arrivals if one.vial_id is not None]
    placings = [(one.vial_id or 0, box, one.ordinal) for one in known]
    of_codes = {one.code: one.ordinal for one in known}
    found = {
        of_codes[str(refusal.facts["code"])]: refusal
        for refusal in (why_none_allowed(session, placings) if placings else [])
    }
    new = [one for one in arrivals if one.vial_id is None]
    found |= _why_not_new(session, box, new, lot) if new and lot is not None else {}
    for one in arrivals:
        if refusal := _why_not_place(box, one, kept, slots):
            found[one.ordinal] = refusal
    return found


def _why_not_new(
    session: Session, box: Container, new: Sequence[Arrival], lot: Lot
) -> dict[int, Refusal]:
    """Return why tubes that are not known yet may not stand there as vials of this lot."""
    limits = limits_of(session, [box.id])[box.id]
    apart = lot.disposition != "released" or bool(holds_on_lots(session, [lot]))
    found = (
        why_not_size(
            box.shape.label(one.ordinal),
            box.code,
            size_at(box.size_classes, one.ordinal),
            one.code,
            "",
        )
        or why_not_stock(limits, Stock(one.code, lot.tier, apart=apart))
        for one in new
    )
    return {one.ordinal: refusal for one, refusal in zip(new, found, strict=True) if refusal}


def _why_not_place(
    box: Container, one: Arrival, kept: Sequence[KeptSpace], slots: Mapping[int, str]
) -> Refusal | None:
    if box.retired_at is not None:
        return rules.why_not_into(box.code, retired=True, box_org=box.org_id, org=box.org_id)
    if refusal := rules.why_not_at(box.shape, box.code, one.ordinal):
        return refusal
    label = box.shape.label(one.ordinal)
    if slots.get(one.ordinal, one.code) != one.code:
        return slot_kept(label, box.code, slots[one.ordinal])
    return why_not_kept(label, box.code, keeper_of(kept, one.ordinal, {one.project_id}))
