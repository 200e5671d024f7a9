"""A tree of containers in one go: planned and checked as a whole, made in short slices, all or taken back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Invalid, Refusal
from server.core.words import N_, as_kept
from server.search import service as search
from server.storage import queries
from server.storage.models import Container, ContainerTree, ContainerType, Custody
from server.storage.queries.types import AnyType
from server.storage.rules import limits as limit_rules
from server.storage.rules.limits import Limit, Vessel
from server.storage.rules.trees import Level, Planned, plan, why_not_planned, why_not_tree
from server.storage.service.containers import columns_of
from server.storage.service.scanned_once import refuse_container
from server.storage.service.stays import hold, refuse
from server.storage.service.types import kept
from server.storage.sizes import size_at

SLICE = 100
MOST_NAMED = 20
AT_ONCE = 400


@dataclass(frozen=True)
class LevelWanted:
    """One level that was asked for: its type, how its codes are made, how many (0: as many as fit)."""

    type: AnyType
    pattern: str
    count: int = 0


def planned_tree(session: Session, root: Container, wanted: Sequence[LevelWanted]) -> list[Planned]:
    """Return all containers that would be made in the root; refuses, every reason told, what cannot be."""
    free = _free(session, root)
    levels = [_level(one) for one in wanted]
    above = len(queries.ancestors(session, root.id)) - 1
    if refusal := why_not_tree(root.code, root.kind, free, levels, above):
        raise Invalid(refusal)
    planned = plan(root.code, root.shape, free, levels)
    refusals = why_not_planned(planned, _taken(session, root.org_id, [one.code for one in planned]))
    refusals += _why_not_types(session, root, wanted, planned)
    if refusals:
        raise AllRefused(refusals[:MOST_NAMED]) if len(refusals) > 1 else Conflict(refusals[0])
    refuse_container(session, root.org_id, [one.code for one in planned])
    return planned


def begin_tree(
    session: Session,
    actor: Actor,
    root: Container,
    wanted: Sequence[LevelWanted],
    *,
    at: datetime,
) -> ContainerTree:
    """Keep the plan of a tree and make its first slice; `make_slice` makes the others."""
    hold(session, root)
    if root.retired_at is not None:
        because = N_("%(box)s has been retired; nothing goes into it any more.")
        raise Conflict(Refusal("retired", because, {"box": root.code}))
    planned = planned_tree(session, root, wanted)
    kept_plan = {
        "free": _free(session, root),
        "levels": [
            {"type": kept(session, one.type, at=at).id, "pattern": one.pattern, "count": one.count}
            for one in wanted
        ],
    }
    tree = ContainerTree(
        org_id=root.org_id,
        root_id=root.id,
        plan=json.dumps(kept_plan),
        total=len(planned),
        by_id=actor.id if actor.kind == "person" else None,
        by_name=actor.name,
        began_at=at,
    )
    session.add(tree)
    session.flush()
    _record(session, actor, "container_tree.begun", tree, root, at, total=tree.total)
    make_slice(session, actor, tree, at=at)
    return tree


def make_slice(session: Session, actor: Actor, tree: ContainerTree, *, at: datetime) -> int:
    """Make the next containers of a tree, at most a hundred; returns how many. Harmless when all are made."""
    _hold(session, tree)
    if tree.state not in ("making", "stopped"):
        return 0
    root, types, planned = _again(session, tree)
    some = planned[tree.done : tree.done + SLICE]
    try:
        with session.begin_nested():
            _insert(session, actor, root, types, some, at)
    except IntegrityError as error:
        because = N_(
            "One of the codes %(first)s to %(last)s, or a position, has been taken meanwhile."
            " Free it and go on, or take back what was made."
        )
        facts = {"first": some[0].code, "last": some[-1].code}
        raise Conflict(Refusal("taken_meanwhile", because, facts)) from error
    tree.done += len(some)
    tree.state, tree.trouble = "making", ""
    if tree.done >= tree.total:
        tree.state, tree.ended_at = "made", at
        _record(session, actor, "container_tree.made", tree, root, at, total=tree.total)
    session.flush()
    return len(some)


def stop(session: Session, tree: ContainerTree, refusal: Refusal) -> None:
    """Note why a tree did not go on; somebody decides whether it goes on or is taken back."""
    _hold(session, tree)
    tree.state = "stopped"
    told = {"code": refusal.code, "because": refusal.because, "facts": dict(refusal.facts)}
    tree.trouble = json.dumps(told, default=as_kept)


def take_back(session: Session, actor: Actor, tree: ContainerTree, *, at: datetime) -> int:
    """Retire the last containers of a tree that were made, at most a hundred; returns how many are left.

    Refused where anything but the tree's own containers is in one of them. Call again until 0 is left.
    """
    _hold(session, tree)
    if tree.state == "taken_back":
        return 0
    root, types, planned = _again(session, tree)
    some = planned[max(0, tree.done - SLICE) : tree.done]
    if tree.state != "taking_back":
        made = _ids(session, tree.org_id, [one.code for one in planned[: tree.done]])
        _refuse_used(session, list(made.values()))
    ids = _ids(session, tree.org_id, [one.code for one in some])
    _refuse_used(session, list(ids.values()))
    ended = {
        "ended_at": at,
        "ended_recorded_at": at,
        "ended_by": actor.id if actor.kind == "person" else None,
    }
    live = (Custody.ended_at.is_(None), Custody.superseded_at.is_(None))
    session.execute(update(Custody).where(Custody.child_id.in_(ids.values()), *live).values(ended))
    of_these = update(Container).where(Container.id.in_(ids.values()))
    session.execute(of_these.values(retired_at=at, version=Container.version + 1))
    for one in some:
        kind = types[one.level].kind
        audit.record(
            session,
            actor,
            f"{kind}.retired",
            kind,
            one.code,
            at=at,
            org_id=root.org_id,
            tree=tree.id,
        )
    tree.done -= len(some)
    tree.state = "taking_back" if tree.done else "taken_back"
    if not tree.done:
        tree.ended_at = at
        _record(session, actor, "container_tree.taken_back", tree, root, at, total=tree.total)
    return tree.done


def _hold(session: Session, tree: ContainerTree) -> None:
    session.flush()
    session.refresh(tree, with_for_update={"of": ContainerTree})


def _free(session: Session, root: Container) -> list[int]:
    taken = queries.occupants(session, root)
    return [one for one in root.shape.usable if one not in taken]


def _level(one: LevelWanted) -> Level:
    return Level(one.type.kind, one.type.code, one.type.shape, one.pattern, one.count)


def _taken(session: Session, org_id: int, codes: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(codes), AT_ONCE):
        wanted = select(Container.code, Container.kind).where(
            Container.org_id == org_id, Container.code.in_(codes[start : start + AT_ONCE])
        )
        found |= {row.code: row.kind for row in session.execute(wanted)}
    return found


def _why_not_types(
    session: Session, root: Container, wanted: Sequence[LevelWanted], planned: Sequence[Planned]
) -> list[Refusal]:
    """Return why the types may not stand there: limits of the root and sizes of positions."""
    limits = queries.limits_of(session, [root.id])[root.id]
    kinds = queries.kinds_of_types(session, limits)
    refusals = []
    for depth, one in enumerate(wanted):
        first = next(each for each in planned if each.level == depth)
        bound = limits if depth == 0 else [_further(limit) for limit in limits]
        vessel = Vessel(first.code, one.type.kind, one.type.code, one.type.size_class)
        refusals.append(limit_rules.why_not_vessel(bound, vessel, kinds))
    for each in planned:
        inner = wanted[each.level].type
        outer = wanted[each.level - 1].type if each.level else root
        expected = _size(outer, each.ordinal)
        label = outer.shape.label(each.ordinal)
        refusals.append(
            limit_rules.why_not_size(label, each.parent, expected, each.code, inner.size_class)
        )
    return [refusal for refusal in refusals if refusal]


def _size(outer: Container | AnyType, ordinal: int) -> str:
    if isinstance(outer, Container | ContainerType):
        return size_at(outer.size_classes, ordinal)
    return outer.size_classes.get(str(ordinal), outer.size_classes.get("", ""))


def _further(limit: Limit) -> Limit:
    return Limit(limit.box, limit.subject, limit.values, direct=False)


def _again(
    session: Session, tree: ContainerTree
) -> tuple[Container, list[ContainerType], list[Planned]]:
    """Return what was planned once: the same root, types and positions give the same plan."""
    kept_plan: dict[str, Any] = json.loads(tree.plan)
    root = session.get_one(Container, tree.root_id)
    types = [session.get_one(ContainerType, level["type"]) for level in kept_plan["levels"]]
    levels = [
        _level(LevelWanted(of, level["pattern"], level["count"]))
        for of, level in zip(types, kept_plan["levels"], strict=True)
    ]
    return root, types, plan(root.code, root.shape, kept_plan["free"], levels)


def _insert(
    session: Session,
    actor: Actor,
    root: Container,
    types: Sequence[ContainerType],
    some: Sequence[Planned],
    at: datetime,
) -> None:
    columns = [columns_of(session, of.shape, of, at) for of in types]
    rows = [
        {
            "org_id": root.org_id,
            "kind": types[one.level].kind,
            "code": one.code,
            "created_at": at,
            "version": 1,
            **columns[one.level],
        }
        for one in some
    ]
    session.execute(insert(Container), rows)
    ids = _ids(session, root.org_id, [one.code for one in some] + [one.parent for one in some])
    stays = [
        {
            "child_id": ids[one.code],
            "container_id": ids[one.parent],
            "ordinal": one.ordinal,
            "place": "position",
            "began_at": at,
            "began_recorded_at": at,
            "began_by": actor.id if actor.kind == "person" else None,
            "began_by_name": actor.name,
            "reason": "",
        }
        for one in some
    ]
    session.execute(insert(Custody), stays)
    for one in some:
        told: dict[str, Any] = {"parent": one.parent, "type": types[one.level].code}
        kind = types[one.level].kind
        audit.record(
            session, actor, f"{kind}.added", kind, one.code, at=at, org_id=root.org_id, **told
        )
    search.refresh(session, "container", {ids[one.code] for one in some})


def _ids(session: Session, org_id: int, codes: Sequence[str]) -> dict[str, int]:
    wanted = select(Container.code, Container.id).where(
        Container.org_id == org_id, Container.code.in_(set(codes))
    )
    return {row.code: row.id for row in session.execute(wanted)}


def _refuse_used(session: Session, ids: Sequence[int]) -> None:
    used = (
        select(Container.code)
        .join(Custody, Custody.container_id == Container.id)
        .where(Container.id.in_(ids), queries.true_at(None))
        .where(Custody.child_id.is_(None) | Custody.child_id.not_in(ids))
        .order_by(Container.code)
    )
    found = session.scalars(used.limit(1)).first()
    if found is not None:
        because = N_("%(box)s is in use already. Empty it first, or leave the tree as it is.")
        refuse(Refusal("in_use", because, {"box": found}))


def _record(
    session: Session,
    actor: Actor,
    action: str,
    tree: ContainerTree,
    root: Container,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> None:
    audit.record(
        session,
        actor,
        action,
        "container_tree",
        f"{root.code}/{tree.id}",
        at=at,
        org_id=tree.org_id,
        **facts,
    )
