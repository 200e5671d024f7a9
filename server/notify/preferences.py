"""How a person wants to be reached: further addresses, quiet hours, how often at most, when away."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hmac import compare_digest
from secrets import randbelow
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.accounts.secrets import digest
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Gone, Invalid, NotFound, Refusal, TooMany
from server.core.words import N_, say
from server.notify import holding, hours
from server.notify.models import Absence, Contact, QuietHours, Reach
from server.notify.steps import why_not_address
from server.outbox.rules import GATEWAY, shown_gateway
from server.outbox.service import post

CONTACT_CHANNELS = ("smtp", GATEWAY)
MOST_CONTACTS, MOST_QUIET = 10, 20
CODE_HOLDS = timedelta(minutes=30)
MOST_WRONG = 5
_SUBJECT = N_("%(code)s is your Cryokeep code for this address")
_BODY = N_("Somebody wants alarms of Cryokeep to come here. If that is you, type %(code)s on your page within half an hour.")  # fmt: skip


def add_contact(
    session: Session, actor: Actor, person: Person, *, channel: str, address: str,
    min_severity: str, at: datetime,
) -> Contact:  # fmt: skip
    """Add an address and send it a code; nothing else goes there before the person has typed the code."""
    if channel not in CONTACT_CHANNELS or min_severity not in holding.SEVERITIES:
        because = N_("“%(found)s” is not one of the choices; choose again.")
        raise Invalid(Refusal("not_offered", because, {"found": channel}), field="channel")
    if refusal := why_not_address(channel, address):
        raise Invalid(refusal, field="address")
    if len(contacts_of(session, person.id)) >= MOST_CONTACTS:
        because = N_("You have %(most)s addresses; remove one first.")
        raise Conflict(Refusal("many_contacts", because, {"most": MOST_CONTACTS}))
    made = Contact(
        person_id=person.id, channel=channel, address=address, min_severity=min_severity,
        created_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _send_code(session, person, made, at)
    _record(session, actor, "contact.added", person, at, to=shown(made), from_severity=min_severity)
    return made


def verify_contact(
    session: Session, actor: Actor, contact: Contact, code: str, *, at: datetime
) -> bool:
    """Say whether this is the code that was sent there, and use the address from now on if it is.

    A wrong one is counted, and the caller must keep that: after MOST_WRONG, or half an hour, a new code is needed.
    """
    if contact.wrong_codes >= MOST_WRONG:
        raise TooMany(
            Refusal("many_codes", N_("Too many wrong codes; remove the address and add it again."))
        )
    if contact.code_until is None or at >= contact.code_until:
        raise Gone(
            Refusal(
                "code_run_out", N_("This code has run out; remove the address and add it again.")
            )
        )
    if not compare_digest(contact.code_hash, _hash(contact, code.strip())):
        contact.wrong_codes += 1
        return False
    contact.verified, contact.code_hash, contact.code_until = True, "", None
    person = session.get_one(Person, contact.person_id)
    _record(session, actor, "contact.verified", person, at, to=shown(contact))
    return True


def remove_contact(session: Session, actor: Actor, contact: Contact, *, at: datetime) -> None:
    """Use this address no more."""
    contact.removed_at, contact.verified = at, False
    person = session.get_one(Person, contact.person_id)
    _record(session, actor, "contact.removed", person, at, to=shown(contact))


def add_quiet(
    session: Session, actor: Actor, person: Person, *, weekdays: str, from_min: int, until_min: int,
    time_zone: str, most_severe: str, at: datetime,
) -> QuietHours:  # fmt: skip
    """Add hours of the week in which milder alarms wait; critical and life safety never do."""
    refusal = hours.why_not_zone(time_zone) or hours.why_not_hours(weekdays, from_min, until_min)
    if refusal:
        field = "time_zone" if refusal.code == "no_such_zone" else "weekdays"
        raise Invalid(refusal, field=field)
    if most_severe not in holding.CAN_BE_QUIET:
        because = N_("Critical alarms and life safety are never held back.")
        raise Invalid(Refusal("never_quiet", because), field="most_severe")
    if len(quiet_of(session, person.id)) >= MOST_QUIET:
        because = N_("You have %(most)s quiet hours; remove some first.")
        raise Conflict(Refusal("many_quiet", because, {"most": MOST_QUIET}))
    made = QuietHours(
        person_id=person.id, weekdays="".join(sorted(set(weekdays))), from_min=from_min,
        until_min=until_min, time_zone=time_zone, most_severe=most_severe,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _record(session, actor, "quiet_hours.added", person, at, **_quiet(made))
    return made


def remove_quiet(session: Session, actor: Actor, quiet: QuietHours, *, at: datetime) -> None:
    """Take these quiet hours away."""
    person = session.get_one(Person, quiet.person_id)
    _record(session, actor, "quiet_hours.removed", person, at, **_quiet(quiet))
    session.delete(quiet)


def set_limit(session: Session, actor: Actor, person: Person, most: int, *, at: datetime) -> None:
    """Set how many notices this person wants in ten minutes; the rest of the milder ones come as one."""
    if refusal := holding.why_not_limit(most):
        raise Invalid(refusal, field="most")
    reach = session.get(Reach, person.id)
    before = reach.most_in_10_min if reach else holding.MOST_IN_WINDOW
    if reach is None:
        session.add(Reach(person_id=person.id, most_in_10_min=most))
    else:
        reach.most_in_10_min = most
    _record(session, actor, "reach.limited", person, at, before=before, now=most)


def go_away(
    session: Session, actor: Actor, person: Person, *, begins_at: datetime, until: datetime,
    cover: Person | None, because: str, at: datetime,
) -> Absence:  # fmt: skip
    """Note that a person is told nothing for a time, and who stands in."""
    if not begins_at < until or until <= at:
        because_not = N_("The end must be later than the beginning, and not be over.")
        raise Invalid(Refusal("bad_span", because_not), field="until")
    if cover is not None and (
        cover.id == person.id or cover.org_id != person.org_id or not cover.active
    ):
        because_not = N_("Choose somebody else of your organisation.")
        raise Invalid(Refusal("bad_cover", because_not), field="cover")
    made = Absence(
        person_id=person.id, cover_id=cover.id if cover else None, begins_at=begins_at, until=until,
        because=because, recorded_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _record(
        session, actor, "absence.noted", person, at, begins_at=begins_at.isoformat(),
        until=until.isoformat(), cover=cover.name if cover else "", because=because,
    )  # fmt: skip
    return made


def come_back(session: Session, actor: Actor, absence: Absence, *, at: datetime) -> None:
    """Take an absence back: the person is told again from now on."""
    if absence.ended_at is None:
        absence.ended_at = at
        person = session.get_one(Person, absence.person_id)
        _record(session, actor, "absence.ended", person, at, until=absence.until.isoformat())


def contacts_of(session: Session, person_id: int) -> Sequence[Contact]:
    """Return a person's further addresses, proved or not."""
    mine = select(Contact).where(Contact.person_id == person_id, Contact.removed_at.is_(None))
    return session.scalars(mine.order_by(Contact.id)).all()


def quiet_of(session: Session, person_id: int) -> Sequence[QuietHours]:
    """Return a person's quiet hours."""
    mine = select(QuietHours).where(QuietHours.person_id == person_id)
    return session.scalars(mine.order_by(QuietHours.id)).all()


def absences_of(session: Session, person_id: int, now: datetime) -> Sequence[Absence]:
    """Return when a person is away, now or later."""
    mine = select(Absence).where(
        Absence.person_id == person_id, Absence.ended_at.is_(None), Absence.until > now
    )
    return session.scalars(mine.order_by(Absence.begins_at)).all()


T = TypeVar("T", Contact, QuietHours, Absence)


def of_person(found: T | None, person_id: int | None) -> T:
    """Return this if it is the person's own; else it is refused as if it were not there."""
    if found is None or found.person_id != person_id:
        because = N_("You have nothing like that; perhaps it was just removed.")
        raise NotFound(Refusal("not_yours", because))
    return found


def shown(contact: Contact) -> str:
    """Return what may be shown of an address: of a gateway only its kind, for the rest holds tokens."""
    return shown_gateway(contact.address) if contact.channel == GATEWAY else contact.address


def moment_in(zone: ZoneInfo, text: str) -> datetime:
    """Return the moment that was typed as a local date and time; Invalid where it is none."""
    try:
        return hours.wall(zone, datetime.fromisoformat(text.strip()).replace(tzinfo=None))
    except (ValueError, OverflowError) as error:
        because = N_("“%(found)s” is no date and time; 2026-03-14 20:00 is expected.")
        raise Invalid(Refusal("not_a_moment", because, {"found": text[:40]})) from error


def _send_code(session: Session, person: Person, contact: Contact, at: datetime) -> None:
    code = f"{randbelow(1_000_000):06d}"
    contact.code_hash, contact.code_until = _hash(contact, code), at + CODE_HOLDS
    post(
        session, contact.channel, contact.address, say(person.language, _SUBJECT, code=code),
        say(person.language, _BODY, code=code), at=at, org_id=person.org_id,
        useful_until=contact.code_until,
    )  # fmt: skip


def _hash(contact: Contact, code: str) -> str:
    return digest(f"{contact.id}.{code}")


def _quiet(row: QuietHours) -> dict[str, object]:
    return {
        "weekdays": row.weekdays, "from_min": row.from_min, "until_min": row.until_min,
        "time_zone": row.time_zone, "most_severe": row.most_severe,
    }  # fmt: skip


def _record(
    session: Session, actor: Actor, action: str, person: Person, at: datetime, **facts: object
) -> None:
    audit.record(
        session, actor, action, "person", person.email, at=at, org_id=person.org_id, change=facts
    )
