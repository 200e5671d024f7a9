"""How each person wants to be reached: further addresses, quiet hours, how many notices at most."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId

WAITING = text("released_at IS NULL")


class Contact(Base):
    """A further address of a person, beside the mail address with which they sign in."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    channel: Mapped[str]
    """One that the outbox carries, such as smtp or apprise."""
    address: Mapped[str]
    min_severity: Mapped[str] = mapped_column(default="warning")
    """What is less bad than this does not come here."""
    verified: Mapped[bool] = mapped_column(default=False)
    """The person has typed the code that was sent there; before that nothing else is."""
    code_hash: Mapped[str] = mapped_column(default="")
    code_until: Mapped[datetime | None]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class QuietHours(Base):
    """Hours of the week in which a person is not told of the milder alarms."""

    __tablename__ = "quiet_hours"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    weekdays: Mapped[str]
    """The days on which they begin: 0 is Monday."""
    from_min: Mapped[int]
    until_min: Mapped[int]
    """Minutes after midnight; where the end is not later than the beginning, it is the next day's."""
    time_zone: Mapped[str]
    most_severe: Mapped[str]
    """The worst that they hold back: warning, or high. Critical and life safety are never held back."""


class Reach(Base):
    """How many notices a person wants at most, before the rest come as one."""

    __tablename__ = "reach"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id"), primary_key=True, autoincrement=False
    )
    most_in_10_min: Mapped[int]


class HeldNotice(Base):
    """What a person will be told later, in one letter with the rest; never anything critical."""

    __tablename__ = "held_notice"
    __table_args__ = (
        Index(
            "uq_held_notice_waiting",
            "person_id",
            "call_id",
            unique=True,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_held_notice_due", "release_at", sqlite_where=WAITING, postgresql_where=WAITING),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    why: Mapped[str]
    """quiet or limit."""
    held_at: Mapped[datetime]
    release_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(Text, default="")
    """told, or over: it had ended and somebody had answered, so there was nothing left to tell."""
