"""Files of rack scanners."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base
from server.storage.models.containers import Container


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
