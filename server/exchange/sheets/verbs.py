"""Rows that come in through the verbs of their things, one by one, each as a whole or not at all.

A check is a rehearsal: the verbs run in a transaction of which nothing is kept, so that a row is
checked by exactly the rules by which it will come in.
"""

import json
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from server.audit import service as audit
from server.core.errors import Conflict, CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.exchange.models import ImportEffect
from server.exchange.sheets.base import Desk, Effect, Item, Values, Work, note

T = TypeVar("T")

TWICE = N_("each one once; row %(row)s has it already")
NOT_THERE = N_("the id of something that this sheet may change")
NO_VERSION = N_("the version that the export gave, so that nobody's change is overwritten")
STALE = N_("version %(now)s: somebody else has changed %(code)s since the export; export it again")
NAMED = Refusal("named_elsewhere", N_("Other records name it by now, so it cannot be taken back."))
TAKEN = Refusal("taken", N_("Something in the record bears this already."))
SINCE = N_("%(code)s was changed since; it is at version %(now)s.")


class VerbWork(Work, Generic[T]):
    """Brings rows in through verbs."""

    key: tuple[str, ...] = ("code",)
    """The columns that tell things of one file apart."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.mapped = {column.name for column in desk.columns}
        self._rows: dict[tuple[object, ...], int] = {}

    # what each sheet says

    @abstractmethod
    def find(self, session: Session, thing_id: int) -> T | None:
        """Return the thing of this id, where the actor may change it."""

    @abstractmethod
    def add(self, session: Session, values: Values, at: datetime) -> T:
        """Add a thing."""

    @abstractmethod
    def change(self, session: Session, thing: T, values: Values, at: datetime) -> Values:
        """Change a thing, and return what it had before; nothing where nothing differs."""

    @abstractmethod
    def restore(self, session: Session, thing: T, before: Values, at: datetime) -> None:
        """Give a thing what it had before."""

    def remove(self, session: Session, thing: T, at: datetime) -> None:
        """Take a thing that was added out of the record again."""
        session.delete(thing)

    def prepare(self, session: Session, items: Sequence[Item], at: datetime) -> None:
        """Do what a rehearsal of these needs of earlier rows; most sheets need nothing."""

    def told(self, thing: T) -> tuple[str, str, int | None]:
        """Return kind, code and organisation under which the record knows the thing."""
        row: Any = thing
        return self.kind, row.code, getattr(row, "org_id", None)

    kind: str = ""
    versioned: bool = True
    """Whether such a thing can be changed at all; a row of one that cannot needs no version."""

    # what all share

    def check(self, session: Session, items: Sequence[Item], at: datetime) -> None:
        """Rehearse these rows, and note where they name what an earlier row has named."""
        self.prepare(session, items, at)
        for item in items:
            key = tuple(item.values.get(column) for column in self.key)
            first = self._rows.setdefault(key, item.number)
            if first != item.number and any(part is not None for part in key):
                item.expect(self.key[-1], TWICE, row=first)
        self.apply(session, items, at)

    def apply(self, session: Session, items: Sequence[Item], at: datetime) -> list[Effect]:
        """Bring these in, each as a whole or not at all."""
        effects: list[Effect] = []
        for item in items:
            if item.problems:
                continue
            try:
                with session.begin_nested():
                    effect = self._one(session, item, at)
                    session.flush()
            except CryokeepError as error:
                note(item, error)
            except IntegrityError:
                item.refuse(self.key[-1], TAKEN)
            except StaleDataError:
                item.expect("version", STALE, now="?", code=item.values.get(self.key[-1], ""))
            else:
                if effect is not None:
                    effects.append(effect)
        return effects

    def take_back(
        self, session: Session, items: Sequence[Item], effects: Sequence[ImportEffect], at: datetime
    ) -> list[Item]:
        """Undo what these rows did, the last first; returns those that cannot be undone."""
        by_row = {(item.number, item.place): item for item in items}
        stuck: list[Item] = []
        for effect in effects:
            item = by_row[effect.number, effect.place]
            try:
                with session.begin_nested():
                    self._undo(session, effect, at)
                    session.flush()
            except CryokeepError as error:
                note(item, error)
                stuck.append(item)
            except IntegrityError:
                item.refuse("", NAMED)
                stuck.append(item)
        return stuck

    def _one(self, session: Session, item: Item, at: datetime) -> Effect | None:
        values = item.values
        if "id" not in values:
            thing = self.add(session, values, at)
            session.flush()
            return self._effect(item, "added", thing, {})
        found = self.find(session, values["id"])
        if found is None:
            raise Invalid(Refusal("not_there", NOT_THERE), field="id")
        row: Any = found
        if self.versioned and "version" not in values:
            raise Invalid(Refusal("no_version", NO_VERSION), field="version")
        if self.versioned and values["version"] != row.version:
            facts = {"now": row.version, "code": self.told(found)[1]}
            raise Conflict(Refusal("stale", STALE, facts), field="version")
        before = self.change(session, found, values, at)
        session.flush()
        return self._effect(item, "changed", found, before) if before else None

    def _effect(self, item: Item, act: str, thing: T, before: Values) -> Effect:
        row: Any = thing
        code, version = self.told(thing)[1], row.version if self.versioned else 1
        return Effect(item.number, item.place, act, row.id, code, version, before)

    def _undo(self, session: Session, effect: ImportEffect, at: datetime) -> None:
        found = self.find(session, effect.thing_id)
        row: Any = found
        version = row.version if row is not None and self.versioned else 1
        if found is None or version != effect.version:
            facts = {"now": version if row is not None else "–", "code": effect.code}
            raise Conflict(Refusal("changed_since", SINCE, facts))
        if effect.act == "changed":
            self.restore(session, found, json.loads(effect.before), at)
            return
        kind, code, org_id = self.told(found)
        self.remove(session, found, at)
        audit.record(
            session, self.desk.actor, f"{kind}.import_taken_back", kind, code, at=at, org_id=org_id,
            stated_at=None, **{"import": self.desk.import_code},
        )  # fmt: skip

    def said(self, values: Values, now: Values) -> Values:
        """Return what the thing will be: the row's values where the file speaks of a column, else as now."""
        return {
            name: values.get(name) if name in self.mapped else kept for name, kept in now.items()
        }
