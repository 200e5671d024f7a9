"""Connections to PostgreSQL: some that write, some that can only read, none that is dead.

Half the time of a short page used to be round trips that carry nothing: a ping before, BEGIN, and
ROLLBACK after. Readers need none of them: each statement is its own transaction, which sees exactly
what it would see in the READ COMMITTED one, and the server refuses their writes. And whether the
server still holds the line is asked of the socket, which costs no round trip.
"""

import select
from time import monotonic
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError

IDLE_S = 30.0  # a firewall on the way may forget a line that is silent for long
PREPARED = 250  # statements that the server keeps planned for each connection
PREPARED_AFTER = 3  # uses


def postgresql(url: URL, pool_size: int) -> Engine:
    """Return an engine with live connections; those used last are used first, as they are warm."""
    engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size * 4, pool_use_lifo=True)
    event.listen(engine, "connect", _prepare_more)
    _keep_alive(engine)
    return engine


def reading(engine: Engine) -> Engine:
    """Return the engine for what only reads: one of its own on PostgreSQL, this one on SQLite."""
    if engine.dialect.name != "postgresql":
        return engine
    pool: Any = engine.pool
    readers = create_engine(
        engine.url,
        pool_size=pool.size(),
        max_overflow=pool.size() * 4,
        pool_use_lifo=True,
        isolation_level="AUTOCOMMIT",
    )
    event.listen(readers, "connect", _prepare_more)
    event.listen(readers, "connect", _refuse_writes)
    _keep_alive(readers)
    return readers


def _prepare_more(connection: Any, _record: object) -> None:  # noqa: ANN401  psycopg is an extra
    connection.prepared_max, connection.prepare_threshold = PREPARED, PREPARED_AFTER


def _refuse_writes(connection: Any, _record: object) -> None:  # noqa: ANN401  see above
    connection.autocommit = True
    connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")


def _keep_alive(engine: Engine) -> None:
    def look(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401  see above
        if not _is_doubtful(connection, record.info.get("returned_at")):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # what one has lost, all have

    def note(_connection: object, record: Any) -> None:  # noqa: ANN401  see above
        record.info["returned_at"] = monotonic()

    event.listen(engine, "checkout", look)
    event.listen(engine, "checkin", note)


def _is_doubtful(connection: Any, returned_at: float | None) -> bool:  # noqa: ANN401  see above
    """Say whether the connection must be asked: it was idle for long, or has something to tell (its end)."""
    if returned_at is None:
        return False
    if monotonic() - returned_at > IDLE_S:
        return True
    line = select.poll()
    line.register(connection.fileno(), select.POLLIN)
    return bool(line.poll(0))
