"""A thing's stays as they should have been recorded: a boundary moved, a stay put between others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from server.core.errors import Refusal
from server.core.words import N_
from server.storage.rules.stays import told


@dataclass(frozen=True)
class Span:
    """One stay: from then until then (None: it is there still); `id` is its row, None for a new one."""

    id: int | None
    began_at: datetime
    ended_at: datetime | None
    place: str
    container_id: int | None = None
    ordinal: int | None = None

    def covers(self, moment: datetime) -> bool:
        """Say whether it was there at this moment."""
        return self.began_at <= moment and (self.ended_at is None or moment < self.ended_at)


def corrected(stays: Sequence[Span], wanted: Span) -> list[Span]:
    """Return the stays, oldest first, with this one as it should have been and its neighbours fitted to it."""
    found = list(stays)
    at = next(number for number, one in enumerate(found) if one.id == wanted.id)
    found[at] = wanted
    if at > 0:
        found[at - 1] = replace(found[at - 1], ended_at=wanted.began_at)
    if at + 1 < len(found) and wanted.ended_at is not None:
        found[at + 1] = replace(found[at + 1], began_at=wanted.ended_at)
    return found


def inserted(stays: Sequence[Span], new: Span, until: datetime | None) -> list[Span] | None:
    """Return the stays with a new one from its beginning until then; None where none covers its beginning.

    Without `until` it lasts as long as the stay into which it falls; with it, that stay goes on after.
    """
    at = next((n for n, one in enumerate(stays) if one.covers(new.began_at)), None)
    if at is None:
        return None
    around = stays[at]
    first = replace(around, ended_at=new.began_at)
    middle = replace(new, ended_at=until if until is not None else around.ended_at)
    goes_on = until is not None and until != around.ended_at
    rest = [replace(around, id=None, began_at=until)] if goes_on and until is not None else []
    before = [] if first.began_at == first.ended_at else [first]
    if not before:
        middle = replace(middle, id=around.id)
    return [*stays[:at], *before, middle, *rest, *stays[at + 1 :]]


def why_not_history(stays: Sequence[Span], now: datetime) -> Refusal | None:
    """Say what is wrong with these stays, oldest first: a gap, an overlap, the future; or None."""
    for one in stays:
        if one.began_at > now or (one.ended_at is not None and one.ended_at > now):
            because = N_("%(found)s has not come yet; when it happened lies in the past.")
            late = one.began_at if one.began_at > now else one.ended_at
            return Refusal("future", because, {"found": told(late or now)})
        if one.ended_at is not None and one.ended_at < one.began_at:
            because = N_(
                "A stay would have ended at %(ended)s before it began at %(began)s;"
                " look at the times of the stays before and after."
            )
            facts = {"ended": told(one.ended_at), "began": told(one.began_at)}
            return Refusal("stays_overlap", because, facts)
    for one, after in pairwise(stays):
        if one.ended_at != after.began_at:
            because = N_("Between %(ended)s and %(began)s it would have been nowhere, or twice.")
            ended = told(one.ended_at) if one.ended_at else "–"
            return Refusal("gap", because, {"ended": ended, "began": told(after.began_at)})
    return None


def why_not_inside(vial: str, began: datetime, stays: Sequence[Span]) -> Refusal:
    """Return the sentence for a time at which a thing had not been anywhere yet."""
    because = N_("%(vial)s was nowhere at %(found)s; its record begins at %(began)s.")
    first = told(stays[0].began_at) if stays else "–"
    return Refusal("before_record", because, {"vial": vial, "found": told(began), "began": first})


FINAL = frozenset({"recipient", "destroyed", "consumed"})


def why_not_late(vial: str, place: str) -> Refusal | None:
    """Say that a thing had left for good by then, or None."""
    if place not in FINAL:
        return None
    because = N_("%(vial)s had left the bank for good by then; correct that first.")
    return Refusal("left_for_good", because, {"vial": vial})


def why_nowhere(code: str, *, given: bool) -> Refusal | None:
    """Say that a rack or box is always somewhere, or None: only vials are taken out."""
    if given:
        return None
    because = N_("Scan the rack or freezer in which %(code)s stood then, and its position.")
    return Refusal("no_place_given", because, {"code": code})


def why_not_placed(place: str, *, given: bool) -> Refusal | None:
    """Say that a stay which was in no position gets none by a correction, or None."""
    if place == "position" or not given:
        return None
    because = N_("It was in no position then; enter late where it was instead.")
    return Refusal("no_position_then", because)


def why_not_end(*, live: bool, given: bool) -> Refusal | None:
    """Say that a stay which has not ended gets no end by a correction, or None."""
    if live and given:
        because = N_("It is there still: move it or take it out, and say when that happened.")
        return Refusal("still_there", because)
    return None


def why_not_superseded(*, superseded: bool) -> Refusal | None:
    """Say that a stay was corrected already, or None."""
    if superseded:
        because = N_("This stay was corrected already; correct the one that stands now.")
        return Refusal("superseded", because)
    return None


def why_not_changed(*, changed: bool) -> Refusal | None:
    """Say that a correction corrects nothing, or None."""
    if changed:
        return None
    return Refusal("nothing_corrected", N_("Nothing differs from what stands there."))


def why_no_reason(reason: str) -> Refusal | None:
    """Say that a correction needs its reason, or None."""
    return None if reason.strip() else Refusal("no_reason", N_("Say why this is corrected."))
