"""Many vials moved as one: what goes together, in which arrangement, and what can be taken back."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from server.core.errors import Refusal
from server.core.words import N_
from server.storage.positions import BoxShape

MOST_AT_ONCE = 1000
"""So many vials move in one transaction, which then takes less than a tenth of a second."""


@dataclass(frozen=True)
class Move:
    """A vial and the position where it goes."""

    vial_id: int
    container_id: int
    ordinal: int


def why_not_many(count: int) -> Refusal | None:
    """Say why so many things cannot move as one, or None when they can."""
    if count == 0:
        return Refusal("nothing_chosen", N_("Nothing is chosen; choose what moves."))
    if count > MOST_AT_ONCE:
        because = N_("%(found)s vials are too many to move as one; at most %(most)s are expected.")
        return Refusal("too_many", because, {"found": count, "most": MOST_AT_ONCE})
    return None


def twice(moves: Sequence[Move]) -> tuple[set[int], set[tuple[int, int]]]:
    """Return the vials, and the positions, that are named more than once."""
    vials = Counter(move.vial_id for move in moves)
    places = Counter((move.container_id, move.ordinal) for move in moves)
    return {one for one, n in vials.items() if n > 1}, {one for one, n in places.items() if n > 1}


def named_twice(vial: str) -> Refusal:
    """Return the sentence for a vial that is to go to two places."""
    return Refusal(
        "vial_twice", N_("%(vial)s is named twice; it goes to one place."), {"vial": vial}
    )


def shared_place(vial: str, position: str, box: str) -> Refusal:
    """Return the sentence for a position into which two vials are to go."""
    because = N_("%(vial)s is not the only one that is to go to %(position)s of %(box)s.")
    return Refusal("place_twice", because, {"vial": vial, "position": position, "box": box})


def there_already(vial: str, position: str, box: str) -> Refusal:
    """Return the sentence for a vial that would move to where it is."""
    because = N_("%(vial)s is at %(position)s of %(box)s already.")
    return Refusal("there_already", because, {"vial": vial, "position": position, "box": box})


def slot_kept(position: str, box: str, occupant: str) -> Refusal:
    """Return the sentence for a position that waits for a vial that is away."""
    because = N_(
        "%(position)s of %(box)s is kept for %(occupant)s, which is away;"
        " give the slot up on its page, or choose another position."
    )
    facts = {"position": position, "box": box, "occupant": occupant}
    return Refusal("slot_kept", because, facts)


def elsewhere(vial: str, box: str) -> Refusal:
    """Return the sentence for a vial that is to be put into another order, but is not in the box."""
    return Refusal("not_in_box", N_("%(vial)s is not in %(box)s."), {"vial": vial, "box": box})


def why_not_undo(
    code: str, *, still_there: bool, has_former: bool, position: str = "", box: str = ""
) -> Refusal | None:
    """Say why the last move of a thing cannot be taken back, or None when it can."""
    facts = {"vial": code, "position": position, "box": box}
    if not still_there:
        because = N_(
            "%(vial)s is no longer where this move brought it; it was moved or corrected since."
        )
        return Refusal("moved_since", because, facts)
    if not has_former:
        because = N_("%(vial)s was in no position before this move.")
        return Refusal("no_former_place", because, facts)
    return None


def why_not_again(*, undone: bool) -> Refusal | None:
    """Say that a move was taken back already, or None when it was not."""
    return Refusal("undone", N_("This move has been taken back already.")) if undone else None


def why_not_swap(one: str, other: str) -> Refusal | None:
    """Say that a thing cannot change places with itself, or None."""
    if one != other:
        return None
    return Refusal("same_thing", N_("%(code)s cannot change places with itself."), {"code": one})


def in_fill_order(target: BoxShape, free: Collection[int], count: int) -> list[int]:
    """Return the first free positions in the direction in which the box is filled."""
    open_ = set(free)
    return [one for one in target.usable if one in open_][:count]


def same_arrangement(
    source: BoxShape, target: BoxShape, ordinals: Sequence[int]
) -> list[int | None]:
    """Return the position in the other box that lies where each of these lies; None where it has none."""
    found = (target.at(*source.cell(one)) for one in ordinals)
    return [one if one is not None and one in target.ordinals else None for one in found]


def no_such_cell(vial: str, position: str, box: str) -> Refusal:
    """Return the sentence for a vial whose place the other box does not have."""
    because = N_("%(vial)s stands at %(position)s, and %(box)s has no such place.")
    return Refusal("no_such_cell", because, {"vial": vial, "position": position, "box": box})


def scanned_order(shape: BoxShape, vials: Sequence[int]) -> dict[int, int]:
    """Return where each vial goes when they are put in, in this order, from the first position on."""
    return dict(zip(vials, _usable(shape), strict=False))


def _usable(shape: BoxShape) -> Iterator[int]:
    return iter(shape.usable)


def changed(order: Mapping[int, int], now: Mapping[int, int]) -> dict[int, int]:
    """Return only those vials that another position is named for."""
    return {vial: place for vial, place in order.items() if now.get(vial) != place}
