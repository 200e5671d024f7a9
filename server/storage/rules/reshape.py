"""When the shape of a container may change: never under what is in it."""

from collections.abc import Collection, Mapping

from server.core.errors import Refusal
from server.core.words import N_, N_n
from server.storage.positions import BoxShape

Taken = Mapping[int, str]


def why_not_reshape(
    box: str, before: BoxShape, after: BoxShape, taken: Taken, used: Collection[int] = ()
) -> list[Refusal]:
    """Return every reason why a container with these occupants cannot get another shape.

    What is in it stays at its ordinal. Words and directions change freely; so do rows at the end
    (layers, where there are several) beyond the last occupant. Another number of columns gives the
    positions other numbers, so it waits until the container is empty; what was ever in it (`used`)
    must have a cell in the new grid too, for its past is told by that.
    """
    if not taken:
        refusal = _why_not_past(box, before, after, used)
        return [refusal] if refusal else []
    if before.managed != after.managed:
        because = N_n(
            "%(box)s holds 1 thing; empty it before it gets or loses its places.",
            "%(box)s holds %(count)s things; empty it before it gets or loses its places.",
            "count",
        )
        return [Refusal("managed_while_occupied", because, {"box": box, "count": len(taken)})]
    if numbers_change(before, after):
        because = N_n(
            "%(box)s holds 1 thing, and with %(columns)s columns and %(rows)s rows its positions would be other ones. Empty it first, or add rows at the end only.",
            "%(box)s holds %(count)s things, and with %(columns)s columns and %(rows)s rows its positions would be other ones. Empty it first, or add rows at the end only.",
            "count",
        )
        facts = {
            "box": box,
            "count": len(taken),
            "columns": after.columns,
            "rows": after.rows,
        }
        return [Refusal("renumbered_while_occupied", because, facts)]
    return [
        refusal
        for ordinal, occupant in sorted(taken.items())
        if (refusal := _why_not_there(box, before, after, ordinal, occupant))
    ]


def _why_not_past(
    box: str, before: BoxShape, after: BoxShape, used: Collection[int]
) -> Refusal | None:
    if used and before.managed != after.managed:
        because = N_(
            "Things once stood in %(box)s, and their past names its places; it cannot get or lose places any"
            " more. Take a new one for that."
        )
        return Refusal("managed_with_past", because, {"box": box})
    if not numbers_change(before, after):
        return None
    lost = next((one for one in sorted(used) if after.at(*before.cell(one)) is None), None)
    if lost is None:
        return None
    because = N_(
        "Something once stood in %(position)s of %(box)s, and the new shape has no such place to tell it by."
        " Keep at least so many rows and columns."
    )
    return Refusal("past_cut_off", because, {"position": before.written(lost), "box": box})


def numbers_change(before: BoxShape, after: BoxShape) -> bool:
    """Say whether positions get other ordinals: other columns, or other rows under several layers."""
    if not before.managed:
        return False
    several = before.layers > 1 or after.layers > 1
    return before.columns != after.columns or (several and before.rows != after.rows)


def _why_not_there(
    box: str, before: BoxShape, after: BoxShape, ordinal: int, occupant: str
) -> Refusal | None:
    facts = {"position": before.written(ordinal), "box": box, "occupant": occupant}
    if ordinal not in after.ordinals:
        because = N_("%(position)s of %(box)s holds %(occupant)s; it cannot be cut off.")
        return Refusal("shrunk_below", because, facts)
    if ordinal in after.blocked and ordinal not in before.blocked:
        because = N_("%(position)s of %(box)s holds %(occupant)s; move it before you block it.")
        return Refusal("blocked_while_occupied", because, facts)
    return None


def why_not_heights(rows: int, heights_mm: list[float]) -> Refusal | None:
    """Say why these cannot be the heights of so many rows, or None: one for each row, or none at all."""
    if not heights_mm:
        return None
    if len(heights_mm) != rows:
        because = N_n(
            "1 height is given for %(rows)s rows; one for each row is expected.",
            "%(found)s heights are given for %(rows)s rows; one for each row is expected.",
            "found",
        )
        return Refusal("bad_heights", because, {"found": len(heights_mm), "rows": rows})
    outside = [one for one in heights_mm if not 0 <= one <= MOST_MM]
    if outside:
        because = N_("A height of %(found)s mm cannot be; 0 to %(most)s mm are expected.")
        return Refusal("bad_heights", because, {"found": f"{outside[0]:g}", "most": MOST_MM})
    return None


MOST_MM = 5000


def height_in(shape: BoxShape, heights_mm: list[float], ordinal: int) -> float | None:
    """Return how high the floor of this position lies above its container's own floor; None where unknown."""
    layer, row, _ = shape.cell(ordinal)
    index = (layer - 1) * shape.rows + row - 1
    return heights_mm[index] if index < len(heights_mm) else None
