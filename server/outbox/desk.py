"""Hands letters to the sender of this process at the moment of their commit.

A transaction that posts letters needs no second look at the database: it writes them as claimed
by this process's sender, and gives them to it when, and only when, it has committed.
"""

from datetime import datetime
from typing import Protocol

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from server.core.db import Database
from server.outbox.models import Letter
from server.outbox.rules import CLAIM, Parcel

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


def hand_over(session: Session, letter: Letter, at: datetime) -> bool:
    """Claim a new letter for this process's sender; says whether there is one that carries it."""
    desk: Desk | None = session.info.get(_DESK)
    if desk is None or not desk.carries(letter.channel):
        return False
    letter.claimed_by = desk.name
    letter.try_at = at + CLAIM
    if _POSTED not in session.info:
        session.info[_POSTED] = []
        event.listen(session, "after_commit", _committed)
        event.listen(session, "after_rollback", _rolled_back)
    session.info[_POSTED].append(letter)
    return True


def parcel_of(letter: Letter) -> Parcel:
    """Return the letter as a sender carries it."""
    return Parcel(
        id=letter.id,
        message_id=letter.message_id,
        channel=letter.channel,
        address=letter.address,
        subject=letter.subject,
        body=letter.body,
        urgent=letter.urgent,
        attempts=letter.attempts,
        created_at=letter.created_at,
        claimed_until=letter.try_at,
        org_id=letter.org_id,
        useful_until=letter.useful_until,
    )


def _committed(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint was released; nothing is durable yet
        return
    posted: list[Letter] = session.info[_POSTED]
    kept = [letter for letter in posted if inspect(letter).persistent]
    posted.clear()
    if kept:
        session.info[_DESK].take([parcel_of(letter) for letter in kept])


def _rolled_back(session: Session) -> None:
    if (
        session.in_nested_transaction()
    ):  # only the savepoint's letters are gone; they are not persistent
        return
    session.info[_POSTED].clear()
