"""What is kept of space: positions for a project until a day, and the slot of a vial that is away."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from server.core.errors import Refusal
from server.core.words import N_


@dataclass(frozen=True)
class KeptSpace:
    """Positions that are kept for a project; all of them where `first` is None."""

    id: int
    project_id: int
    project: str
    until: datetime
    first: int | None = None
    last: int | None = None

    def covers(self, ordinal: int) -> bool:
        """Say whether this position is among those that are kept."""
        return self.first is None or self.last is None or self.first <= ordinal <= self.last


def keeper_of(
    kept: Iterable[KeptSpace], ordinal: int, projects: Collection[int | None]
) -> KeptSpace | None:
    """Return what keeps this position from things of these projects (None: of no project), or None."""
    return next(
        (one for one in kept if one.covers(ordinal) and set(projects) - {one.project_id}), None
    )


def why_not_kept(position: str, box: str, keeper: KeptSpace | None) -> Refusal | None:
    """Say for whom and until when a position is kept, or None when it is not."""
    if keeper is None:
        return None
    because = N_(
        "%(position)s of %(box)s is kept for project %(project)s until %(until)s;"
        " choose another position, or end that first."
    )
    facts = {
        "position": position,
        "box": box,
        "project": keeper.project,
        "until": f"{keeper.until:%Y-%m-%d}",
    }
    return Refusal("space_kept", because, facts)


def why_all_kept(box: str, keeper: KeptSpace) -> Refusal:
    """Return the sentence for a container whose free positions are all kept for others."""
    because = N_(
        "What is free in %(box)s is kept for project %(project)s until %(until)s;"
        " choose another box, or end that first."
    )
    facts = {"box": box, "project": keeper.project, "until": f"{keeper.until:%Y-%m-%d}"}
    return Refusal("space_kept", because, facts)


def why_not_keep(
    box: str, capacity: int, first: int | None, last: int | None, *, now: datetime, until: datetime
) -> Refusal | None:
    """Say why these positions cannot be kept until then, or None when they can."""
    if (first is None) != (last is None):
        because = N_("Name the first and the last position, or neither for the whole of %(box)s.")
        return Refusal("half_a_range", because, {"box": box})
    if first is not None and last is not None and not 1 <= first <= last <= capacity:
        because = N_("The first position comes after the last one: %(first)s, %(last)s.")
        return Refusal("bad_range", because, {"first": first, "last": last})
    if until <= now:
        because = N_("%(found)s has passed; the space is kept until a day that is still to come.")
        return Refusal("until_passed", because, {"found": f"{until:%Y-%m-%d}"})
    return None


def why_not_keep_twice(
    box: str, kept: Iterable[KeptSpace], first: int | None, last: int | None, project_id: int
) -> Refusal | None:
    """Say that some of these positions are kept for another project already, or None."""
    for one in kept:
        apart = (
            first is not None
            and last is not None
            and one.first is not None
            and one.last is not None
            and (last < one.first or one.last < first)
        )
        if one.project_id != project_id and not apart:
            because = N_("%(box)s is kept for project %(project)s until %(until)s already.")
            facts = {"box": box, "project": one.project, "until": f"{one.until:%Y-%m-%d}"}
            return Refusal("space_kept", because, facts)
    return None


def why_not_release(vial: str, *, kept: bool) -> Refusal | None:
    """Say that no slot is kept for a vial, or None when one is."""
    if kept:
        return None
    because = N_("No slot is kept for %(vial)s.")
    return Refusal("no_kept_slot", because, {"vial": vial})
