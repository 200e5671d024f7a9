"""The index: which thing bears which word."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class SearchWord(Base):
    """One word (or two-character gram of Chinese) of one thing's text."""

    __tablename__ = "search_word"
    __table_args__ = (
        Index("ix_search_word_thing", "kind", "thing_id"),
        {"sqlite_with_rowid": False},
    )

    word: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """line, lot, container, person, site, project, vial or request."""
    thing_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int | None]
