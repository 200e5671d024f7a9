"""Call lists and the calls that run along them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId

RUNNING = text("ended_at IS NULL")


class CallStep(Base):
    """One step of an organisation's call list: whom to tell, and how long to wait for an answer."""

    __tablename__ = "call_step"
    __table_args__ = (UniqueConstraint("org_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    position: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    webhook: Mapped[str] = mapped_column(default="")
    wait_s: Mapped[int] = mapped_column(default=300)
    """Seconds until the next step is told, if nobody has answered."""


class Call(Base):
    """A running or ended call: about what, how far along the list, when the next step is due."""

    __tablename__ = "call"
    __table_args__ = (
        Index(
            "uq_call_running",
            "about_kind",
            "about_id",
            unique=True,
            sqlite_where=RUNNING,
            postgresql_where=RUNNING,
        ),
        Index("ix_call_due", "due_at", sqlite_where=RUNNING, postgresql_where=RUNNING),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    about_kind: Mapped[str]
    about_id: Mapped[int] = mapped_column(BigId)
    severity: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    """JSON: subject and text as template and facts, and the address of the page."""
    next_position: Mapped[int]
    due_at: Mapped[datetime | None]
    """When the next step is told; null when the list is at its end."""
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Notice(Base):
    """That somebody was told: which step, which letter, when."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    position: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    at: Mapped[datetime]
