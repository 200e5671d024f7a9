"""The way of a reading through the worker: one transaction for what has arrived, then the answers."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from edge_agent.wire import codec, topics
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Bad
from server.alarms import button, happenings
from server.alarms.ingest import Judge
from server.core.clock import Clock
from server.core.db import Database
from server.telemetry import arrival, record, rejected
from server.telemetry.arrival import Arrival
from server.telemetry.known import Known
from server.telemetry.record import Answer
from server.telemetry.stores import store_of
from server.worker.client import Incoming

_LOG = logging.getLogger(__name__)
_READINGS_A_MESSAGE = 60
"""While a database of its own process stores so many readings, one message can be read at the least."""


@dataclass
class Desk:
    """What the ingest path works with."""

    database: Database
    clock: Clock
    prefix: str = topics.PREFIX
    known: Known = field(default_factory=Known)
    judge: Judge = field(default_factory=Judge)
    readings: int = 0
    messages: int = 0
    next: Callable[[], Sequence[Incoming]] = tuple
    """Says which messages have arrived behind the group that is worked on."""


def on_messages(desk: Desk, group: Sequence[Incoming]) -> list[Answer]:
    """Store and judge what has arrived, in one transaction, and return what to answer after it.

    Raises whatever the database raises; then nothing of the group has been stored.
    """
    now = desk.clock.now()
    arrivals = [_read(desk, message) for message in group]
    try:
        with desk.database.writing() as session:
            recorded = record.record(
                session, arrivals, desk.known, now=now, prefix=desk.prefix,
                meanwhile=lambda readings: _read_ahead(desk, readings // _READINGS_A_MESSAGE),
            )  # fmt: skip
            desk.judge.consider(session, recorded.columns(), now=now, fresh=recorded.fresh)
            happenings.consider(session, recorded.happened, now=now)
            button.acknowledge(session, recorded.presses, now=now)
    except BaseException:
        desk.known.forget()
        raise
    desk.messages += len(group)
    desk.readings += sum(len(column.times) for column in recorded.stored)
    return recorded.answers


def _read(desk: Desk, message: Incoming) -> Arrival:
    """Read a message, once."""
    found = message.arrival
    if found is None:
        found = message.arrival = arrival.read(
            message.topic, message.payload, desk.prefix, retained=message.retained
        )
    return found


def _read_ahead(desk: Desk, most: int) -> None:
    """Read so many messages of the next group; what cannot be read is that group's own trouble."""
    with suppress(Exception):
        for message in desk.next()[:most]:
            _read(desk, message)


def one_by_one(
    desk: Desk, group: Sequence[Incoming], *, after_outages: bool = False
) -> list[Answer]:
    """Do the same with each message alone: a poisonous one is set aside, the good ones are stored.

    Raises at an outage. With `after_outages`, a message that brings one while the database answers
    otherwise is left unanswered instead, and comes again from its agent.
    """
    answers: list[Answer] = []
    for message in group:
        try:
            answers += on_messages(desk, [message])
        except Exception as error:  # whatever one message does must not stop the others
            if not is_outage(error):
                answers += _set_aside_if_possible(desk, message, error)
            elif after_outages and _answers(desk.database):
                _LOG.exception("message left unanswered", extra={"topic": message.topic})
            else:
                raise
    return answers


def _set_aside_if_possible(desk: Desk, message: Incoming, error: Exception) -> list[Answer]:
    _LOG.error("message set aside", exc_info=error, extra={"topic": message.topic})
    try:
        return set_aside(desk, message, error)
    except Exception as trouble:
        if is_outage(trouble):
            raise
        _LOG.exception("message left unanswered", extra={"topic": message.topic})
        return []


def _answers(database: Database) -> bool:
    """Say whether the database takes a transaction at present."""
    try:
        with database.writing() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:
        if is_outage(error):
            return False
        raise
    return True


def set_aside(desk: Desk, message: Incoming, error: Exception) -> list[Answer]:
    """Keep a message that the database refuses with the reason, and answer that it is bad."""
    read = arrival.read(message.topic, message.payload, desk.prefix)
    why = WireError("not_storable", f"the database refuses the message: {type(error).__name__}")
    now = desk.clock.now()
    with desk.database.writing() as session:
        names = [(read.topic.site, read.topic.agent)] if read.topic else []
        agent = store_of(session).agents(names).get(names[0]) if names else None
        rejected.keep(session, read, agent, why, now=now)
    if read.topic is None or agent is None or agent.revoked:
        return []
    topic = topics.build("ack", read.topic.site, read.topic.agent, prefix=desk.prefix)
    return [Answer(topic, codec.encode(Bad(codec.crc(message.payload), why.sentence)))]


def is_outage(error: BaseException) -> bool:
    """Say whether the database itself is in trouble (try again later) rather than what was written."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(
        error, (OperationalError, InterfaceError, sqlite3.OperationalError, *_driver_outages())
    )


def _driver_outages() -> tuple[type[Exception], ...]:
    try:
        import psycopg  # noqa: PLC0415  an extra that only PostgreSQL needs
    except ImportError:
        return ()
    return (psycopg.OperationalError, psycopg.InterfaceError)
