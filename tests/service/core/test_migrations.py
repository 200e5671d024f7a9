"""Migrations go up and down with rows in the tables, on both databases, and end where the models are."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    func,
    insert,
    inspect,
    select,
    text,
)

from server import schema
from server.core.db import Database, UtcDateTime
from server.storage.models import FreezerPlace

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


Special = Mapping[str, Mapping[str, object]]


def fill(
    database: Database, metadata: MetaData = schema.METADATA, special: Special | None = None
) -> dict[str, int]:
    """Put one row into every table, foreign keys kept; returns how many rows each has."""
    with database.writing() as session:
        for table in metadata.sorted_tables:
            own = (special or SPECIAL).get(table.name, {})
            values = {
                column.name: sample(column)
                for column in table.columns
                if column.name not in own and needs_value(column)
            }
            session.execute(insert(table).values(**values, **own))
    return counted(database, metadata)


def counted(database: Database, metadata: MetaData) -> dict[str, int]:
    with database.reading() as session:
        return {
            t.name: session.scalar(select(func.count()).select_from(t)) or 0
            for t in metadata.sorted_tables
        }


def as_it_is(database: Database) -> MetaData:
    """Return the tables that the database has, without the note of its revision."""
    found = MetaData()
    found.reflect(database.engine)
    found.remove(found.tables["alembic_version"])
    return found


def partial_indexes(database: Database) -> set[str]:
    """Return the names of the indexes that hold for some rows only, whichever database keeps them."""
    of = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE '% WHERE %'",
    }
    with database.reading() as session:
        return set(session.scalars(text(of[database.dialect])))


SAMPLES = (
    (Boolean, True),
    (Integer, 1),
    (Float, 1.0),
    (String, "x"),
    (LargeBinary, b"x"),
    (DateTime, NOW),
    (Date, NOW.date()),
)

SPECIAL = {
    "container": {"kind": "rack"},
    "container_type": {"kind": "rack"},
    "custody": {"place": "bench", "vial_id": 1},
    "alarm_rule": {"kind": "high", "severity": "critical"},
    "suspension": {"mode": "out_of_service"},
    "drill": {"outcome": "answered"},
    "late_policy": {"policy": "call"},
    "freezer_entry": {"kind": "note"},
    "label_template": {"symbol": "none"},
    "work_list": {"kind": "pick"},
    "discrepancy": {"kind": "missing"},
    "offline_act": {"outcome": "done"},
    "position_audit": {"state": "open"},
    "audited_position": {"state": "waiting"},
    "shipment": {"kind": "incoming"},
    "shipment_line": {"state": "expected"},
    "stock_take": {"state": "open"},
    "stock_take_box": {"state": "waiting"},
}


def needs_value(column) -> bool:
    numbered = column.primary_key and column.autoincrement is not False and not column.foreign_keys
    numbered = (
        numbered
        and len(column.table.primary_key.columns) == 1
        and isinstance(plain(column.type), Integer)
    )
    return not column.nullable and not numbered


def sample(column) -> object:
    return next(value for kind, value in SAMPLES if isinstance(plain(column.type), kind))


def plain(kind) -> object:
    return kind.impl if isinstance(kind, UtcDateTime) else kind


def test_every_table_survives_up_down_and_up_again(database: Database) -> None:
    counts = fill(database)
    assert counts
    assert set(counts.values()) == {1}

    schema.downgrade(database, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}

    schema.upgrade(database)
    assert schema.is_current(database)
    assert fill(database) == counts


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_bank_of_an_earlier_version_is_led_up_and_back(database: Database, revision: str) -> None:
    guarded = partial_indexes(database)
    schema.downgrade(database, revision)
    before = as_it_is(database)
    counts = fill(database, before)
    assert set(counts.values()) == {1}

    schema.upgrade(database)
    assert counted(database, before) == counts
    assert partial_indexes(database) == guarded

    schema.downgrade(database, revision)
    assert counted(database, before) == counts
    assert {"uq_custody_live_position", "uq_custody_live_vial"} <= partial_indexes(database)


def test_where_a_freezer_stands_becomes_its_first_place(database: Database) -> None:
    schema.downgrade(database, "0002")
    tables = as_it_is(database)
    fill(database, tables, SPECIAL | {"container": {"kind": "freezer", "room_id": 1}})

    schema.upgrade(database)
    with database.reading() as session:
        (place,) = session.scalars(select(FreezerPlace))
    assert (place.freezer_id, place.room_id, place.power_circuit_id) == (1, 1, None)
    assert (place.began_at, place.began_recorded_at, place.ended_at) == (None, NOW, None)


def test_the_migrations_end_where_the_models_are(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, schema.METADATA)

    assert differences == []
