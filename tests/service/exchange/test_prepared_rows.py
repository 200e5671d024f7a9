"""Rows are prepared before their transaction: what has changed meanwhile is seen, and a process beside may be lost."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from server.core.clock import SystemClock
from server.core.db import Database
from server.exchange import steps
from server.exchange.beside import Beside
from server.exchange.meeting import AtWork, meet
from server.exchange.models import Import
from server.exchange.service import imports as service
from server.exchange.sheets.base import Changed
from server.exchange.steps import Worker
from server.search.models import SearchWord
from server.search.service import refresh
from server.storage.models import Container, Custody, FieldDefinition, Vial, VialAlias
from tests.support.imports import Importing
from tests.support.shelves import START, Shelves
from tests.support.waiting import eventually

HEADER = "code,lot,box,position,volume_ul,comment,aliases,field:frozen_on\n"


@dataclass
class Bank:
    importing: Importing
    database: Database

    def applying(self, rows: int) -> tuple[int, AtWork]:
        """Return an import that is about to be applied, and what its worker knows of it."""
        lines = (f"V{n:03},LOT1,BOX{n // 81},,500,fine tube,OLD{n},2021-03-04" for n in range(rows))
        import_id = self.importing.checked("vials", HEADER + "\n".join(lines))
        with self.database.writing() as session:
            made = session.get_one(Import, import_id)
            service.apply(session, self.importing.actor, made, "all", at=self.importing.clock.now())
        return import_id, meet(self.database, self.importing.clock, import_id)


@pytest.fixture
def bank(database: Database) -> Bank:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        shelves.lot(org, code="LOT1")
        for n in range(3):
            shelves.box(org, f"BOX{n}")
        session.add(
            FieldDefinition(
                org_id=org.id, subject="vial", code="frozen_on", name="Frozen", kind="date",
                created_at=START,
            )
        )  # fmt: skip
        org_id = org.id
    return Bank(Importing(database, org_id), database)


@pytest.fixture
def beside(bank: Bank) -> Iterator[tuple[AtWork, Beside]]:
    import_id, known = bank.applying(30)
    made = Beside(bank.database, import_id, known.here)
    yield known, made
    made.close()


def test_prepared_rows_are_put_where_all_is_as_it_was(bank: Bank) -> None:
    _, known = bank.applying(5)
    part = known.parts.take(1, 5)
    assert part is not None
    with bank.database.writing() as session:
        known.work.apply_prepared(session, part.ready, START)

    with bank.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Custody)) == 5


@pytest.mark.parametrize("what", ["box", "alias", "field", "barcode"])
def test_what_has_changed_since_makes_rows_be_checked_again(bank: Bank, what: str) -> None:
    _, known = bank.applying(5)
    part = known.parts.take(1, 5)
    assert part is not None
    with bank.database.writing() as session:
        if what == "box":
            session.scalars(select(Container).where(Container.code == "BOX0")).one().retired_at = START  # fmt: skip
        elif what == "field":
            session.scalars(select(FieldDefinition)).one().required = True
        elif what == "barcode":
            session.scalars(
                select(Container).where(Container.code == "BOX2")
            ).one().barcode = "v003"
        else:
            other = Shelves(session).vial(
                Shelves(session).lot(Shelves(session).org("OTHER")), "ANOTHER"
            )
            session.add(
                VialAlias(vial_id=other.id, code="V003", kind="label", at=START, by_name="t")
            )

    with pytest.raises(Changed), bank.database.writing() as session:
        known.work.apply_prepared(session, part.ready, START)
    with bank.database.reading() as session:
        assert not session.scalar(select(Vial.id).where(Vial.code.like("V00%")))


def test_the_words_of_prepared_vials_are_those_of_the_index(bank: Bank) -> None:
    import_id, _ = bank.applying(4)
    bank.importing.work()
    assert bank.importing.get(import_id).applied == 4

    def words() -> set[tuple[int, str]]:
        with bank.database.reading() as session:
            rows = session.execute(
                select(SearchWord.thing_id, SearchWord.word).where(SearchWord.kind == "vial")
            )
            return {(thing, word) for thing, word in rows}

    before = words()
    with bank.database.writing() as session:
        refresh(session, "vial", session.scalars(select(Vial.id)).all())
    assert {word for _, word in before} >= {"fine", "tube", "old3", "20210304"}
    assert words() == before


def test_a_process_beside_prepares_the_rows(beside: tuple[AtWork, Beside]) -> None:
    _known, made = beside
    eventually(made._is_up, timeout=60)
    first = made.take(1, 10)
    second = made.take(11, 10)

    assert first is not None
    assert second is not None
    assert (first.size, first.coming, first.through, second.through) == (10, 10, 11, 21)
    assert first.ready is not None
    assert not set(first.ready.ids) & set(second.ready.ids)
    assert next(item.values["code"] for item in made.again(second).items) == "V010"
    assert made.take(31, 10) is None


def test_where_the_process_is_lost_the_worker_goes_on(beside: tuple[AtWork, Beside]) -> None:
    _known, made = beside
    eventually(made._is_up, timeout=60)
    assert made.take(1, 10) is not None
    assert made._process.pid
    os.kill(made._process.pid, signal.SIGKILL)
    made._process.join(10)
    part = made.take(11, 10)

    assert part is not None
    assert (part.after, part.size) == (11, 10)
    assert part.ready is not None


def test_a_large_import_comes_in_by_way_of_the_process(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LARGE", 10)
    monkeypatch.setattr("server.exchange.pace.FIRST_ROWS", 20)
    monkeypatch.setattr("server.exchange.pace.paced", lambda *_: 20)
    monkeypatch.setattr("server.exchange.beside.Beside._is_up", _patient)
    import_id, _ = bank.applying(200)
    worker = Worker(bank.database, SystemClock(), "tests", beside=True)
    while worker.step():
        pass

    made = bank.importing.get(import_id)
    assert (made.state, made.applied, made.because) == ("applied", 200, "{}")
    with bank.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Vial)) == 200


def _patient(made: Beside) -> bool:
    """Wait for the process instead of preparing rows here until it is up."""
    if not made._up and not made._line.closed:
        made._up = made._line.recv() == "up"
    return made._up
