"""How far an import has come: a mark that moves in the transaction of the work, and only from where it was seen."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.accounts.queries import person_actor
from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import CryokeepError
from server.core.wake import announce
from server.exchange.models import Import, ImportProblem
from server.exchange.rules import State
from server.exchange.service.imports import said

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=10)


class Elsewhere(Exception):
    """Another worker, or a person, has moved this import on meanwhile."""


class Marks:
    """Moves the marks of imports for one worker."""

    def __init__(self, database: Database, clock: Clock, name: str) -> None:
        self.database, self.clock, self.name = database, clock, name
        self._took_s: list[float] = []
        """How long each transaction took in which others wait, since the last `end`."""

    @contextmanager
    def working(self) -> Iterator[Session]:
        """Give a session for the rows of one step, and note how long it was open."""
        began = time.perf_counter()
        with self.database.writing() as session:
            yield session
        self._took_s.append(time.perf_counter() - began)

    def move(self, session: Session, made: Import, at_row: int, **changes: object) -> None:
        """Move the mark on, from where it was seen; raises Elsewhere where it has been moved meanwhile."""
        now = self.clock.now()
        seen = (
            Import.state == made.state,
            Import.at_row == made.at_row,
            Import.version == made.version,
        )
        moved = session.execute(
            update(Import)
            .where(Import.id == made.id, *seen)
            .values(at_row=at_row, claimed_by=self.name, claimed_until=now + CLAIM, **changes)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
            raise Elsewhere
        made.at_row = at_row
        announce(session, "imports")

    def begin_again(self, made: Import) -> None:
        """A check remembers what earlier rows said, so it begins at the first row."""
        step = "in" if made.state == State.CHECKING else "back"
        gone = delete(ImportProblem).where(
            ImportProblem.import_id == made.id, ImportProblem.step == step
        )
        with self.database.writing() as session:
            session.execute(gone)
            self.move(session, made, 0, **({"bad": 0} if step == "in" else {}))

    def end(self, made: Import, state: State, what: str, **changes: object) -> None:
        """End this stage of the import: what the worker has done is told in the record."""
        with self.database.writing() as session:
            self.move(
                session, made, made.at_row, state=state, version=Import.version + 1, **changes
            )
            told: dict[str, Any] = {"rows": made.rows, "bad": made.bad, "applied": made.applied}
            audit.record(
                session, actor_of(session, made), f"import.{what}", "import", made.code,
                at=self.clock.now(), org_id=made.org_id, **told,
            )  # fmt: skip
        self._tell(made, what)

    def _tell(self, made: Import, what: str) -> None:
        took, self._took_s = sorted(self._took_s), []
        if took:
            p95, longest = took[round(0.95 * (len(took) - 1))], took[-1]
            told = {
                "steps": len(took),
                "p95_ms": round(p95 * 1000),
                "longest_ms": round(longest * 1000),
            }
            log.info("import %s", what.replace("_", " "), extra={"import": made.code, **told})

    def stop(self, made: Import, error: CryokeepError) -> None:
        """The file cannot be read, or its sender may not do this any more: the import waits for a person."""
        after = {State.CHECKING: State.RECEIVED, State.LOOKING_BACK: State.APPLIED}
        with self.database.writing() as session:
            session.execute(
                update(Import)
                .where(Import.id == made.id, Import.state == made.state)
                .values(
                    state=after.get(State(made.state), State.HALTED), because=said(error),
                    version=Import.version + 1,
                )
            )  # fmt: skip


def actor_of(session: Session, made: Import) -> Actor:
    """Return for whom the import works: with no permission any more, where they were switched off."""
    who = made.applied_by_id or made.by_id
    if who is None:
        return Actor.system(made.by_name, door="import")
    person = session.get_one(Person, who)
    actor = person_actor(session, person, "import", made.code)
    return actor if person.active else replace(actor, permissions={})
