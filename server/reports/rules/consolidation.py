"""Which boxes can be emptied into others. Pure.

A box is only emptied as a whole, for a half-emptied box frees no space; the emptiest go first, into
the fullest that have room, so that as few tubes as can be are moved for each box that becomes free.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tube:
    """One vial and where it lies."""

    vial_id: int
    ordinal: int


@dataclass
class Box:
    """A box with its tubes and its free positions, in the order in which they are filled."""

    box_id: int
    tubes: list[Tube]
    free: list[int] = field(default_factory=list)


Carry = tuple[int, int, int]
"""A vial, the box it goes to, the position there."""


@dataclass(frozen=True)
class Step:
    """One box that becomes empty, and where each of its tubes goes."""

    box_id: int
    carries: tuple[Carry, ...]


def plan(boxes: Sequence[Box], may: Callable[[int, int], bool]) -> list[Step]:
    """Return the steps, in the order in which they are done; `may(vial, box)` says what may go where.

    A box that has taken tubes in is not emptied later, so no tube is carried twice.
    """
    left = {
        box.box_id: Box(box.box_id, list(box.tubes), list(box.free)) for box in boxes if box.tubes
    }
    filled: set[int] = set()
    steps: list[Step] = []
    for source in sorted(boxes, key=lambda box: (len(box.tubes), box.box_id)):
        if source.box_id not in left or source.box_id in filled:
            continue
        targets = [box for number, box in left.items() if number != source.box_id]
        carries = _emptied(source, targets, may)
        if carries is not None:
            del left[source.box_id]
            filled |= _fill(left, carries)
            steps.append(Step(source.box_id, tuple(carries)))
    return steps


def _emptied(
    source: Box, targets: Sequence[Box], may: Callable[[int, int], bool]
) -> list[Carry] | None:
    """Return where each tube of the box goes, or None where not all of them find a place."""
    free = {box.box_id: list(box.free) for box in targets}
    order = sorted(targets, key=lambda box: (-len(box.tubes), box.box_id))
    carries: list[Carry] = []
    for tube in source.tubes:
        target = next(
            (box for box in order if free[box.box_id] and may(tube.vial_id, box.box_id)), None
        )
        if target is None:
            return None
        carries.append((tube.vial_id, target.box_id, free[target.box_id].pop(0)))
    return carries


def _fill(left: dict[int, Box], carries: Sequence[Carry]) -> set[int]:
    """Put the tubes into their new boxes; return those boxes."""
    for vial, box_id, ordinal in carries:
        box = left[box_id]
        box.free.remove(ordinal)
        box.tubes.append(Tube(vial, ordinal))
    return {box_id for _, box_id, _ in carries}
