"""What another system said of a thing, word for word."""

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class ForeignRow(Base):
    """One row of another system's file; what we have no column for comes out again as it came in."""

    __tablename__ = "foreign_row"
    __table_args__ = (Index("ix_foreign_row_thing", "layout", "thing_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    layout: Mapped[str]
    thing_id: Mapped[int] = mapped_column(BigId)
    import_id: Mapped[int] = mapped_column(ForeignKey("bulk_import.id"), index=True)
    number: Mapped[int]
    cells: Mapped[str] = mapped_column(Text)
    """JSON: text by name of the column."""
