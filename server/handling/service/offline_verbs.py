"""Each kind of act that a device sends, done by the verb that pages use."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.handling.queries.picks import work_list
from server.handling.rules.acts import MOVE, MOVE_BOX, NOT_THERE, PICK, PUT, TAKE_OUT, Act
from server.handling.service.picks import not_there, pick_tube
from server.handling.service.putting import put_tube
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.queries import container, vial
from server.storage.service.bulk import move_container
from server.storage.service.holding_places import hold_for_move
from server.storage.service.stays import hold

WORK = "storage.move"
Verb = Callable[[Session, Actor, Act, Vial, datetime, datetime], object]
Thing = Vial | Container


def thing_of(session: Session, actor: Actor, act: Act) -> Thing:
    """Return the tube, or the box, with which something was done; NotFound where there is none to act on."""
    if act.kind == MOVE_BOX:
        return container(session, actor, WORK, act.tube, "box")
    return vial(session, actor, WORK, act.tube)


def place_of(session: Session, actor: Actor, act: Act) -> Container:
    """Return that into which the act put it: a box, or a rack or freezer for a box."""
    kinds = ("rack", "freezer") if act.kind == MOVE_BOX else ("box",)
    return container(session, actor, WORK, act.box, *kinds)


def hold_thing(session: Session, actor: Actor, act: Act, thing: Thing) -> None:
    """Hold the tube, or the box and what it goes into, in the order in which every move holds them."""
    if isinstance(thing, Container):
        hold_for_move(session, [(thing, place_of(session, actor, act))])
    else:
        hold(session, thing)


def do(
    session: Session, actor: Actor, act: Act, thing: Thing, *, at: datetime, happened_at: datetime
) -> None:
    """Do the act as it would be done on a page, at the time at which it happened; refused as there."""
    if isinstance(thing, Container):
        into = place_of(session, actor, act)
        ordinal = storage.position_in(session, into, act.position, thing)
        move_container(session, actor, thing, into, ordinal, at=at, happened_at=happened_at)
    else:
        VERBS[act.kind](session, actor, act, thing, at, happened_at)


def _pick(
    session: Session, actor: Actor, act: Act, tube: Vial, at: datetime, then: datetime
) -> None:
    work = work_list(session, actor, WORK, act.list)
    pick_tube(session, actor, work, tube.code, at=at, happened_at=then)


def _not_there(
    session: Session, actor: Actor, act: Act, tube: Vial, at: datetime, then: datetime
) -> None:
    work = work_list(session, actor, WORK, act.list)
    not_there(session, actor, work, tube.code, at=at, happened_at=then)


def _put(
    session: Session, actor: Actor, act: Act, tube: Vial, at: datetime, then: datetime
) -> None:
    work = work_list(session, actor, WORK, act.list)
    box = place_of(session, actor, act)
    put_tube(
        session, actor, work, tube.code, box, act.position, elsewhere=act.elsewhere,
        at=at, happened_at=then,
    )  # fmt: skip


def _move(
    session: Session, actor: Actor, act: Act, tube: Vial, at: datetime, then: datetime
) -> None:
    box = place_of(session, actor, act)
    ordinal = storage.position_in(session, box, act.position, tube)
    storage.bring_vial(session, actor, tube, box, ordinal, at=at, happened_at=then)
    tube.verified_at = then


def _take_out(
    session: Session, actor: Actor, act: Act, tube: Vial, at: datetime, then: datetime
) -> None:
    storage.take_out(session, actor, tube, use=act.use, at=at, happened_at=then)
    tube.verified_at = then


VERBS: dict[str, Verb] = {
    PICK: _pick,
    NOT_THERE: _not_there,
    PUT: _put,
    MOVE: _move,
    TAKE_OUT: _take_out,
}
