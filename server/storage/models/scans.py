"""Files of rack scanners."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base
from server.storage.models.containers import Container


class Scanner(Base):
    """How one rack scanner writes its files: its words, its columns, and from which side it looks."""

    __tablename__ = "scanner"
    __table_args__ = (UniqueConstraint("org_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str]
    unread_words: Mapped[str] = mapped_column(Text, default="")
    """One a line: a tube was there and was not read. Empty: the usual words."""
    empty_words: Mapped[str] = mapped_column(Text, default="")
    """One a line: no tube. Empty: the usual words."""
    mirrored: Mapped[bool] = mapped_column(default=False)
    down_first: Mapped[bool] = mapped_column(default=False)
    columns: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: what the file calls position, row, column, tube and rack, where that is not the usual."""
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class RackScan(Base):
    """A scanner's file that was read: staged with what it would change, then applied or put aside."""

    __tablename__ = "rack_scan"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    """The lot that tubes unknown so far are entered into, where one was chosen."""
    file_name: Mapped[str]
    format: Mapped[str]
    rack: Mapped[str] = mapped_column(default="", server_default="")
    """The rack's barcode that the file names; empty where it names none."""
    scanner_id: Mapped[int | None] = mapped_column(ForeignKey("scanner.id"))
    """Whose manner of writing was applied; none: the usual."""
    for_code: Mapped[str] = mapped_column(default="", server_default="")
    """The stock-take that it is part of, and only there applied; empty for a scan of its own."""
    sha256: Mapped[str]
    tubes: Mapped[str] = mapped_column(Text)
    """JSON: [[ordinal, code or null, as written], ...]."""
    state: Mapped[str] = mapped_column(default="staged")
    """staged, applied or put_aside."""
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    uploaded_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    applied_by_name: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column(default=1)

    box: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}
