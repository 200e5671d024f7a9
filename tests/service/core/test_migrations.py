"""Migrations go up and down with rows in the tables, on both databases, and end where the models are."""

from datetime import UTC, datetime

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    func,
    insert,
    inspect,
    select,
)

from server import schema
from server.core.db import Database, UtcDateTime

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def fill(database: Database) -> dict[str, int]:
    """Put one row into every table, foreign keys kept; returns the tables."""
    with database.writing() as session:
        for table in schema.METADATA.sorted_tables:
            values = {
                column.name: sample(column) for column in table.columns if needs_value(column)
            }
            session.execute(insert(table).values(**values, **SPECIAL.get(table.name, {})))
    with database.reading() as session:
        return {
            t.name: session.scalar(select(func.count()).select_from(t)) or 0
            for t in schema.METADATA.sorted_tables
        }


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
    "custody": {"place": "bench", "vial_id": 1},
    "alarm_rule": {"kind": "high", "severity": "critical"},
}


def needs_value(column) -> bool:
    if column.name in SPECIAL.get(column.table.name, {}):
        return False
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


def test_the_migrations_end_where_the_models_are(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, schema.METADATA)

    assert differences == []
