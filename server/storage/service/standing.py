"""Whether vials may go on to stand where they stand, once they belong to another project."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from server.core.errors import Refusal
from server.storage import queries
from server.storage.models import Container
from server.storage.queries.carrying import Standing, held_boxes, held_vials
from server.storage.queries.limits import limits_of
from server.storage.queries.violations import stock_of
from server.storage.rules.limits import why_not_stock
from server.storage.rules.space import keeper_of, why_not_kept


def why_not_of_project(session: Session, vial_ids: Sequence[int], at: datetime) -> list[Refusal]:
    """Return every reason why vials of the projects that they have now may not stay in their positions.

    What was written of them has to be flushed. They and their boxes are held, so that none is moved
    and no limit is set meanwhile.
    """
    stored = [one for one in held_vials(session, vial_ids).values() if one.place == "position"]
    boxes = held_boxes(session, {one.container_id for one in stored if one.container_id})
    placed = [(one, boxes[one.container_id]) for one in stored if one.container_id]
    return (
        [*_not_allowed(session, placed), *_kept_for_others(session, placed, at)] if placed else []
    )


Placed = Sequence[tuple[Standing, Container]]


def _not_allowed(session: Session, placed: Placed) -> list[Refusal]:
    limits = limits_of(session, {box.id for _, box in placed})
    known = stock_of(session, [vial.id for vial, _ in placed], holds_matter=False)
    found = (
        why_not_stock([one for one in limits[box.id] if one.subject == "project"], known[vial.id])
        for vial, box in placed
    )
    return [refusal for refusal in found if refusal]


def _kept_for_others(session: Session, placed: Placed, at: datetime) -> list[Refusal]:
    kept = queries.kept_spaces(session, {box.id for _, box in placed}, at)
    found = []
    for vial, box in placed:
        keeper = keeper_of(kept[box.id], vial.ordinal or 1, {vial.project_id})
        found.append(why_not_kept(box.shape.label(vial.ordinal or 1), box.code, keeper))
    return [refusal for refusal in found if refusal]
