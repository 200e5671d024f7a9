"""What a scanner's file says, and what can be wrong with it."""

from dataclasses import dataclass, field

from server.core.errors import Invalid, Refusal
from server.core.words import N_

MOST_PROBLEMS = 100

# Neither word ever becomes a tube code. "NO SCAN" says that nothing was looked at, not that nothing is there.
UNREAD_WORDS = frozenset({"NO READ", "NOREAD", "NO_READ", "NO SCAN", "NOSCAN", "ERROR"})
EMPTY_WORDS = frozenset({"EMPTY", "NO TUBE", "NOTUBE", "NO_TUBE", "NO TRAKMATE", "-"})
NOTHING = N_("a scanner's file with at least one line; this one is empty")


@dataclass(frozen=True)
class Manner:
    """How one scanner writes: its words, its columns, and from which side it looks."""

    unread_words: frozenset[str] = UNREAD_WORDS
    empty_words: frozenset[str] = EMPTY_WORDS
    mirrored: bool = False
    """It looks from below and does not turn the picture: its first column is our last."""
    down_first: bool = False
    """A list without positions runs down the columns (A1, B1, ...), not along the rows."""
    columns: dict[str, str] = field(default_factory=dict)
    """The file's own names for `position`, `row`, `column`, `tube`, `rack`, where they are not the usual ones."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what was found, what was expected."""

    row: int
    column: str
    found: str
    expected: str
    """An English template, marked for translation; `facts` fill it."""
    facts: tuple[tuple[str, object], ...] = ()


class ScanRefused(Invalid):
    """The file cannot be used; `problems` names all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems[:MOST_PROBLEMS]
        because = N_("The file was refused; nothing was changed. Problems found: %(count)s.")
        facts = {"count": len(problems)}
        super().__init__(Refusal("bad_scan_file", because, facts), field="file")


@dataclass(frozen=True)
class Line:
    """One tube as the file has it; `ordinal` where the file counts instead of naming a position."""

    row: int
    rack: str | None
    position: str
    tube: str
    ordinal: int | None = None
    blank_is_empty: bool = False


@dataclass(frozen=True)
class Tube:
    """What the scanner saw at one position: a code, or None with `unread` or empty."""

    row: int
    ordinal: int
    written: str
    code: str | None
    unread: bool = False


@dataclass(frozen=True)
class Scan:
    """A file that was read."""

    format: str
    rack: str | None
    """The rack's barcode, where the file names it."""
    tubes: tuple[Tube, ...]


def whole_file(found: str, expected: str, **facts: object) -> ScanRefused:
    """Return the refusal of a file as a whole."""
    return ScanRefused([Problem(0, "", found, expected, tuple(facts.items()))])
