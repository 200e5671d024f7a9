"""Imports in tests: a file is brought to the state that a test wants, by the verbs and the worker's steps."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from server.core.actor import Actor
from server.core.clock import Clock, FixedClock
from server.core.db import Database
from server.exchange import outward, queries, registry, staging
from server.exchange.cells import Options
from server.exchange.models import Import
from server.exchange.service import imports as service
from server.exchange.steps import Worker
from tests.support.shelves import START


@dataclass
class Importing:
    """Brings files into one organisation."""

    database: Database
    org_id: int
    actor: Actor = field(default_factory=lambda: Actor.system("tests"))
    clock: Clock = field(default_factory=lambda: FixedClock(START))

    def send(
        self, sheet: str, data: bytes | str, layout: str = "own", options: Options | None = None,
        mapping: dict[str, int] | None = None,
    ) -> int:  # fmt: skip
        """Send a file, map its columns by their names, and return the import's id."""
        file = io.BytesIO(data.encode() if isinstance(data, str) else data)
        now = self.clock.now()
        with self.database.writing() as session:
            made = service.begin(
                session, self.actor, self.org_id, sheet, layout, "test.csv", at=now
            )
            import_id = made.id
        size, sha256 = staging.store(self.database.writing, import_id, file)
        how, header, sample = staging.look(file)
        with self.database.writing() as session:
            made = session.get_one(Import, import_id)
            service.receive(
                session, self.actor, made, size=size, sha256=sha256, how=how, header=header,
                sample=sample, at=now,
            )  # fmt: skip
            chosen = registry.layout_of(sheet, layout)
            columns = chosen.columns_for(registry.sheet_of(sheet), session, self.org_id)
            mapping = mapping if mapping is not None else chosen.guess(columns, header)
            service.map_columns(
                session, self.actor, made, mapping, options or Options(date="ymd"), at=now
            )
        return import_id

    def work(self) -> None:
        """Let the worker do all that there is to do."""
        worker = Worker(self.database, self.clock, "tests")
        while worker.step():
            pass

    def checked(self, sheet: str, data: bytes | str, **more: object) -> int:
        """Send a file and let it be checked."""
        import_id = self.send(sheet, data, **more)  # type: ignore[arg-type]  # handed through
        self.work()
        return import_id

    def apply(self, import_id: int, mode: str = "all") -> Import:
        """Bring the rows in."""
        with self.database.writing() as session:
            made = session.get_one(Import, import_id)
            service.apply(session, self.actor, made, mode, at=self.clock.now())
        self.work()
        return self.get(import_id)

    def brought_in(
        self, sheet: str, data: bytes | str, mode: str = "all", **more: object
    ) -> Import:
        """Send a file, check it, bring it in."""
        return self.apply(self.checked(sheet, data, **more), mode)

    def taken_back(self, import_id: int) -> Import:
        """Take an import back."""
        with self.database.writing() as session:
            made = session.get_one(Import, import_id)
            service.take_back(session, self.actor, made, "a test", at=self.clock.now())
        self.work()
        return self.get(import_id)

    def get(self, import_id: int) -> Import:
        """Return the import as it is now."""
        with self.database.reading() as session:
            return session.get_one(Import, import_id)

    def problems(self, import_id: int) -> list[tuple[int, str, str, str]]:
        """Return (row, column, found, expected in English) of each problem."""
        with self.database.reading() as session:
            return [
                (
                    one.number,
                    one.column,
                    one.found,
                    one.expected % one.facts if one.facts else one.expected,
                )
                for one in queries.all_problems(session, import_id)
            ]

    def out(self, sheet: str, layout: str = "own") -> tuple[list[str], list[list[str]]]:
        """Return the header and the rows of an export."""
        with self.database.reading() as session:
            one, chosen = registry.sheet_of(sheet), registry.layout_of(sheet, layout)
            return (
                outward.header_of(session, one, chosen, self.org_id),
                list(outward.rows_of(session, self.actor, one, chosen, self.org_id)),
            )


def csv_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Return the rows as a CSV file."""
    from server.exchange import files

    return b"".join(files.csv_parts(header, rows))
