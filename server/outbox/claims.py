"""The outbox's statements: which letters are due, who sends them, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, literal, or_, select, update
from sqlalchemy.orm import Session

from server.core.plain import Plain, together, whole_row
from server.outbox.models import Letter, LetterTry, WebhookKey
from server.outbox.rules import (
    CLAIM,
    KEEP_TRYING,
    PER_ADDRESS,
    Parcel,
    is_given_up,
    longest_wait_s,
    wait_s,
)

AT_ONCE = 200
UNTOLD = frozenset({"event"})
"""Channels to machines, by the thousand: how often a letter was tried is counted, but each try is not kept."""
letter: Any = Letter.__table__
"""The table itself: claims and marks are sets of rows, not objects."""


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt: `error` empty where the receiver took the letter.

    `put_off` are letters of the same lane that were not tried, because their receiver is down;
    `recovered` says that the receiver has taken a letter again.
    """

    parcel: Parcel
    at: datetime
    error: str = ""
    put_off: tuple[Parcel, ...] = ()
    recovered: bool = False
    took_ms: int = 0


def due(session: Session, channels: Sequence[str], now: datetime) -> list[int]:
    """Return the letters that can be tried now, the urgent ones first; only reads."""
    return list(
        session.scalars(
            select(letter.c.id)
            .where(
                letter.c.state == "waiting", letter.c.try_at <= now, letter.c.channel.in_(channels)
            )
            .order_by(letter.c.urgent.desc(), letter.c.try_at)
            .limit(AT_ONCE)
        )
    )


def claim(session: Session, ids: list[int], name: str, now: datetime) -> list[Parcel]:
    """Claim those of these letters that nobody else took meanwhile, for as long as CLAIM."""
    free = (
        select(letter.c.id)
        .where(letter.c.id.in_(ids), letter.c.state == "waiting", letter.c.try_at <= now)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(letter)
        .where(letter.c.id.in_(free))
        .values(
            claimed_by=name,
            try_at=now + CLAIM,
            maybe_sent=or_(letter.c.maybe_sent, letter.c.claimed_by != ""),  # a claim that ran out
        )
        .returning(letter)
    )
    return [_parcel(row) for row in rows]


def mark(session: Session, outcomes: Sequence[Outcome], chance: float) -> list[Parcel]:
    """Write down what became of these; returns the letters that were given up."""
    with together(session):
        for outcome in outcomes:
            if not outcome.error:
                _SENT.ask(session, letter_id=outcome.parcel.id, at=outcome.at)
            if outcome.parcel.channel not in UNTOLD:
                _TRIED.ask(session, **_try(outcome))
    given_up: list[Parcel] = []
    for outcome in outcomes:
        if outcome.error:
            given_up += _failed(session, outcome, chance)
        elif outcome.recovered:
            _let_others_try(session, outcome)
    return given_up


def overdue(session: Session, now: datetime) -> list[int]:
    """Return the letters that nobody is trying and that are too old to be tried; only reads."""
    return list(session.scalars(select(letter.c.id).where(_overdue(now)).limit(AT_ONCE)))


def give_up(session: Session, ids: list[int], now: datetime) -> list[int]:
    """Give up those of these that are still waiting and too old; returns which."""
    found = session.execute(
        update(letter)
        .where(letter.c.id.in_(ids), _overdue(now))
        .values(state="given_up", claimed_by="")
        .returning(letter.c.id)
    )
    return list(found.scalars())


def _overdue(now: datetime) -> ColumnElement[bool]:
    return and_(
        letter.c.state == "waiting",
        or_(letter.c.created_at <= now - KEEP_TRYING, letter.c.useful_until <= now),
        or_(letter.c.claimed_by == "", letter.c.try_at <= now),
    )


def release(session: Session, name: str, now: datetime, *, died: bool = False) -> int:
    """Give back what this sender claimed and has not sent; returns how many letters.

    Of one that died nobody knows what it had sent and not yet marked: these may have got through.
    """
    found = session.execute(
        update(letter)
        .where(letter.c.claimed_by == name, letter.c.state == "waiting")
        .values(claimed_by="", try_at=now, maybe_sent=or_(letter.c.maybe_sent, literal(died)))
    )
    return int(found.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def claimants(session: Session) -> list[str]:
    """Return the senders that hold claims now."""
    holding = select(letter.c.claimed_by).where(
        letter.c.state == "waiting", letter.c.claimed_by != ""
    )
    return list(session.scalars(holding.distinct()))


def secret_of(session: Session, org_id: int | None, address: str) -> str:
    """Return the secret with which this organisation's letters to the webhook are signed; empty for none."""
    return (
        session.scalar(
            select(WebhookKey.secret).where(
                WebhookKey.org_id == org_id, WebhookKey.address == address
            )
        )
        or ""
    )


_SENT = Plain(
    update(letter)
    .where(letter.c.id == bindparam("letter_id"))
    .values(
        state="sent",
        sent_at=bindparam("at"),
        attempts=letter.c.attempts + 1,
        claimed_by="",
        last_error="",
    )
)


_TRIED = Plain(whole_row(LetterTry))


def _try(outcome: Outcome) -> dict[str, object]:
    return {
        "letter_id": outcome.parcel.id,
        "at": outcome.at,
        "took_ms": outcome.took_ms,
        "sent": not outcome.error,
        "error": outcome.error[:500],
    }


_FAILED = (
    update(letter)
    .where(letter.c.id == bindparam("letter_id"), letter.c.state == "waiting")
    .values(
        state=bindparam("becomes"),
        attempts=bindparam("tried"),
        try_at=bindparam("again_at"),
        claimed_by="",
        last_error=bindparam("error"),
    )
)


def _failed(session: Session, outcome: Outcome, chance: float) -> list[Parcel]:
    """Each letter waits by its own attempts; one that was put off counts as tried, for its receiver is down."""
    parcels = (outcome.parcel, *outcome.put_off)
    session.connection().execute(_FAILED, [_failure(one, outcome, chance) for one in parcels])
    return [one for one in parcels if _is_lost(one, outcome.at)]


def _is_lost(parcel: Parcel, now: datetime) -> bool:
    return is_given_up(parcel.created_at, now, parcel.useful_until)


def _failure(parcel: Parcel, outcome: Outcome, chance: float) -> dict[str, object]:
    attempts = parcel.attempts + 1
    wait = wait_s(attempts, chance, longest_wait_s(parcel, outcome.at))
    return {
        "letter_id": parcel.id,
        "becomes": "given_up" if _is_lost(parcel, outcome.at) else "waiting",
        "tried": attempts,
        "again_at": outcome.at + timedelta(seconds=wait),
        "error": outcome.error[:500],
    }


def _let_others_try(session: Session, outcome: Outcome) -> None:
    """The receiver is back: what waits for it need not wait longer. All mail has one receiver."""
    parcel = outcome.parcel
    waiting = update(letter).where(
        letter.c.channel == parcel.channel,
        letter.c.state == "waiting",
        letter.c.claimed_by == "",
        letter.c.try_at > outcome.at,
    )
    if parcel.channel in PER_ADDRESS:
        waiting = waiting.where(letter.c.address == parcel.address)
    session.execute(waiting.values(try_at=outcome.at))


def _parcel(row: Row[Any]) -> Parcel:
    return Parcel(
        id=row.id,
        message_id=row.message_id,
        channel=row.channel,
        address=row.address,
        subject=row.subject,
        body=row.body,
        urgent=row.urgent,
        attempts=row.attempts,
        created_at=row.created_at,
        claimed_until=row.try_at,
        org_id=row.org_id,
        useful_until=row.useful_until,
        maybe_sent=bool(row.maybe_sent),
    )
