"""Each kind of act that a device sends, done by the verb that pages use."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.handling.queries.picks import work_list
from server.handling.rules.acts import MOVE, NOT_THERE, PICK, PUT, TAKE_OUT, Act
from server.handling.service.picks import not_there, pick_tube
from server.handling.service.putting import put_tube
from server.storage import service as storage
from server.storage.models import Vial
from server.storage.queries import container

WORK = "storage.move"
Verb = Callable[[Session, Actor, Act, Vial, datetime, datetime], object]


def do(
    session: Session, actor: Actor, act: Act, tube: Vial, *, at: datetime, happened_at: datetime
) -> None:
    """Do the act as it would be done on a page, at the time at which it happened; refused as there."""
    VERBS[act.kind](session, actor, act, tube, at, happened_at)


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
    box = container(session, actor, WORK, act.box, "box")
    put_tube(
        session, actor, work, tube.code, box, act.position, elsewhere=act.elsewhere,
        at=at, happened_at=then,
    )  # fmt: skip


def _move(
    session: Session, actor: Actor, act: Act, tube: Vial, at: datetime, then: datetime
) -> None:
    box = container(session, actor, WORK, act.box, "box")
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
