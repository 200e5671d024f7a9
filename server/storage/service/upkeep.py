"""A container through the years: its words, its shape, its room; and its end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Invalid, Refusal
from server.core.words import N_, N_n
from server.storage import queries, rules
from server.storage.models import Container, FreezerPlace, NitrogenSupply, PowerCircuit, Room
from server.storage.positions import BoxShape
from server.storage.queries.past import ever_used
from server.storage.rules.reshape import numbers_change, why_not_heights, why_not_reshape
from server.storage.rules.stays import before_it_came
from server.storage.service.cells import keep_cells, refuse_kept
from server.storage.service.containers import begin_place, record, stand_in, standing
from server.storage.service.scanned_once import refuse_container
from server.storage.service.stays import Moment, end_stay, hold
from server.storage.service.types import shape_columns
from server.storage.sizes import as_json, heights_of, sizes_of

MOST_NAMED = 20


def describe(
    session: Session,
    actor: Actor,
    container: Container,
    *,
    name: str,
    barcode: str | None,
    model: str,
    at: datetime,
) -> None:
    """Change what is said of a container; its code stays. A barcode that leads to another thing is refused."""
    hold(session, container)
    if barcode and barcode != container.barcode:
        refuse_container(session, container.org_id, [barcode], field="barcode", own=container.id)
    _change(session, actor, container, at, name=name, barcode=barcode or None, model=model)


def reshape(
    session: Session, actor: Actor, container: Container, shape: BoxShape, *, at: datetime
) -> None:
    """Give a container another shape or other words for its positions; nothing in it moves.

    Refused, with every occupant named that stands in the way, where a position in use would be cut
    off, blocked or get another number. What was in it before is told by the same cells as ever.
    """
    hold(session, container)
    _refuse_retired(container)
    if refusal := rules.why_not_shape(shape):
        raise Invalid(refusal, field="rows")
    taken = queries.occupants(session, container)
    before, used = container.shape, ever_used(session, container)
    refuse_all(why_not_reshape(container.code, before, shape, taken, used))
    if numbers_change(before, shape):
        refuse_kept(session, container)
        keep_cells(session, container, before, shape)
    columns = shape_columns(shape) | {"unusable": shape.size - shape.capacity}
    columns |= {"heights_mm": _heights(container, shape), "size_classes": _sizes(container, shape)}
    _change(session, actor, container, at, **columns)


def block(
    session: Session,
    actor: Actor,
    container: Container,
    ordinals: Collection[int],
    *,
    at: datetime,
) -> None:
    """Let exactly these positions be blocked; refused, all named, where something is in one of them."""
    hold(session, container)
    shape = replace(container.shape, blocked=frozenset(ordinals))
    reshape(session, actor, container, shape, at=at)


def measure(
    session: Session,
    actor: Actor,
    container: Container,
    *,
    heights_mm: Sequence[float],
    size_class: str,
    size_classes: Mapping[str, str],
    at: datetime,
) -> None:
    """Say how high each row lies above the container's own floor, and which sizes its positions take."""
    hold(session, container)
    shape = container.shape
    if refusal := why_not_heights(shape.rows * shape.layers, list(heights_mm)):
        raise Invalid(refusal, field="heights")
    unknown = [one for one in size_classes if one and int(one) not in shape.ordinals]
    if unknown:
        raise Invalid(
            rules.why_not_at(shape, container.code, int(unknown[0])) or NO_POSITION, field="sizes"
        )
    _change(
        session,
        actor,
        container,
        at,
        heights_mm=as_json(list(heights_mm)),
        size_class=size_class,
        size_classes=as_json({key: word for key, word in size_classes.items() if word}),
    )


NO_POSITION = Refusal("no_position", N_("A position is missing."))


def move_freezer(
    session: Session,
    actor: Actor,
    freezer: Container,
    room: Room,
    *,
    power_circuit: PowerCircuit | None = None,
    nitrogen_supply: NitrogenSupply | None = None,
    at: datetime,
    happened_at: datetime | None = None,
) -> None:
    """Let a freezer stand in another room, or on another circuit or supply; where it stood before is kept."""
    when = Moment.of(at, happened_at)
    hold(session, freezer)
    _refuse_retired(freezer)
    names = ("room_id", "power_circuit_id", "nitrogen_supply_id")
    before = [getattr(freezer, name) for name in names]
    here = _standing_place(session, actor, freezer, when)
    stand_in(session, freezer, room, power_circuit, nitrogen_supply)
    if before == [getattr(freezer, name) for name in names]:
        return
    if here.began_at is not None:
        when.not_before(here.began_at)
        if when.happened_at < here.began_at:
            raise Conflict(before_it_came(here.began_at, when.happened_at))
    here.ended_at, here.ended_recorded_at = when.happened_at, when.recorded_at
    session.flush()  # the old place ends before the new one begins
    begin_place(session, actor, freezer, when.happened_at, when)
    parts = {"circuit": power_circuit, "supply": nitrogen_supply}
    told: dict[str, Any] = {word: part.code if part else "" for word, part in parts.items()}
    record(session, actor, "moved", freezer, at, stated_at=happened_at, room=room.code, **told)


def _standing_place(
    session: Session, actor: Actor, freezer: Container, when: Moment
) -> FreezerPlace:
    """Return the row of where a freezer stands; one that has none yet gets the first one."""
    wanted = select(FreezerPlace).where(
        FreezerPlace.freezer_id == freezer.id, FreezerPlace.ended_at.is_(None)
    )
    if session.scalars(wanted).first() is None:
        begin_place(session, actor, freezer, None, when)
    return session.scalars(wanted).one()


def retire_container(
    session: Session, actor: Actor, container: Container, *, reason: str = "", at: datetime
) -> None:
    """Close a container for good and take it out of where it stood; refused while anything is in it."""
    hold(session, container)
    _refuse_retired(container)
    inside = queries.occupants(session, container)
    if inside:
        because = N_n(
            "%(box)s still holds %(occupant)s. Move it first.",
            "%(box)s still holds %(count)s things, among them %(occupant)s. Move them first.",
            "count",
        )
        facts = {
            "box": container.code,
            "count": len(inside),
            "occupant": next(iter(inside.values())),
        }
        raise Conflict(Refusal("not_empty", because, facts))
    stood = queries.path_of(session, container).text
    end_stay(session, actor, standing(session, container), Moment.of(at))
    container.retired_at = at
    told: dict[str, Any] = {"reason": reason} if reason else {}
    record(session, actor, "retired", container, at, stood=stood, **told)


def refuse_all(refusals: Sequence[Refusal]) -> None:
    """Raise what there is to refuse: the one reason, or all of them (the first twenty named)."""
    if len(refusals) == 1:
        raise Conflict(refusals[0])
    if refusals:
        raise AllRefused(list(refusals[:MOST_NAMED]))


def _refuse_retired(container: Container) -> None:
    if container.retired_at is not None:
        because = N_("%(box)s has been retired; it stays as it was.")
        raise Conflict(Refusal("retired", because, {"box": container.code}))


def _heights(container: Container, shape: BoxShape) -> str:
    """Return the heights of the rows that are left; none where new rows have no height yet."""
    rows = shape.rows * shape.layers
    heights = list(heights_of(container.heights_mm))[:rows]
    return as_json(heights if len(heights) == rows else [])


def _sizes(container: Container, shape: BoxShape) -> str:
    """Return the size classes of the positions that are left; only the general one where all are others."""
    sizes = sizes_of(container.size_classes)
    before = container.shape
    same = (before.columns, before.layers) == (shape.columns, shape.layers)
    left = {
        key: word for key, word in sizes.items() if not key or (same and int(key) in shape.ordinals)
    }
    return as_json(left)


def _change(
    session: Session,
    actor: Actor,
    container: Container,
    at: datetime,
    **wanted: Any,  # noqa: ANN401  columns of the container
) -> None:
    changed = {
        name: [getattr(container, name), value]
        for name, value in wanted.items()
        if getattr(container, name) != value
    }
    if not changed:
        return
    for name, value in wanted.items():
        setattr(container, name, value)
    session.flush()
    record(session, actor, "changed", container, at, changed=changed)
