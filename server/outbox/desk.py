"""Hands letters to the sender of this process at the moment of their commit.

A transaction that posts letters needs no second look at the database: it writes them as claimed
by this process's sender, and gives them to it when, and only when, it has committed.
"""

from typing import Protocol

from sqlalchemy import event
from sqlalchemy.orm import Session

from server.core.db import Database
from server.outbox.rules import Parcel

_DESK = "outbox.desk"
_POSTED = "outbox.posted"


class Desk(Protocol):
    """What a sender offers to transactions of its own process."""

    name: str

    def carries(self, channel: str) -> bool:
        """Say whether letters of this channel can leave at all."""

    def take(self, parcels: list[Parcel]) -> None:
        """Send these; they are committed, and claimed for this sender."""


def open_at(database: Database, desk: Desk) -> None:
    """Let every transaction of this database hand its letters to this desk."""
    database.info[_DESK] = desk


def close_at(database: Database) -> None:
    """Let letters of later transactions wait for any sender."""
    database.info.pop(_DESK, None)


def of(session: Session, channel: str) -> Desk | None:
    """Return the desk that a letter can be handed over to; none inside a savepoint, which may be undone."""
    desk: Desk | None = session.info.get(_DESK)
    if desk is None or session.in_nested_transaction() or not desk.carries(channel):
        return None
    return desk


def hand_over(session: Session, parcel: Parcel) -> None:
    """Give a letter that is written as claimed to its desk, once this transaction has committed."""
    if _POSTED not in session.info:
        session.info[_POSTED] = []
        event.listen(session, "after_commit", _committed)
        event.listen(session, "after_rollback", _rolled_back)
    session.info[_POSTED].append(parcel)


def _committed(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint was released; nothing is durable yet
        return
    posted: list[Parcel] = session.info[_POSTED]
    if posted:
        session.info[_DESK].take(list(posted))
        posted.clear()


def _rolled_back(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info[_POSTED].clear()
