"""The index: which thing bears which word, and how far it has been made."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId, ByCode


class SearchWord(Base):
    """One word (or two-character gram of Chinese) of one thing's text."""

    __tablename__ = "search_word"
    __table_args__ = (
        Index("ix_search_word_thing", "kind", "thing_id", "word"),
        {"sqlite_with_rowid": False},
    )

    word: Mapped[str] = mapped_column(ByCode, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """line, lot, container, person, site, organisation, project, vial, request ..."""
    thing_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int | None]


class SearchState(Base):
    """How far the index of one kind has been made anew, and by which rules of words."""

    __tablename__ = "search_state"

    kind: Mapped[str] = mapped_column(primary_key=True)
    rules: Mapped[int]
    """The number of the rules (`rules.VERSION`) by which it was made."""
    through_id: Mapped[int] = mapped_column(BigId)
    """Everything up to this id has been read."""
    whole: Mapped[bool]
    """Everything has been read; from then on each change keeps its own words."""
