"""What a sheet is: the columns of one kind of things, how its rows come in, and how they go out."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import CryokeepError, Refusal
from server.exchange.models import ImportEffect
from server.exchange.rules import Column, Problem
from server.storage.rules.fields import NO, YES

Values = dict[str, Any]

ID = Column("id", "id", "version")
VERSION = Column("version", "version", "version")


@dataclass(slots=True)
class Item:
    """One thing of one row: what the file says of it, and what is wrong with that."""

    number: int
    place: int
    values: Values
    problems: list[Problem] = field(default_factory=list)
    found: Any = None
    """What the sheet has resolved for it."""

    def refuse(self, column: str, refusal: Refusal | None, found: object = None) -> bool:
        """Note a refusal, if there is one; says whether there was."""
        if refusal is None:
            return False
        said = self.values.get(column, "") if found is None else found
        self.problems.append(Problem(column, shown(said)[:200], refusal.because, refusal.facts))
        return True

    def expect(self, column: str, expected: str, **facts: object) -> None:
        """Note that something else was expected in this column."""
        self.problems.append(
            Problem(column, shown(self.values.get(column, ""))[:200], expected, facts)
        )


def shown(value: object) -> str:
    """Return a value of a row as its cell had it: several codes between semicolons, yes or no."""
    if isinstance(value, bool):
        return YES if value else NO
    return "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True)
class Effect:
    """What one item did; `before` is what was there before a change."""

    number: int
    place: int
    act: str
    thing_id: int
    code: str
    version: int
    before: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    """For whom and where rows come in."""

    org_id: int
    actor: Actor
    import_code: str
    columns: Sequence[Column]


class Changed(Exception):
    """What was prepared rests on something that is not so any more."""


class Work(ABC):
    """One import at work; it remembers what stood in earlier rows of the file."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    def check(self, session: Session, items: Sequence[Item], at: datetime) -> None:
        """Note on the items what is wrong with them; changes nothing that lasts."""

    def rehearses(self, items: Sequence[Item]) -> bool:
        """Say whether the check of these runs their verbs, in a transaction of which nothing is kept."""
        return bool(items)

    @abstractmethod
    def apply(self, session: Session, items: Sequence[Item], at: datetime) -> list[Effect]:
        """Check the items again as things stand now, and bring in those that are right.

        Returns the effects that are to be kept; a sheet may find what it added by other means.
        """

    def prepare(self, session: Session, items: Sequence[Item], at: datetime) -> object | None:
        """Check items ahead of their transaction, and return all that is to be written.

        None where they have to be checked in their transaction. Called for one part after the other,
        each before the one in front of it is written; `unprepare` ends such a row of parts.
        """
        return None

    def unprepare(self) -> None:  # noqa: B027  nothing, where nothing is prepared
        """Forget what parts that were prepared, and not written yet, would have changed."""

    def apply_prepared(self, session: Session, ready: Any, at: datetime) -> list[Effect]:  # noqa: ANN401  as `prepare` has made it
        """Bring in what was prepared; raises Changed, or IntegrityError, where it does not stand any more."""
        raise Changed

    def things(
        self, session: Session, items: Sequence[Item], effects: Sequence[Effect]
    ) -> list[tuple[int, int]]:
        """Return (number of the row, id of the thing) of what has come of these items."""
        return [(effect.number, effect.thing_id) for effect in effects]

    @abstractmethod
    def take_back(
        self, session: Session, items: Sequence[Item], effects: Sequence[ImportEffect], at: datetime
    ) -> list[Item]:
        """Undo what these items did; returns those that cannot be, with the reason on them.

        Where any is returned, the caller keeps nothing of this step.
        """

    def look_back(
        self, session: Session, items: Sequence[Item], effects: Sequence[ImportEffect], at: datetime
    ) -> list[Item]:
        """Return the items that could not be taken back; the caller keeps nothing of what this does."""
        return self.take_back(session, items, effects, at)

    def rehearses_back(self, effects: Sequence[ImportEffect]) -> bool:
        """Say whether `look_back` needs a transaction that may write."""
        return True


class Sheet(ABC):
    """One kind of things that come in and go out in rows."""

    name: str
    label: str
    permission: str = "storage.import"
    """What it takes to bring such rows in."""
    reads: str = "storage.read"
    """What it takes to let them go out."""

    @abstractmethod
    def columns(self, session: Session, org_id: int) -> list[Column]:
        """Return the columns, those of the organisation's own fields at the end."""

    @abstractmethod
    def work(self, desk: Desk) -> Work:
        """Return what brings rows in."""

    def some(self, session: Session, org_id: int, ids: Sequence[int]) -> dict[int, Values]:
        """Return the values of these things by id; asked only of sheets whose rows may stand for several."""
        raise LookupError(self.name)

    @abstractmethod
    def rows(self, session: Session, actor: Actor, org_id: int) -> Iterator[tuple[int, Values]]:
        """Yield the id and the values of every thing that the actor may export, in the order of ids."""


_COLUMN_OF = {
    "position_taken": "position", "no_such_position": "position", "ambiguous_position": "position",
    "blocked": "position", "space_kept": "position", "wrong_size": "position",
    "retired": "inside", "wrong_kind": "inside", "box_full": "inside", "cycle": "inside",
    "too_deep": "inside",
}  # fmt: skip
"""Which column a refusal is about, where its verb does not say."""


def note(item: Item, error: CryokeepError) -> None:
    """Note on the item every reason for which a verb has refused it."""
    for refusal in getattr(error, "refusals", None) or [error.refusal]:
        column = error.field or _COLUMN_OF.get(refusal.code, "")
        item.refuse(column if column in item.values else error.field or "", refusal)
