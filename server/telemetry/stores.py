"""Chooses the store for a session's database."""

from sqlalchemy.orm import Session

from server.telemetry.store import Store
from server.telemetry.store_postgresql import PostgresqlStore
from server.telemetry.store_sqlite import SqliteStore


def store_of(session: Session) -> Store:
    """Return the store for the session's database; begins the transaction."""
    connection = session.connection()
    raw = connection.connection.driver_connection
    return SqliteStore(raw) if connection.dialect.name == "sqlite" else PostgresqlStore(raw)
