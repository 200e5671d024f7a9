"""Where tubes that have no place should go. Pure.

Together: the tubes of a lot stay side by side, in a box that holds the lot already if one has room,
else in the emptiest box, so that as few boxes as can be are handled.
Split: the tubes of a lot are dealt out over at least two freezers that fail apart (another nitrogen
supply or circuit, another room, at least another freezer), so that one failure does not take them all.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

TOGETHER, SPLIT = "together", "split"


@dataclass(frozen=True)
class Room:
    """A box with free positions, in the order in which they are filled."""

    box_id: int
    freezer: str
    fails_with: str
    """What it shares a fate with: supply, circuit and room in one word."""
    free: tuple[int, ...]
    lots: frozenset[int] = frozenset()
    """The lots that it holds already."""


@dataclass
class _Left:
    """A box while it is being filled."""

    room: Room
    free: list[int] = field(default_factory=list)
    lots: set[int] = field(default_factory=set)


Target = tuple[int, int]
"""A box and a position."""


def suggest(
    tubes: Sequence[tuple[int, int]], rooms: Sequence[Room], policy: str
) -> Mapping[int, Target]:
    """Return a place for each tube (id, lot) that finds one; a tube without one is left out."""
    boxes = [_Left(room, list(room.free), set(room.lots)) for room in rooms if room.free]
    by_lot: dict[int, list[int]] = defaultdict(list)
    for tube, lot in tubes:
        by_lot[lot].append(tube)
    found: dict[int, Target] = {}
    for lot, members in by_lot.items():
        deal = _split(members, lot, boxes) if policy == SPLIT else _together(members, lot, boxes)
        found |= dict(deal)
    return found


def _together(
    tubes: Sequence[int], lot: int, boxes: Sequence[_Left]
) -> Iterator[tuple[int, Target]]:
    left = list(tubes)
    while left:
        box = _best(boxes, lot, len(left))
        if box is None:
            return
        while left and box.free:
            yield left.pop(0), (box.room.box_id, box.free.pop(0))
        box.lots.add(lot)


def _best(boxes: Sequence[_Left], lot: int, wanted: int) -> _Left | None:
    """Prefer a box that holds the lot, then one that takes all of it, then the one with most room."""
    free = [box for box in boxes if box.free]
    return min(
        free,
        key=lambda box: (
            lot not in box.lots,
            len(box.free) < wanted,
            len(box.free) if len(box.free) >= wanted else -len(box.free),
            box.room.box_id,
        ),
        default=None,
    )


def _split(tubes: Sequence[int], lot: int, boxes: Sequence[_Left]) -> Iterator[tuple[int, Target]]:
    domains: dict[str, list[_Left]] = defaultdict(list)
    for box in boxes:
        domains[box.room.fails_with].append(box)
    if len(domains) < 2:
        domains = defaultdict(list)
        for box in boxes:
            domains[box.room.freezer].append(box)
    fates = list(domains.values())
    for number, tube in enumerate(tubes):
        turn = [fates[(number + step) % len(fates)] for step in range(len(fates))]
        best = next((found for fate in turn if (found := _best(fate, lot, 1))), None)
        if best is None:
            return
        yield tube, (best.room.box_id, best.free.pop(0))
        best.lots.add(lot)
