"""Who moves containers, or says what may stand in them, holds all that the answer hangs on."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.storage import queries
from server.storage.models import Container
from server.storage.queries.carrying import held_boxes
from server.storage.queries.counts import tree

Going = Sequence[tuple[Container, Container]]
"""Containers, each with the one into which it goes."""


def hold_for_move(session: Session, going: Going) -> None:
    """Hold what is moved and where it goes, for racks also all in which that stands.

    All of it at once and in the order of the ids, so that two who want the same wait and never block
    each other. What then stands in what is asked afterwards: nobody closes a rack while something
    goes into it, nor puts two racks into one another.
    """
    if not going:
        return
    session.flush()  # holding reads anew, and would drop what has not been written yet
    own = {one.id for pair in going for one in pair}
    above = _above(session, going)
    held_boxes(session, own | above)
    if above and not _above(session, going) <= own | above:
        raise Conflict(moved_meanwhile(going[0][1].code))


def _above(session: Session, going: Going) -> set[int]:
    """Return the ids of all in which a rack would come to stand; boxes hold no containers."""
    into = {outer.id for inner, outer in going if inner.kind != "box"}
    return {one.id for outer in into for one in queries.ancestors(session, outer)}


def moved_meanwhile(code: str) -> Refusal:
    """Return the sentence for one who was slower than another."""
    because = N_("%(code)s was moved by someone else a moment ago. Look again where it is.")
    return Refusal("moved_meanwhile", because, {"code": code})


def hold_tree(session: Session, container: Container) -> None:
    """Hold a container and all that stands in it, so that nothing goes into any of it meanwhile."""
    session.flush()
    held: set[int] = set()
    while not (below := _below(session, container)) <= held:
        held_boxes(session, below)
        held |= below


def _below(session: Session, container: Container) -> set[int]:
    down = tree([container.id])
    return set(session.scalars(select(down.c.id)))
