"""What containers allow, inherited down the tree, and whether something may go into one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from server.core.errors import Refusal
from server.storage.models import Allowance, Container, Custody, Vial
from server.storage.queries.carrying import BoxRow
from server.storage.queries.counts import tree
from server.storage.queries.paths import true_at
from server.storage.queries.violations import stock_of, violations
from server.storage.rules import limits as rules
from server.storage.rules import why_not_in_transit, why_not_nested
from server.storage.rules.limits import Limit
from server.storage.sizes import size_at

AnyRows = Select[*tuple[Any, ...]]
DEEPEST = 8
AT_ONCE = 400
AWAY = "away"
"""Stands for a subject where a container is on its way: nothing goes into it until it has arrived."""


@dataclass(frozen=True)
class Ancestor:
    """A container in which another stands, itself included (depth 0)."""

    id: int
    code: str
    depth: int
    ordinal: int | None
    """The position in it at which the next one inwards stands; None for the container itself."""


def ancestors(session: Session, container_id: int) -> list[Ancestor]:
    """Return the container and all in which it stands, from inside outwards."""
    rows = session.execute(_climbed(), {"ids": [container_id]})
    return [Ancestor(row.id, row.code, row.depth, row.ordinal) for row in rows]


def limits_of(session: Session, container_ids: Iterable[int]) -> dict[int, list[Limit]]:
    """Return the limits that hold in each container, its own first, then those of what it stands in."""
    found = _limits(session, container_ids)
    return {one: [each for each in limits if each.subject != AWAY] for one, limits in found.items()}


def _limits(session: Session, container_ids: Iterable[int]) -> dict[int, list[Limit]]:
    """Return the same, and a limit AWAY for whatever of it travels in a shipment."""
    ids = sorted(set(container_ids))
    found: dict[int, dict[tuple[int, str, str], set[str]]] = {one: {} for one in ids}
    for start in range(0, len(ids), AT_ONCE):
        for row in session.execute(_limited(), {"ids": ids[start : start + AT_ONCE]}):
            key = (row.depth, row.code, row.subject)
            found[row.origin].setdefault(key, set()).add(row.value)
    return {
        one: [
            Limit(code, subject, frozenset(values), direct=depth == 0)
            for (depth, code, subject), values in sorted(rows.items())
        ]
        for one, rows in found.items()
    }


def own_limits(session: Session, container: Container) -> dict[str, list[str]]:
    """Return what the container itself allows, by subject."""
    wanted = select(Allowance).where(Allowance.container_id == container.id)
    found: dict[str, list[str]] = defaultdict(list)
    for row in session.scalars(wanted.order_by(Allowance.subject, Allowance.value)):
        found[row.subject].append(row.value)
    return dict(found)


@cache
def _up() -> Any:  # noqa: ANN401  a recursive table
    own = aliased(Container)
    start: AnyRows = select(
        own.id.label("origin"),
        own.id.label("id"),
        literal(0).label("depth"),
        literal(None, Custody.ordinal.type).label("ordinal"),
    ).where(own.id.in_(bindparam("ids", expanding=True)))
    up = start.cte("up", recursive=True)
    outer = aliased(Custody)
    return up.union_all(
        select(up.c.origin, outer.container_id, up.c.depth + 1, outer.ordinal)
        .join(outer, outer.child_id.in_([up.c.id]))
        .where(true_at(None, outer), outer.container_id.is_not(None), up.c.depth < DEEPEST)
    )


@cache
def _climbed() -> AnyRows:
    up = _up()
    wanted = select(up.c.id, up.c.depth, up.c.ordinal, Container.code)
    return wanted.join(Container, Container.id == up.c.id).order_by(up.c.depth)


@cache
def _limited() -> Any:  # noqa: ANN401  two selects as one
    up = _up()
    own = (
        select(up.c.origin, up.c.depth, Container.code, Allowance.subject, Allowance.value)
        .join(Allowance, Allowance.container_id == up.c.id)
        .join(Container, Container.id == up.c.id)
    )
    travels = aliased(Custody)
    away = (
        select(up.c.origin, up.c.depth, Container.code, literal(AWAY), literal(""))
        .join(travels, travels.child_id.in_([up.c.id]))
        .join(Container, Container.id == up.c.id)
        .where(true_at(None, travels), travels.place == "transit")
    )
    return union_all(own, away)


def why_not_allowed(
    session: Session, into: Container, thing: Vial | Container, ordinal: int | None = None
) -> Refusal | None:
    """Say why this vial or container, with all that is in it, may not go into that one, or None."""
    if isinstance(thing, Vial):
        found = why_none_allowed(session, [(thing.id, into, ordinal)])
        return found[0] if found else None
    return (
        _why_not_nested(session, into, thing)
        or _why_not_size(into, ordinal, thing.code, thing.size_class)
        or _why_not_limits(session, into, thing)
    )


Placing = tuple[int, Container | BoxRow, int | None]
"""The id of a vial, the box into which it goes, and the position in it."""


def why_none_allowed(session: Session, placings: Sequence[Placing]) -> list[Refusal]:
    """Return every reason why these vials may not go there: three queries for any number of them."""
    limits = _limits(session, (box.id for _, box, _ in placings))
    if away := _why_away(limits.values()):
        return [away]
    sized = any(box.size_classes not in ("", "{}") for _, box, _ in placings)
    if not sized and not any(limits.values()):
        return []
    known = stock_of(session, [vial for vial, _, _ in placings], _asked(limits))
    found = []
    for vial_id, box, ordinal in placings:
        stock = known[vial_id]
        refusal = _why_not_size(box, ordinal, stock.code, stock.size_class) or rules.why_not_stock(
            limits[box.id], stock
        )
        if refusal:
            found.append(refusal)
    return found


def _why_away(found: Iterable[Collection[Limit]]) -> Refusal | None:
    """Say that one of these places travels in a shipment, so that nothing goes into it, or None."""
    away = next((one for limits in found for one in limits if one.subject == AWAY), None)
    return why_not_in_transit(away.box) if away else None


def _asked(limits: Mapping[int, Collection[Limit]]) -> bool:
    return any(limit.subject == "quarantine" for some in limits.values() for limit in some)


def _why_not_limits(session: Session, into: Container, thing: Container) -> Refusal | None:
    limits = _limits(session, [into.id])[into.id]
    if away := _why_away([limits]):
        return away
    found = violations(session, thing, limits, most=1) if limits else None
    return found.refusals[0] if found and found.refusals else None


def _why_not_size(
    into: Container | BoxRow, ordinal: int | None, code: str, size: str
) -> Refusal | None:
    if ordinal is None or ordinal not in into.shape.ordinals:
        return None
    expected = size_at(into.size_classes, ordinal)
    return rules.why_not_size(into.shape.label(ordinal), into.code, expected, code, size)


def _why_not_nested(session: Session, into: Container, thing: Container) -> Refusal | None:
    above = ancestors(session, into.id)
    below = tree([thing.id])
    levels = session.scalar(select(func.max(below.c.depth))) or 0
    return why_not_nested(thing.code, into.code, [one.code for one in above[1:]], int(levels) + 1)
