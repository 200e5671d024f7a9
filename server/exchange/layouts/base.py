"""What a layout is: whose columns a file has, and what our sheet makes of one of its rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from server.core.words import LANGUAGES, N_, translate
from server.exchange.cells import Cell, Options, read_row, readers, text_of
from server.exchange.reading import is_blank
from server.exchange.rules import MOST_COLUMNS, Column, Problem
from server.exchange.sheets.base import Item, Sheet, Values

OWN = "own"
Convert = Callable[[Values, list[Problem]], list[Values]]
Export = Callable[[Values], Mapping[str, str]]


@dataclass(frozen=True)
class Layout:
    """Our own columns, where `columns` is empty; else another system's, and how they become ours."""

    name: str
    label: str
    sheet: str
    columns: tuple[Column, ...] = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """How the file calls each column."""
    convert: Convert | None = None
    """Makes the values of our sheet out of those of the file's row: one thing, or several."""
    outward: Export | None = None
    """Makes the file's columns out of our values; what it leaves out comes out as it came in."""
    same: Callable[[str, str, str, Mapping[str, str], Values], bool] | None = None
    """Whether two ways to write a column mean the same, as 1.50 and 1.5 do."""
    template: tuple[str, ...] = ()
    """The header with which this system's own template begins."""
    status: tuple[str, str] = ("import_status", "import_message")
    """What the two columns of a file of refused rows are called."""
    outward_many: Callable[[Sequence[Values]], Mapping[str, str]] | None = None
    """Makes the columns of one row out of all the things that it stands for, instead of `outward`."""

    anew: Callable[[Values], Sequence[Mapping[str, str]]] | None = None
    """Makes the rows of a thing that did not come in by this layout, where that is not one row of `outward`."""

    @property
    def goes_out(self) -> bool:
        """Say whether things can go out in these columns."""
        return not self.columns or bool(self.outward or self.outward_many)

    def means(self, name: str, ours: str, row: Mapping[str, str], values: Values) -> bool:
        """Say whether what the other system wrote in a column means what we would write there."""
        said = row.get(name, "")
        return said == ours if self.same is None else self.same(name, said, ours, row, values)

    def columns_for(self, sheet: Sheet, session: Session, org_id: int) -> list[Column]:
        """Return the columns that a file is mapped to."""
        if not self.columns:
            return sheet.columns(session, org_id)
        own = {column.name for column in self.columns}
        extra = [
            column
            for column in sheet.columns(session, org_id)
            if column.name.startswith("field:") and column.name not in own
        ]
        return [*self.columns, *extra]

    def guess(self, columns: Sequence[Column], header: Sequence[str]) -> dict[str, int]:
        """Return the columns of the file that bear a name of ours, each once; two of one name are left to people."""
        plain = [_plain(name) for name in header]
        at = {name: place for place, name in enumerate(plain) if name and plain.count(name) == 1}
        found: dict[str, int] = {}
        for column in columns:
            said = [translate(language, column.label) for language in LANGUAGES]
            for name in (*self.headers.get(column.name, ()), column.name, *said):
                if (place := at.get(_plain(name))) is not None and place not in found.values():
                    found[column.name] = place
                    break
        return found


OWN_COLUMNS = N_("Cryokeep's own columns")


SURPLUS = N_(
    "nothing beyond the %(width)s columns of the header; a text that holds the separator stands in quotes"
)


def _plain(name: str) -> str:
    return "".join(one for one in name.casefold() if one not in " _-\t")


@dataclass
class Parser:
    """Turns the staged cells of rows into items of a sheet."""

    layout: Layout
    columns: Sequence[Column]
    mapping: dict[str, int]
    options: Options
    width: int = MOST_COLUMNS
    """How many columns the header names; what stands further to the right belongs to none."""

    def __post_init__(self) -> None:
        self._readers = readers(self.columns, self.mapping, self.options)

    def items(self, number: int, cells: Sequence[Cell]) -> list[Item]:
        """Return the things that one row stands for."""
        values, problems = read_row(self._readers, cells)
        if len(cells) > self.width and not is_blank(cells[self.width :]):
            problems.append(_surplus(cells, self.width))
        if self.layout.convert is None:
            return [Item(number, 0, values, problems)]
        made = self.layout.convert(values, problems) or [{}]
        return [
            Item(number, place, one, problems if place == 0 else list(problems))
            for place, one in enumerate(made)
        ]


def _surplus(cells: Sequence[Cell], width: int) -> Problem:
    """Say that a row has cells beyond the header's: a separator too many, perhaps, or a quote too few."""
    found = next(text_of(cell) for cell in cells[width:] if not is_blank([cell]))
    return Problem("", found[:200], SURPLUS, {"width": width})


def kept_words(header: Sequence[str], cells: Sequence[Cell]) -> dict[str, str]:
    """Return what another system's row says, word for word, by column."""
    said = {name: text_of(cell) for name, cell in zip(header, cells, strict=False) if name}
    return {name: text for name, text in said.items() if text}


def as_text(value: Any) -> str:  # noqa: ANN401  any value of a sheet
    """Return how a value of a sheet is written in a file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
