"""The `database` fixture: migrated, empty, and one test's own."""

from sqlalchemy import inspect

from server import schema


def test_the_database_is_migrated_and_ones_own(database):
    assert schema.is_current(database)
    assert "vial" in inspect(database.engine).get_table_names()
