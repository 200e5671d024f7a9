"""What may stand in which container and at which position."""

from collections.abc import Collection

from server.core.errors import Refusal
from server.core.words import N_
from server.storage.positions import SCHEMES, BoxShape

MOST_ROWS, MOST_POSITIONS = 100, 2000
HOLDS = {"freezer": ("rack", "box"), "rack": ("box",), "box": ("vial",)}


def why_not_into(box: str, *, retired: bool, box_org: int, org: int) -> Refusal | None:
    """Say why nothing of this organisation may go into a container, or None when it may."""
    if retired:
        return Refusal(
            "retired", N_("%(box)s has been retired; nothing goes into it any more."), {"box": box}
        )
    if box_org != org:
        because = N_("%(box)s belongs to another organisation than what is put into it.")
        return Refusal("other_organisation", because, {"box": box})
    return None


def why_not_hold(outer: str, outer_kind: str, inner_kind: str) -> Refusal | None:
    """Say why such a thing has no place in such a container, or None when it has."""
    if inner_kind in HOLDS[outer_kind]:
        return None
    because = {
        "vial": N_("%(box)s holds no vials; scan a box."),
        "rack": N_("%(box)s holds no racks; scan a freezer."),
        "box": N_("%(box)s holds no boxes; scan a rack or a freezer."),
    }.get(inner_kind, N_("%(box)s cannot hold this."))
    return Refusal("wrong_kind", because, {"box": outer})


def why_not_at(shape: BoxShape, box: str, ordinal: int | None, written: str = "") -> Refusal | None:
    """Say that a container has no such position, or None when it has."""
    if ordinal is not None and ordinal in shape.ordinals:
        return None
    because = N_(
        "“%(found)s” is not a position of %(box)s, which has %(rows)s rows and %(columns)s columns:"
        " %(first)s to %(last)s are expected."
    )
    facts = {
        "found": written or str(ordinal),
        "box": box,
        "rows": shape.rows * shape.layers,
        "columns": shape.columns,
        "first": shape.label(1),
        "last": shape.label(shape.capacity),
    }
    return Refusal("no_such_position", because, facts)


def position_taken(position: str, box: str, occupant: str) -> Refusal:
    """Return the sentence that names who is in a position already."""
    because = N_("%(position)s of %(box)s already holds %(occupant)s.")
    return Refusal(
        "position_taken", because, {"position": position, "box": box, "occupant": occupant}
    )


def why_not_place(shape: BoxShape, box: str, taken: dict[int, str], ordinal: int) -> Refusal | None:
    """Say why something cannot go to this position, or None when it can; `taken` names the occupants."""
    if refusal := why_not_at(shape, box, ordinal):
        return refusal
    if ordinal in taken:
        return position_taken(shape.label(ordinal), box, taken[ordinal])
    return None


def why_not_fit(shape: BoxShape, box: str, taken: Collection[int], wanted: int) -> Refusal | None:
    """Say that a container has too few free positions, or None when it has enough."""
    free = shape.capacity - len(taken)
    if wanted <= free:
        return None
    facts = {"box": box, "free": free, "capacity": shape.capacity, "wanted": wanted}
    if free == 0:
        return Refusal(
            "box_full", N_("%(box)s is full: all %(capacity)s positions are taken."), facts
        )
    because = N_("%(box)s has %(free)s free positions of %(capacity)s, but %(wanted)s are needed.")
    return Refusal("box_full", because, facts)


def why_not_shape(shape: BoxShape) -> Refusal | None:
    """Say why no container can have this shape, or None when one can."""
    sides = (shape.rows, shape.columns, shape.layers)
    if (
        all(1 <= side <= MOST_ROWS for side in sides)
        and shape.capacity <= MOST_POSITIONS
        and shape.labels in SCHEMES
    ):
        return None
    because = N_(
        "%(found)s is not a shape: 1 to %(most)s rows and columns, and at most %(all)s positions are expected."
    )
    found = " x ".join(str(side) for side in sides)
    return Refusal("bad_shape", because, {"found": found, "most": MOST_ROWS, "all": MOST_POSITIONS})
