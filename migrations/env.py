"""Alembic's entry: runs inside the connection that server.schema hands over."""

from alembic import context
from sqlalchemy import Connection

from server.core.db import UtcDateTime
from server.schema import METADATA


def render(kind: str, thing: object, _autogen: object) -> str | bool:
    """Write Cryokeep's moment as the plain type that the database keeps."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_item=render,
        render_as_batch=True,
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
