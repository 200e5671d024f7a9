"""Reads of the derivation graph and of holds."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.many import among
from server.core.plain import Plain
from server.core.words import N_
from server.genealogy.models import Edge, Hold
from server.genealogy.rules import DEEPEST, Ref

READ = "storage.read"
Key = tuple[str, int]
MOST = 2_000


@dataclass(frozen=True)
class Kin:
    """An ancestor or descendant, and how many generations away it is at the nearest."""

    ref: Ref
    generation: int


def parents(session: Session, *things: Ref) -> list[Edge]:
    """Return the standing edges that lead to these things, oldest first."""
    return _edges(session, "child", [thing.key for thing in things])


def children(session: Session, *things: Ref) -> list[Edge]:
    """Return the standing edges that lead from these things, oldest first."""
    return _edges(session, "parent", [thing.key for thing in things])


def _edges(session: Session, end: Literal["child", "parent"], keys: Sequence[Key]) -> list[Edge]:
    kind, number = (
        (Edge.child_kind, Edge.child_id) if end == "child" else (Edge.parent_kind, Edge.parent_id)
    )
    wanted = select(Edge).where(Edge.superseded_at.is_(None), either(kind, number, keys))
    return list(session.scalars(wanted.order_by(Edge.happened_at, Edge.id)))


def either(
    kind: ColumnElement[Any] | Any,  # noqa: ANN401  a mapped column
    number: ColumnElement[Any] | Any,  # noqa: ANN401  a mapped column
    keys: Collection[Key],
) -> ColumnElement[bool]:
    """Return the condition that (kind, number) is one of these, by index on both databases."""
    by_kind: dict[str, list[int]] = defaultdict(list)
    for word, one in keys:
        by_kind[word].append(one)
    return or_(
        literal(False), *(and_(kind == word, number.in_(ids)) for word, ids in by_kind.items())
    )


def ancestors(session: Session, thing: Ref) -> list[Kin]:
    """Return what this came out of, nearest first: by standing edges, at most 40 generations up."""
    return _walk(session, thing, up=True)


def descendants(session: Session, thing: Ref) -> list[Kin]:
    """Return what came out of this, nearest first: by standing edges, at most 40 generations down."""
    return _walk(session, thing, up=False)


def _walk(session: Session, thing: Ref, *, up: bool) -> list[Kin]:
    from_kind, from_id = (
        (Edge.child_kind, Edge.child_id) if up else (Edge.parent_kind, Edge.parent_id)
    )
    to_kind, to_id = (Edge.parent_kind, Edge.parent_id) if up else (Edge.child_kind, Edge.child_id)
    to_code = Edge.parent_code if up else Edge.child_code
    standing = Edge.superseded_at.is_(None)
    first: Any = select(
        to_kind.label("kind"), to_id.label("id"), to_code.label("code"), literal(1).label("far")
    ).where(from_kind == thing.kind, from_id == thing.id, standing)
    walk = first.cte("walk", recursive=True)
    walk = walk.union(
        select(to_kind, to_id, to_code, walk.c.far + 1)
        .join(walk, and_(from_kind == walk.c.kind, from_id == walk.c.id))
        .where(standing, walk.c.far < DEEPEST)
    )
    far = func.min(walk.c.far)
    wanted: Any = (
        select(walk.c.kind, walk.c.id, func.max(walk.c.code), far)
        .group_by(walk.c.kind, walk.c.id)
        .order_by(far, walk.c.kind, walk.c.id)
        .limit(MOST)
    )
    return [
        Kin(Ref(kind, number, code), int(generation))
        for kind, number, code, generation in session.execute(wanted)
    ]


def open_holds(session: Session, keys: Collection[Key]) -> dict[Key, list[Hold]]:
    """Return the holds that stand open on each of these things, oldest first; free things are left out."""
    wanted = set(keys)
    kinds, numbers = {kind for kind, _ in wanted}, {number for _, number in wanted}
    near = _OPEN.ask(session, kinds=sorted(kinds), ids=sorted(numbers)).rows() if wanted else ()
    ids = [row[0] for row in near if (row[1], row[2]) in wanted]
    found: dict[Key, list[Hold]] = defaultdict(list)
    if ids:
        holds = select(Hold).where(Hold.id.in_(ids)).order_by(Hold.opened_at, Hold.id)
        for hold in session.scalars(holds):
            found[hold.kind, hold.target_id].append(hold)
    return dict(found)


_OPEN = Plain(
    select(Hold.id, Hold.kind, Hold.target_id).where(
        Hold.lifted_at.is_(None), among(Hold.kind, "kinds"), among(Hold.target_id, "ids")
    )
)


def holds_of(session: Session, keys: Collection[Key], limit: int = 50) -> list[Hold]:
    """Return all holds of these things, lifted ones too: open ones first, then the newest."""
    wanted = (
        select(Hold)
        .where(either(Hold.kind, Hold.target_id, keys))
        .order_by(Hold.lifted_at.is_not(None), Hold.id.desc())
        .limit(limit)
    )
    return list(session.scalars(wanted))


def holds_seen_by(actor: Actor, *, lifted: bool = False) -> Select[Hold]:
    """Return the select of the holds that the actor may see, the newest first."""
    wanted = select(Hold).where(Hold.lifted_at.is_not(None) if lifted else Hold.lifted_at.is_(None))
    newest = Hold.lifted_at.desc() if lifted else Hold.opened_at.desc()
    return visible(wanted, actor, READ, Hold.org_id).order_by(newest, Hold.id.desc())


def hold(session: Session, actor: Actor, hold_id: int) -> Hold:
    """Return the hold with this number; NotFound where there is none to see."""
    wanted = visible(select(Hold).where(Hold.id == hold_id), actor, READ, Hold.org_id)
    found: Hold | None = session.scalars(wanted).first()
    if found is None:
        because = N_("There is no hold with the number %(number)s.")
        raise NotFound(Refusal("no_such_hold", because, {"number": hold_id}))
    return found


def is_free(session: Session, *things: Ref) -> bool:
    """Say that no hold stands open on any of these."""
    return not open_holds(session, [thing.key for thing in things])
