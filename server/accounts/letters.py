"""The mails about signing in, in the language of who reads them."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.accounts.rules import LINK_LASTS
from server.core.words import N_, say
from server.outbox.service import post

INVITED = N_("Your sign-in at Cryokeep")
INVITED_TEXT = N_(
    "%(who)s has invited you to Cryokeep. Choose your password here (the link works once, for seven days):\n\n%(link)s\n"
)
RESET = N_("A new password for Cryokeep")
RESET_TEXT = N_(
    "Somebody, probably you, asked for a new password. Choose it here (the link works once, for an hour):\n\n"
    "%(link)s\n\nIf it was not you, do nothing: your password stays as it is.\n"
)
CHANGED = N_("Your password at Cryokeep was changed")
CHANGED_TEXT = N_(
    "Your password was changed just now, and all other sign-ins were ended. If it was not you, tell your administrator at once.\n"
)


def invite(session: Session, person: Person, who: str, link: str, *, at: datetime) -> None:
    """Post an invitation."""
    _post(
        session,
        person,
        INVITED,
        say(person.language, INVITED_TEXT, who=who, link=link),
        at,
        "invitation",
    )


def reset(session: Session, person: Person, link: str, *, at: datetime) -> None:
    """Post the link of a reset."""
    _post(session, person, RESET, say(person.language, RESET_TEXT, link=link), at, "reset")


def changed(session: Session, person: Person, *, at: datetime) -> None:
    """Tell that the password was changed."""
    _post(session, person, CHANGED, say(person.language, CHANGED_TEXT), at)


def _post(
    session: Session, person: Person, subject: str, body: str, at: datetime, link: str = ""
) -> None:
    post(
        session, "smtp", person.email, say(person.language, subject), body, at=at,
        about=("person", person.id), org_id=person.org_id,
        useful_until=at + LINK_LASTS[link] if link else None,
    )  # fmt: skip
