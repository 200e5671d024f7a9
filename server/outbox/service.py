"""Posts letters: rows in the same transaction as what they tell of."""

from dataclasses import replace
from datetime import datetime
from secrets import token_hex

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.plain import Plain, whole_row
from server.core.wake import announce
from server.core.words import N_
from server.outbox import desk
from server.outbox.models import Letter
from server.outbox.rules import CLAIM, KEEP_TRYING, LETTERS, Parcel

_LETTER = Plain(whole_row(Letter).returning(Letter.id))


def post(
    session: Session,
    channel: str,
    address: str,
    subject: str,
    body: str,
    *,
    at: datetime,
    about: tuple[str, int] | None = None,
    urgent: bool = False,
    org_id: int | None = None,
    useful_until: datetime | None = None,
) -> int:
    """Queue a letter and return its number; it leaves when this transaction has committed, never before.

    It is given up after KEEP_TRYING, or at `useful_until`, when what it says has run out.

    Where a sender runs in this process, the letter is claimed for it at once, so that it needs no
    second look at the database; a claim that is not kept runs out and any sender may take it.
    """
    found = desk.of(session, channel)
    parcel = Parcel(
        id=0,
        message_id=f"{token_hex(16)}@cryokeep",
        channel=channel,
        address=address,
        subject=subject,
        body=body,
        urgent=urgent,
        attempts=0,
        created_at=at,
        claimed_until=at + CLAIM if found else at,
        org_id=org_id,
        useful_until=useful_until,
    )
    letter_id = _write(session, parcel, about, found.name if found else "")
    if found:
        desk.hand_over(session, replace(parcel, id=letter_id))
    else:
        announce(session, LETTERS)
    return letter_id


def _write(session: Session, parcel: Parcel, about: tuple[str, int] | None, claimed_by: str) -> int:
    return int(
        _LETTER.ask(
            session,
            message_id=parcel.message_id,
            channel=parcel.channel,
            address=parcel.address,
            subject=parcel.subject,
            body=parcel.body,
            about_kind=about[0] if about else "",
            about_id=about[1] if about else None,
            urgent=parcel.urgent,
            org_id=parcel.org_id,
            state="waiting",
            created_at=parcel.created_at,
            try_at=parcel.claimed_until,
            claimed_by=claimed_by,
            maybe_sent=False,
            attempts=0,
            last_error="",
            sent_at=None,
            useful_until=parcel.useful_until,
        ).value()
    )


def send_again(session: Session, actor: Actor, letter: Letter, *, at: datetime) -> None:
    """Let a letter that was given up, or waits for its next attempt, be tried now.

    One that was sent, or is being sent at this moment, or whose link has run out, is refused.
    """
    if letter.state == "sent" or letter.claimed_by:
        raise Conflict(
            Refusal("letter_not_waiting", N_("This letter has been sent, or is just being sent."))
        )
    if letter.useful_until is not None and letter.useful_until <= at:
        because = N_("The link in this letter has run out; ask for a new one.")
        raise Conflict(Refusal("letter_run_out", because))
    letter.state = "waiting"
    letter.try_at = at
    letter.created_at = max(
        letter.created_at, at - KEEP_TRYING / 2
    )  # else its first failure gives it up again
    audit.record(
        session, actor, "letter.sent_again", "letter", str(letter.id), at=at, org_id=letter.org_id
    )
    announce(session, LETTERS)
