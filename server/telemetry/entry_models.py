"""What people enter by hand about a freezer: levels measured with a dipstick, and notes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class FreezerEntry(Base):
    """A measurement or a note of a person; never changed and never deleted, a correction is an entry of its own."""

    __tablename__ = "freezer_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('dipstick', 'note')", name="kind"),
        Index("ix_freezer_entry_freezer", "freezer_id", "measured_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    kind: Mapped[str]
    level_mm: Mapped[float | None]
    """Height of the liquid above the vessel's floor; null for a note."""
    text: Mapped[str] = mapped_column(Text, default="")
    measured_at: Mapped[datetime]
    """When the person says that it was so."""
    entered_at: Mapped[datetime]
    """The server's time: nobody can choose it."""
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    by_name: Mapped[str]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("freezer_entry.id"), index=True)
    """The entry that it puts right; that one stays and is shown struck."""
