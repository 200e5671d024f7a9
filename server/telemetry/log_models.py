"""Event logs of freezers' own controllers, brought in as history."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container


class LogImport(Base):
    """One file of a controller's log: looked at, brought in in slices, taken back as a whole."""

    __tablename__ = "log_import"
    __table_args__ = (Index("ix_log_import_freezer", "freezer_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    file_name: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """The file as it was sent; empty where it was put aside."""
    answers: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: how the dates of the rows from a line on are written, where that had to be asked."""
    state: Mapped[str]
    """looked_at, applying, applied, taking_back, taken_back or put_aside."""
    at_row: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    """How many rows it brought in."""
    known: Mapped[int] = mapped_column(default=0)
    """How many of its rows were there already."""
    refused: Mapped[int] = mapped_column(default=0)
    from_ms: Mapped[int | None] = mapped_column(BigInteger)
    to_ms: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    by_name: Mapped[str]
    applied_at: Mapped[datetime | None]
    because: Mapped[str] = mapped_column(Text, default="")
    """Why it was taken back."""
    version: Mapped[int] = mapped_column(default=1)

    freezer: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  SQLAlchemy reads it from the class


class LogRow(Base):
    """One row of a log that was brought in; the same row comes in once, whichever file holds it."""

    __tablename__ = "log_row"
    __table_args__ = (
        UniqueConstraint("freezer_id", "digest"),
        Index("ix_log_row_import", "import_id", "line"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("log_import.id"))
    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    line: Mapped[int]
    at_ms: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    """A hash of the moment, the values, the user and the codes."""
    arrived_at: Mapped[datetime]
