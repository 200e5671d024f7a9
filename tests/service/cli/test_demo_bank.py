"""The demonstration bank: whole, believable, quick, and made only once."""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.accounts import secrets
from server.accounts.models import Grant, Person
from server.accounts.rules import PERMISSIONS
from server.audit.models import AuditEntry
from server.catalogue.models import Lot
from server.cli import demo_bank
from server.cli.demo_lines import LINES
from server.core.clock import FixedClock
from server.core.db import Database
from server.core.errors import Conflict
from server.distribution import rules as requests
from server.distribution.models import Request
from server.outbox.models import Letter
from server.parties.models import Organisation
from server.storage import queries
from server.storage.models import Container, Custody, Site, Vial
from server.telemetry.models import Agent, Channel, ReadingHour

NOW = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)


def build(database: Database, folder: Path) -> demo_bank.DemoSummary:
    return demo_bank.build(database, FixedClock(NOW), now=NOW, folder=folder)


def test_the_bank_is_what_the_docs_say(database: Database, tmp_path: Path) -> None:
    began = time.monotonic()
    made = build(database, tmp_path)
    took_s = time.monotonic() - began

    assert 2800 <= made.vials <= 3500
    assert took_s < 20  # about two seconds; a machine that does ten things at once is given time
    with database.reading() as session:
        counted = {
            model: session.scalar(select(func.count()).select_from(model))
            for model in (Organisation, Site, Vial, Agent)
        }
        assert counted == {Organisation: 3, Site: 2, Vial: made.vials, Agent: 3}
        freezers = session.scalars(select(Container).where(Container.kind == "freezer")).all()
        inside = queries.vials_inside(session, [freezer.id for freezer in freezers])
        assert len(freezers) == 5
        assert all(inside.values())
        states = Counter(session.scalars(select(Request.state)))
        assert set(states) == set(requests.State)
        assert session.scalar(select(func.count()).select_from(ReadingHour)) == 4 * 4 * 30 * 24
        assert session.scalar(select(func.count()).where(Letter.state == "waiting")) == 0


def test_every_vial_is_where_its_state_says(database: Database, tmp_path: Path) -> None:
    build(database, tmp_path)
    expected = {"in_storage": "position", "checked_out": "bench", "shipped": "recipient"}
    with database.reading() as session:
        live = select(Vial.state, Custody.place, func.count()).join(
            Custody, Custody.vial_id == Vial.id
        )
        live = live.where(Custody.ended_at.is_(None)).group_by(Vial.state, Custody.place)
        rows = session.execute(live).all()
        assert all(expected[state] == place for state, place, _ in rows)
        assert sum(n for *_, n in rows) == session.scalar(select(func.count()).select_from(Vial))
        assert not session.scalars(select(Lot).where(Lot.created_at > NOW)).all()
        assert not session.scalars(select(Custody).where(Custody.began_at > NOW)).all()


def test_everybody_can_sign_in_and_each_role_is_there(database: Database, tmp_path: Path) -> None:
    made = build(database, tmp_path)
    with database.reading() as session:
        people = {person.email: person for person in session.scalars(select(Person))}
        assert {role for role, _, _ in made.sign_ins} == set(PERMISSIONS)
        assert set(session.scalars(select(Grant.role))) == set(PERMISSIONS)
        for _, email, password in made.sign_ins[:1]:
            assert secrets.is_password(people[email].password_hash, password)


def test_a_second_start_changes_nothing_and_knows_the_agents(
    database: Database, tmp_path: Path
) -> None:
    first = build(database, tmp_path)
    with database.reading() as session:
        entries = session.scalar(select(func.count()).select_from(AuditEntry))
    again = build(database, tmp_path)

    assert (again.vials, again.agents, again.sign_ins) == (0, first.agents, first.sign_ins)
    assert [file.stat().st_mode & 0o077 for file in tmp_path.glob("*.json")] == [0]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == entries
        assert session.scalar(select(func.count()).select_from(Channel)) == 16


def test_a_half_made_bank_is_said_so(database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        session.add(Organisation(code="DEMO", name="Half", created_at=NOW))

    with pytest.raises(Conflict, match="interrupted"):
        build(database, tmp_path)


@pytest.mark.needs("shared data")
@pytest.mark.group("shared data")
def test_the_lines_are_real(shared_data: Path) -> None:
    import csv
    import gzip

    names: dict[str, set[str]] = {}
    with gzip.open(
        shared_data / "cellosaurus" / "cellosaurus_v33_names.csv.gz", "rt", encoding="utf-8"
    ) as file:
        for row in csv.DictReader(file):
            names.setdefault(row["accession"], set()).add(row["name"])
    wrong = {line.name: sorted({line.name, *line.names} - names[line.accession]) for line in LINES}
    assert not {name: missing for name, missing in wrong.items() if missing}
