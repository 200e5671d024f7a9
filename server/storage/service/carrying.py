"""Carry many vials at once, or none of them: every reason against it is told, each rule asks once for all.

All old stays end before a new one begins, so swaps and whole new orders never have two in one place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.util import identity_key

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Refusal
from server.core.many import among, insert_many
from server.core.plain import Plain, apart, together, whole_row
from server.core.words import N_
from server.genealogy import rules as genealogy
from server.storage import queries, rules
from server.storage.models import BulkMove, Custody, Vial
from server.storage.positions import BoxShape
from server.storage.queries import carrying as asked
from server.storage.queries.carrying import BoxRow, Standing, Taken
from server.storage.queries.limits import why_none_allowed
from server.storage.queries.paths import Path
from server.storage.rules import Act
from server.storage.rules.moves import (
    Move,
    named_twice,
    shared_place,
    slot_kept,
    there_already,
    twice,
    why_not_many,
)
from server.storage.rules.space import KeptSpace, keeper_of, why_not_kept
from server.storage.rules.stays import before_it_came, taken_then
from server.storage.service.holding import why_held
from server.storage.service.stays import Moment, refuse


@dataclass(frozen=True)
class Load:
    """Vials on their way: where each was, where each goes, and who is in those positions."""

    moves: Sequence[Move]
    vials: Mapping[int, Standing]
    boxes: Mapping[int, BoxRow]
    taken: Sequence[Taken]
    kept: Mapping[int, Sequence[KeptSpace]]
    shapes: Mapping[int, BoxShape]
    ways: Mapping[int, Path]
    """Shapes of, and ways to, every box that something leaves or enters."""


def carry(
    session: Session,
    actor: Actor,
    moves: Sequence[Move],
    kind: str,
    when: Moment,
    *,
    undoes: BulkMove | None = None,
    scanned: bool = False,
) -> BulkMove:
    """Carry all these vials as one move; refused with every reason, and then nothing is changed."""
    refuse(why_not_many(len(moves)))
    load = _load(session, moves, when)
    if refusals := list(_why_not(session, load, when)):
        raise AllRefused(refusals)
    ways = {box: way.text for box, way in load.ways.items()}
    try:
        with apart(session):
            move = _record(session, actor, load, kind, when, undoes)
            _end(session, actor, load, when)
            _begin(session, actor, load, move, when)
            _renew(session, load, when, scanned=scanned)
            _trace(session, actor, load, move, ways, when)
    except IntegrityError as error:
        raise _overtaken(session, moves, when) from error
    _forget(session, Custody, [one.custody_id for one in load.vials.values() if one.custody_id])
    _forget(session, Vial, load.vials)
    return _at_hand(session, move)


def _load(session: Session, moves: Sequence[Move], when: Moment) -> Load:
    places = {(one.container_id, one.ordinal) for one in moves}
    now = when.recorded_at
    known = asked.ask_move(session, (one.vial_id for one in moves), places, when.happened_at, now)
    vials = known.vials.found()
    boxes = asked.boxes_of_rows(known.boxes.found())
    for vial in vials.values():
        if vial.began_at is not None:
            when.not_before(vial.began_at)
    taken = asked.taken_among(known.taken, places)
    for one in taken:
        if one.ended_at is not None:
            when.not_before(one.ended_at)
    left = {one.container_id for one in vials.values() if one.container_id is not None}
    with together(session):
        sources = asked.ask_boxes(session, left - set(boxes))
        ways = queries.ask_paths(session, containers=sorted(left | set(boxes)))
    shapes = {one.id: one.shape for one in boxes.values()}
    shapes |= {one.id: one.shape for one in asked.boxes_of_rows(sources.found()).values()}
    return Load(moves, vials, boxes, taken, known.kept.found(), shapes, ways.paths(session))


def _why_not(session: Session, load: Load, when: Moment) -> Iterator[Refusal]:
    """Give every reason against it, vial by vial; then what asks for all of them together."""
    vials_twice, places_twice = twice(load.moves)
    moving = {one.vial_id for one in load.moves}
    here = {(one.container_id, one.ordinal): one for one in load.taken if one.ended_at is None}
    left = {(one.container_id, one.ordinal): one for one in load.taken if one.ended_at is not None}
    sound = []
    for move in load.moves:
        vial, box = load.vials.get(move.vial_id), load.boxes.get(move.container_id)
        if vial is None or box is None:
            because = N_("A vial or box that is named here does not exist; look again.")
            yield Refusal("no_such_thing", because, {"vial": vial.code if vial else None})
            continue
        at, shape = (move.container_id, move.ordinal), load.shapes[box.id]
        label = shape.label(move.ordinal) if move.ordinal in shape.ordinals else ""
        found = [
            rules.why_not_act(vial.code, vial.state, Act.MOVE),
            *_why_not_box(box, load.shapes[box.id], vial, move.ordinal),
        ]
        if not any(found):
            found = [
                named_twice(vial.code) if move.vial_id in vials_twice else None,
                _why_not_position(load, box, vial, move, label, here.get(at), moving),
                _why_not_time(box, vial, label, left.get(at), when),
                shared_place(vial.code, label, box.code) if at in places_twice else None,
            ]
        if not any(found):
            sound.append(move)
        for refusal in found:
            if refusal is not None:
                yield _about(refusal, vial.code, label)
    yield from _together(session, load, sound)


def _about(refusal: Refusal, vial: str, position: str) -> Refusal:
    """Let a program read which vial and which position a refusal is about."""
    return replace(refusal, facts={"vial": vial, "position": position, **refusal.facts})


def _why_not_box(
    box: BoxRow, shape: BoxShape, vial: Standing, ordinal: int
) -> Sequence[Refusal | None]:
    retired = box.retired_at is not None
    return (
        rules.why_not_hold(box.code, box.kind, "vial"),
        rules.why_not_into(box.code, retired=retired, box_org=box.org_id, org=vial.org_id),
        rules.why_not_at(shape, box.code, ordinal),
    )


def _why_not_position(
    load: Load,
    box: BoxRow,
    vial: Standing,
    move: Move,
    position: str,
    here: Taken | None,
    moving: set[int],
) -> Refusal | None:
    if here is not None and here.vial_id == vial.id:
        return there_already(vial.code, position, box.code)
    if here is not None and here.place != "position":
        return slot_kept(position, box.code, here.code)
    if here is not None and here.vial_id not in moving:
        return rules.position_taken(position, box.code, here.code)
    keeper = keeper_of(load.kept[box.id], move.ordinal, {vial.project_id})
    return why_not_kept(position, box.code, keeper)


def _why_not_time(
    box: BoxRow, vial: Standing, position: str, left: Taken | None, when: Moment
) -> Refusal | None:
    then = when.happened_at
    if vial.began_at is not None and then < vial.began_at:
        return before_it_came(vial.began_at, then)
    if left is None or left.vial_id == vial.id or left.ended_at is None or left.ended_at <= then:
        return None
    return taken_then(position, box.code, left.code, left.began_at, left.ended_at, then)


def _together(session: Session, load: Load, sound: Sequence[Move]) -> Iterator[Refusal]:
    placings = [(one.vial_id, load.boxes[one.container_id], one.ordinal) for one in sound]
    refusals = why_none_allowed(session, placings) if placings else []
    if any(genealogy.forbids(severity, Act.MOVE) for severity in genealogy.FORBIDS):
        refusals += why_held(session, [one.vial_id for one in sound], Act.MOVE)
    for refusal in refusals:
        yield _about(refusal, str(refusal.facts.get("code", "")), "")


_MOVED = Plain(whole_row(BulkMove).returning(BulkMove.id))
_ENDED = Plain(
    update(Custody)
    .where(among(Custody.id, "stays"))
    .values(
        ended_at=bindparam("ended"), ended_recorded_at=bindparam("told"), ended_by=bindparam("by")
    )
)


def _record(
    session: Session,
    actor: Actor,
    load: Load,
    kind: str,
    when: Moment,
    undoes: BulkMove | None,
) -> BulkMove:
    facts: dict[str, Any] = {
        "org_id": next(iter(load.vials.values())).org_id,
        "kind": kind,
        "things": len(load.moves),
        "happened_at": when.happened_at,
        "recorded_at": when.recorded_at,
        "by_name": actor.name,
        "undoes_id": undoes.id if undoes else None,
    }
    return BulkMove(id=_MOVED.ask(session, **facts).value(), **facts)


def _at_hand(session: Session, move: BulkMove) -> BulkMove:
    """Let the session know the row that is written already."""
    make_transient_to_detached(move)
    session.add(move)
    return move


def _end(session: Session, actor: Actor, load: Load, when: Moment) -> None:
    _ENDED.ask(
        session,
        stays=[one.custody_id for one in load.vials.values() if one.custody_id is not None],
        ended=when.happened_at,
        told=when.recorded_at,
        by=actor.id if actor.kind == "person" else None,
    )


def _begin(session: Session, actor: Actor, load: Load, move: BulkMove, when: Moment) -> None:
    same: dict[str, Any] = {
        "place": "position",
        "began_at": when.happened_at,
        "began_recorded_at": when.recorded_at,
        "began_by": actor.id if actor.kind == "person" else None,
        "began_by_name": actor.name,
        "bulk_move_id": move.id,
        "reason": "undo" if move.undoes_id is not None else "",
    }
    each = {
        "vial_id": [one.vial_id for one in load.moves],
        "container_id": [one.container_id for one in load.moves],
        "ordinal": [one.ordinal for one in load.moves],
    }
    insert_many(session, Custody, same, each)


_RENEWED = Plain(
    update(Vial)
    .where(among(Vial.id, "ids"))
    .values(version=Vial.version + 1, verified_at=bindparam("verified"))
)


def _renew(session: Session, load: Load, when: Moment, *, scanned: bool) -> None:
    """Give every vial a new version; moved by position alone, none is verified any more (BR-04)."""
    _RENEWED.ask(session, ids=list(load.vials), verified=when.happened_at if scanned else None)


def _forget(session: Session, kind: type[Custody] | type[Vial], ids: Iterable[int]) -> None:
    """Let the session read these rows again where it holds them: they were changed beside it."""
    for one in ids if session.identity_map else ():
        found = session.identity_map.get(identity_key(kind, one))
        if found is not None:
            session.expire(found)


def _trace(
    session: Session,
    actor: Actor,
    load: Load,
    move: BulkMove,
    ways: Mapping[int, str],
    when: Moment,
) -> None:
    stated = when.happened_at if when.stated else None
    subjects = {}
    for one in load.moves:
        vial, box = load.vials[one.vial_id], load.boxes[one.container_id]
        now = f"{ways[box.id]} › {load.shapes[box.id].label(one.ordinal)}"
        subjects[vial.code] = {
            "before": _was(vial, load, ways),
            "now": now,
            "move": move.id,
        }
    org = move.org_id
    audit.record_many(
        session,
        actor,
        "vial.moved",
        "vial",
        subjects,
        at=when.recorded_at,
        org_id=org,
        stated_at=stated,
    )
    trace_move(session, actor, move, when)


def _was(vial: Standing, load: Load, ways: Mapping[int, str]) -> str:
    if vial.container_id is None or vial.ordinal is None:
        return vial.place
    label = load.shapes[vial.container_id].label(vial.ordinal)
    return f"{ways[vial.container_id]} › {label}"


def trace_move(session: Session, actor: Actor, move: BulkMove, when: Moment) -> None:
    """Write the audit entry of the move as one."""
    audit.record_now(
        session,
        actor,
        f"move.{move.kind}",
        "move",
        str(move.id),
        at=when.recorded_at,
        org_id=move.org_id,
        stated_at=when.happened_at if when.stated else None,
        things=move.things,
        **({"undoes": move.undoes_id} if move.undoes_id is not None else {}),
    )


def _overtaken(session: Session, moves: Sequence[Move], when: Moment) -> Conflict:
    """Return the refusal for one who was slower: who is there now, or that the vials were moved."""
    refusals = list(_why_not(session, _load(session, moves, when), when))
    because = N_(
        "Some of these were moved by someone else a moment ago. Look again where they are."
    )
    return AllRefused(refusals or [Refusal("moved_meanwhile", because)])
