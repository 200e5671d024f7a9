"""What is made out of vials: aliquots, splits and pools into new tubes, and new lots by culture.

A new tube's parent is a tube, a new lot's parents are tubes (BR-16); volumes come out of the parents' ledgers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.catalogue import service as catalogue
from server.catalogue.models import CellLine, Lot
from server.catalogue.service import LotFacts
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.genealogy import service as genealogy
from server.storage import rules
from server.storage.models import Container, Vial
from server.storage.queries import lineage as kin
from server.storage.queries.holds import ref
from server.storage.rules.lineage import (
    ChildLot,
    ParentLot,
    why_not_children,
    why_not_draw,
    why_not_follow,
    why_not_lot_from,
)
from server.storage.rules.states import Act, State
from server.storage.service.endings import use_up
from server.storage.service.guarding import refuse_use
from server.storage.service.stays import Moment, hold, refuse
from server.storage.service.vials import (
    add_vials,
    fill_vial,
    place_in_turn,
    refuse_if_promised,
    trace,
)
from server.storage.service.volumes import draw


@dataclass(frozen=True)
class Place:
    """Where new tubes go: the free positions of a box from this one on."""

    box: Container
    ordinal: int | None = None


def aliquot(
    session: Session,
    actor: Actor,
    parent: Vial,
    codes: Sequence[str],
    each_ul: int,
    place: Place | None = None,
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> list[Vial]:
    """Take equal parts out of a tube in hand into new tubes of its lot; what is left stays in it."""
    when = Moment.of(at, happened_at)
    _take_hold(session, [parent], Act.ALIQUOT)
    _check_codes(codes)
    refuse(why_not_draw(parent.code, parent.volume_ul, each_ul * len(codes)))
    made = _tubes(session, actor, [parent], codes, when)
    for vial in made:
        draw(session, actor, parent, each_ul, "aliquot", vial.code, when)
        _join(session, actor, [parent], vial, "aliquot", each_ul, when)
    _fill_and_place(session, actor, made, each_ul, place, when)
    _told(session, actor, "vial.aliquoted", parent, when, made, each_ul=each_ul)
    return made


def split(
    session: Session,
    actor: Actor,
    parent: Vial,
    codes: Sequence[str],
    place: Place | None = None,
    *,
    use: str = "",
    at: datetime,
    happened_at: datetime | None = None,
) -> list[Vial]:
    """Share out all that is in a tube in hand over new tubes of its lot, which uses it up."""
    when = Moment.of(at, happened_at)
    _take_hold(session, [parent], Act.SPLIT, use)
    _check_codes(codes)
    each = _shares(parent, len(codes))
    made = _tubes(session, actor, [parent], codes, when)
    for vial, share in zip(made, each, strict=True):
        draw(session, actor, parent, share, "split", vial.code, when)
        _join(session, actor, [parent], vial, "split", share, when)
    for vial, share in zip(made, each, strict=True):
        _fill_and_place(session, actor, [vial], share, None, when)
    _place(session, actor, made, place, when)
    use_up(session, actor, parent, "split", when)
    _told(session, actor, "vial.split", parent, when, made)
    return made


def _shares(parent: Vial, count: int) -> list[int]:
    """Return how much each of so many tubes gets; the first ones take what does not divide evenly."""
    refuse(why_not_draw(parent.code, parent.volume_ul, max(parent.volume_ul or 0, count)))
    share, over = divmod(parent.volume_ul or 0, count)
    return [share + (number < over) for number in range(count)]


def pool(
    session: Session,
    actor: Actor,
    parents: Sequence[Vial],
    code: str,
    place: Place | None = None,
    *,
    use: str = "",
    at: datetime,
    happened_at: datetime | None = None,
) -> Vial:
    """Pour all that is in several tubes of one lot into one new tube of it, which uses them up."""
    when = Moment.of(at, happened_at)
    if len({parent.id for parent in parents}) < 2:
        because = N_("A pool is made of two tubes or more; scan all of them.")
        raise Invalid(Refusal("few_parents", because), field="parents")
    other = next((one for one in parents if one.lot_id != parents[0].lot_id), None)
    if other is not None:
        because = N_(
            "%(other)s is of another lot than %(vial)s; a pool of several lots is a lot of its own."
        )
        facts = {"other": other.code, "vial": parents[0].code}
        raise Conflict(Refusal("several_lots", because, facts))
    _take_hold(session, parents, Act.POOL, use)
    _check_codes([code])
    (made,) = _tubes(session, actor, parents, [code], when)
    whole = 0
    for parent in parents:
        volume = parent.volume_ul or 0
        draw(session, actor, parent, volume, "pooled", made.code, when)
        _join(session, actor, [parent], made, "pool", volume, when)
        whole += volume
    _fill_and_place(session, actor, [made], whole, place, when)
    for parent in parents:
        use_up(session, actor, parent, "pooled", when)
        _told(session, actor, "vial.pooled", parent, when, [made])
    return made


def derive_lot(
    session: Session,
    actor: Actor,
    parents: Sequence[Vial],
    line: CellLine,
    facts: LotFacts,
    relation: str,
    codes: Sequence[str] = (),
    place: Place | None = None,
    *,
    use: str = "",
    at: datetime,
    happened_at: datetime | None = None,
) -> tuple[Lot, list[Vial]]:
    """Enter a new lot that was made from these tubes, with its first tubes (BR-10, BR-13, BR-16).

    Parents in hand are thawed and used up by it; ones that were thawed for it before stay so.
    """
    when = Moment.of(at, happened_at)
    _take_hold(session, parents, Act.DERIVE, use)
    refuse(why_not_lot_from(_child(line, facts), [_parent(one) for one in parents], relation))
    lot = catalogue.add_lot(session, actor, line, facts, at=at)
    session.flush()  # the edges name the lot by its number
    _join_lot(session, actor, parents, lot, relation, when)
    for parent in parents:
        if State(parent.state) is not State.THAWED:
            use_up(session, actor, parent, lot.code, when)
        _told(session, actor, "vial.derived", parent, when, [], lot=lot.code)
    made: list[Vial] = []
    if codes:
        _check_codes(codes)
        ordinal = place.ordinal if place else None
        box = place.box if place else None
        made = add_vials(session, actor, lot, codes, box, ordinal, at=at)
    return lot, made


def record_parents(
    session: Session,
    actor: Actor,
    lot: Lot,
    parents: Sequence[Vial],
    relation: str,
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> None:
    """Say of a lot that is there already from which tubes it was made; asks what a new lot is asked."""
    when = Moment.of(at, happened_at)
    for parent in parents:
        _refuse_circle(session, parent, lot)
    wanted = ChildLot(
        lot.code, lot.tier, lot.passage, lot.pdl, lot.line.passage_ceiling, lot.line.pdl_ceiling
    )
    refuse(why_not_lot_from(wanted, [_parent(one) for one in parents], relation))
    _join_lot(session, actor, parents, lot, relation, when)


def why_not_among_kin(session: Session, lot: Lot, facts: LotFacts) -> Refusal | None:
    """Say why a lot cannot become this beside the parents and children that are recorded of it, or None."""
    own = _child(lot.line, facts)
    for relation, parents in kin.parent_vials(session, lot).items():
        if refusal := why_not_follow(own, [_parent(one) for one in parents], relation):
            return refusal
    for child, relation, vial in kin.child_lots(session, lot):
        wanted = _child(child.line, catalogue.facts_of_lot(child))
        parent = ParentLot(vial, facts.code, facts.tier, lot.disposition, facts.passage, facts.pdl)
        if refusal := why_not_follow(wanted, [parent], relation):
            return refusal
    return None


catalogue.ask_before_change(why_not_among_kin)


def _join_lot(
    session: Session,
    actor: Actor,
    parents: Sequence[Vial],
    lot: Lot,
    relation: str,
    when: Moment,
) -> None:
    genealogy.derive(
        session, actor, [ref(parent) for parent in parents], ref(lot), relation,
        org_id=lot.org_id, at=when.recorded_at, happened_at=when.happened_at,
    )  # fmt: skip


def _refuse_circle(session: Session, parent: Vial, lot: Lot) -> None:
    """Refuse a parent that came out of the lot itself, which a vial does by belonging to it."""
    if ref(lot).key in kin.ancestors_of(session, parent):
        because = N_(
            "%(child)s cannot come out of %(parent)s, for %(parent)s comes out of %(child)s already."
        )
        raise Conflict(Refusal("circle", because, {"parent": parent.code, "child": lot.code}))


def _child(line: CellLine, facts: LotFacts) -> ChildLot:
    return ChildLot(
        facts.code, facts.tier, facts.passage, facts.pdl, line.passage_ceiling, line.pdl_ceiling
    )


def _parent(vial: Vial) -> ParentLot:
    lot = vial.lot
    return ParentLot(vial.code, lot.code, lot.tier, lot.disposition, lot.passage, lot.pdl)


def _take_hold(session: Session, parents: Sequence[Vial], act: Act, use: str = "") -> None:
    """Hold the parents in the order of their ids, and refuse what may not be done with one of them."""
    for parent in sorted({one.id: one for one in parents}.values(), key=lambda one: one.id):
        hold(session, parent)
        refuse(rules.why_not_act(parent.code, parent.state, act))
        refuse_if_promised(session, parent, None)
        refuse_use(session, parent, act, use)


def _check_codes(codes: Sequence[str]) -> None:
    if refusal := why_not_children(len(codes)) or rules.why_not_codes(codes):
        raise Invalid(refusal, field="codes")


def _tubes(
    session: Session, actor: Actor, parents: Sequence[Vial], codes: Sequence[str], when: Moment
) -> list[Vial]:
    """Enter empty tubes of the parents' lot, which have lived through what their parents have."""
    first = parents[0]
    made = add_vials(session, actor, first.lot, codes, at=when.recorded_at)
    for vial in made:
        vial.sample_type_id, vial.project_id = first.sample_type_id, first.project_id
        vial.thaws = max(parent.thaws for parent in parents)
    session.flush()
    return made


def _join(
    session: Session,
    actor: Actor,
    parents: Sequence[Vial],
    child: Vial,
    relation: str,
    volume_ul: int,
    when: Moment,
) -> None:
    genealogy.derive(
        session, actor, [ref(parent) for parent in parents], ref(child), relation, volume_ul,
        org_id=child.org_id, at=when.recorded_at, happened_at=when.happened_at,
    )  # fmt: skip


def _fill_and_place(
    session: Session,
    actor: Actor,
    made: Sequence[Vial],
    each_ul: int,
    place: Place | None,
    when: Moment,
) -> None:
    for vial in made:
        fill_vial(session, actor, vial, each_ul, at=when.recorded_at)
    _place(session, actor, made, place, when)


def _place(
    session: Session, actor: Actor, made: Sequence[Vial], place: Place | None, when: Moment
) -> None:
    if place is not None:
        place_in_turn(session, actor, made, place.box, place.ordinal, at=when.recorded_at)


def _told(
    session: Session,
    actor: Actor,
    action: str,
    parent: Vial,
    when: Moment,
    made: Sequence[Vial],
    **facts: object,
) -> None:
    told = {**facts, "made": [vial.code for vial in made]} if made else facts
    stated = when.happened_at if when.stated else None
    trace(session, actor, action, parent, when.recorded_at, stated_at=stated, **told)
