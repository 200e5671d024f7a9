"""What a scan of a box finds beside the record, and how a difference may be settled. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.core.errors import Refusal
from server.core.words import N_


class Kind(StrEnum):
    """In which way record and freezer disagree."""

    MISSING = "missing"
    EXTRA = "extra"
    MOVED = "moved"
    UNREAD = "unread"


class How(StrEnum):
    """How a difference was settled."""

    RECORDED = "recorded"
    FOUND = "found"
    LOST = "lost"
    EXPLAINED = "explained"
    MISSED = "missed"


HOW_WORDS = {
    How.RECORDED: N_("recorded where it was scanned"),
    How.FOUND: N_("found"),
    How.LOST: N_("given up as lost"),
    How.EXPLAINED: N_("explained"),
    How.MISSED: N_("recorded as missing"),
}
KINDS = {
    "placed": (Kind.EXTRA, How.RECORDED),
    "put_back": (Kind.EXTRA, How.RECORDED),
    "moved": (Kind.MOVED, How.RECORDED),
    "unknown": (Kind.EXTRA, None),
    "conflict": (Kind.EXTRA, None),
    "missing": (Kind.MISSING, None),
    "unread": (Kind.UNREAD, None),
}
"""What each change of a rack scan is in a stock-take, and what committing the box settles."""


@dataclass(frozen=True)
class Line:
    """One line of the comparison of a box: what is recorded and what was scanned at a position."""

    ordinal: int
    change: str
    recorded: str = ""
    scanned: str = ""
    elsewhere: str = ""
    why: Refusal | None = None
    promised_to: str = ""


@dataclass(frozen=True)
class Difference:
    """A line that is a discrepancy, and whether committing the box settles it."""

    line: Line
    kind: Kind
    how: How | None

    @property
    def code(self) -> str:
        """Return the code of the tube that it is about; empty for one that nobody could read."""
        seen = self.kind in (Kind.EXTRA, Kind.MOVED)
        return self.line.scanned if seen else self.line.recorded


def completed(lines: Iterable[Line], recorded: Mapping[int, str]) -> list[Line]:
    """Return the comparison with the recorded vials at which nobody looked, as not read."""
    known = list(lines)
    named = {line.ordinal for line in known}
    skipped = [
        Line(ordinal, "not_read", code)
        for ordinal, code in recorded.items()
        if ordinal not in named
    ]
    return sorted([*known, *skipped], key=lambda line: line.ordinal)


def differences(lines: Iterable[Line]) -> list[Difference]:
    """Return what has to be written down as a discrepancy, in the order of the positions."""
    found = []
    for line in lines:
        change = "unread" if line.change == "not_read" else line.change
        if change in KINDS:
            kind, how = KINDS[change]
            found.append(Difference(line, kind, how))
    return found


def tally(lines: Sequence[Line]) -> dict[str, int]:
    """Return how many lines are of each kind, and `same`: as recorded."""
    counted = dict.fromkeys(["same", *Kind], 0)
    counted["same"] = sum(line.change == "same" for line in lines)
    for one in differences(lines):
        counted[one.kind] += 1
    return counted


def next_to_read(usable: Sequence[int], recorded: Iterable[int], read: Iterable[int]) -> int | None:
    """Return the position whose tube is scanned next: recorded ones first; None when all were read."""
    done, expected = set(read), set(recorded)
    left = [one for one in sorted(usable) if one not in done]
    return next((one for one in left if one in expected), left[0] if left else None)


def why_not_settle(kind: str, how: str, state: str, note: str, *, settled: bool) -> Refusal | None:
    """Say why a discrepancy cannot be settled so, or None when it can. `state` is the vial's, if any."""
    if settled:
        because = N_("This discrepancy has been settled already.")
        return Refusal("settled", because)
    if how == How.LOST and state != "missing":
        because = N_("Only a missing vial is given up as lost.")
        return Refusal("not_missing", because)
    if how == How.MISSED and state not in ("in_storage", "checked_out"):
        because = N_("Only a vial that is in storage or in hand is recorded as missing.")
        return Refusal("not_here", because)
    if how == How.EXPLAINED and kind == Kind.MISSING and state == "missing":
        because = N_("It is still missing: say where it was found, or give it up as lost.")
        return Refusal("still_missing", because)
    if how in (How.EXPLAINED, How.LOST) and not note.strip():
        because = N_("Say what was found out.")
        return Refusal("no_note", because)
    return None
