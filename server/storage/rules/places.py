"""What may stand in which container and at which position."""

from collections.abc import Collection

from server.core.errors import Refusal
from server.core.words import N_, N_n
from server.storage.positions import FILLS, FIRSTS, SCHEMES, BoxShape

MOST_ROWS, MOST_POSITIONS = 100, 2000
DEEPEST = 6
"""So many containers may stand in one another: freezer, shelf, rack, drawer, box, and one to spare."""
HOLDS = {"freezer": ("rack", "box"), "rack": ("rack", "box"), "box": ("vial",)}


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
        "rack": N_("%(box)s holds no racks; scan a freezer or a rack."),
        "box": N_("%(box)s holds no boxes; scan a rack or a freezer."),
    }.get(inner_kind, N_("%(box)s cannot hold this."))
    return Refusal("wrong_kind", because, {"box": outer})


def why_not_nested(code: str, outer: str, above: Collection[str], levels: int) -> Refusal | None:
    """Say why a container with so many levels in it cannot go into `outer`, which stands in `above`."""
    if code == outer or code in above:
        because = N_("%(code)s cannot go into %(box)s, for %(box)s is in it or is itself.")
        return Refusal("cycle", because, {"code": code, "box": outer})
    if len(above) + 1 + levels > DEEPEST:
        because = N_("%(box)s stands too deep: at most %(most)s containers stand in one another.")
        return Refusal("too_deep", because, {"box": outer, "most": DEEPEST})
    return None


def why_not_at(shape: BoxShape, box: str, ordinal: int | None, written: str = "") -> Refusal | None:
    """Say that a container has no such position, that it is blocked or may be several, or None."""
    if ordinal is not None and ordinal in shape.blocked:
        because = N_("%(position)s of %(box)s is blocked; nothing goes there.")
        return Refusal("blocked", because, {"position": shape.label(ordinal), "box": box})
    if ordinal is not None and ordinal in shape.ordinals:
        return None
    return _ambiguous(shape, box, written) or _no_such_position(shape, box, written or str(ordinal))


def _ambiguous(shape: BoxShape, box: str, written: str) -> Refusal | None:
    meanings = shape.meanings(written) if written else []
    if len(meanings) < 2:
        return None
    because = N_(
        "“%(found)s” may mean %(one)s or %(other)s of %(box)s. Write it as the box does, such as %(one)s."
    )
    one, other = (shape.label(ordinal) for ordinal in meanings[:2])
    facts = {"found": written, "one": one, "other": other, "box": box}
    return Refusal("ambiguous_position", because, facts)


def _no_such_position(shape: BoxShape, box: str, found: str) -> Refusal:
    facts: dict[str, object] = {
        "found": found,
        "box": box,
        "first": shape.first_label,
        "last": shape.last_label,
    }
    if not shape.managed or shape.absent:
        because = N_(
            "“%(found)s” is not a position of %(box)s: %(first)s to %(last)s are expected."
        )
        return Refusal("no_such_position", because, facts)
    because = N_(
        "“%(found)s” is not a position of %(box)s, which has %(rows)s rows and %(columns)s columns:"
        " %(first)s to %(last)s are expected."
    )
    sides = {"rows": shape.rows * shape.layers, "columns": shape.columns}
    return Refusal("no_such_position", because, facts | sides)


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
            "box_full",
            N_n(
                "%(box)s is full: its only position is taken.",
                "%(box)s is full: all %(capacity)s positions are taken.",
                "capacity",
            ),
            facts,
        )
    because = N_n(
        "%(box)s has 1 free position of %(capacity)s, but %(wanted)s are needed.",
        "%(box)s has %(free)s free positions of %(capacity)s, but %(wanted)s are needed.",
        "free",
    )
    return Refusal("box_full", because, facts)


def why_not_shape(shape: BoxShape) -> Refusal | None:
    """Say why no container can have this shape, or None when one can."""
    sides = (shape.rows, shape.columns, shape.layers)
    most = MOST_ROWS if shape.managed else MOST_POSITIONS
    if not all(1 <= side <= most for side in sides) or not 1 <= shape.size <= MOST_POSITIONS:
        because = N_(
            "%(found)s is not a shape: 1 to %(most)s rows and columns, and at most %(all)s positions are expected."
        )
        found = " x ".join(str(side) for side in sides)
        return Refusal("bad_shape", because, {"found": found, "most": most, "all": MOST_POSITIONS})
    return _why_not_written(shape) or _why_not_cells(shape)


def _why_not_written(shape: BoxShape) -> Refusal | None:
    for found, known in (
        (shape.labels, SCHEMES),
        (shape.label_first, FIRSTS),
        (shape.fill, FILLS),
    ):
        if found not in known:
            because = N_("“%(found)s” is not a way to write or to fill positions: %(known)s are.")
            return Refusal("bad_scheme", because, {"found": found, "known": ", ".join(known)})
    return None


def _why_not_cells(shape: BoxShape) -> Refusal | None:
    cells = range(1, shape.size + 1)
    outside = sorted(one for one in shape.blocked | shape.absent if one not in cells)
    if outside:
        because = N_("Position %(found)s is blocked or left out, but there are only 1 to %(last)s.")
        return Refusal("bad_cells", because, {"found": outside[0], "last": shape.size})
    if shape.capacity < 1 or not shape.ordinals:
        return Refusal("no_position", N_("At least one position must be left to use."))
    return None
