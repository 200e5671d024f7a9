"""A letter waits here from the commit that wrote it until its channel has taken it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId

WAITING = text("state = 'waiting'")


class Letter(Base):
    """One message to one address through one channel; each fails or succeeds alone."""

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_waiting", "try_at", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_letter_about", "about_kind", "about_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    """Stays the same at each attempt, so that a receiver can drop a repeat."""
    channel: Mapped[str]
    """smtp, webhook, apprise or another that the worker carries."""
    address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    """Text for smtp; JSON for webhook and mqtt."""
    about_kind: Mapped[str] = mapped_column(default="")
    about_id: Mapped[int | None] = mapped_column(BigId)
    urgent: Mapped[bool] = mapped_column(default=False)
    org_id: Mapped[int | None] = mapped_column(index=True)
    """Whose letter it is; null for the house's own."""
    state: Mapped[str] = mapped_column(default="waiting")
    """waiting, sent or given_up."""
    created_at: Mapped[datetime]
    try_at: Mapped[datetime]
    """When it is next tried; while it is claimed, when the claim runs out."""
    claimed_by: Mapped[str] = mapped_column(default="")
    """The sender that is trying it now; empty while it only waits."""
    maybe_sent: Mapped[bool] = mapped_column(default=False, server_default="0")
    """An attempt may have got through that nobody has marked: whoever tried it died; the next one says so."""
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None]
    useful_until: Mapped[datetime | None]
    """When what it says has run out, such as a link; null where only its age counts."""


class LetterTry(Base):
    """One attempt at a letter that tells people: when, and what the receiver (or the way to it) said."""

    __tablename__ = "letter_try"
    __table_args__ = (Index("ix_letter_try_letter", "letter_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    """When it ended."""
    took_ms: Mapped[int]
    sent: Mapped[bool]
    error: Mapped[str] = mapped_column(Text, default="")


class WebhookKey(Base):
    """The secret that an organisation's letters to a webhook are signed with."""

    __tablename__ = "webhook_key"

    org_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    address: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
