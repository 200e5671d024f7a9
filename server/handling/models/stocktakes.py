"""Stock-takes: the boxes that are scanned anew, and every difference between record and scan."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container, RackScan, Vial


class StockTake(Base):
    """All boxes of a freezer, a rack, or one box, each scanned anew and committed by itself."""

    __tablename__ = "stock_take"
    __table_args__ = (CheckConstraint("state IN ('open', 'done', 'closed')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    root_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    title: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    """open, done (every box is committed) or closed (the rest was left)."""
    created_at: Mapped[datetime]
    created_by_name: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    root: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}


class StockTakeBox(Base):
    """One box of a stock-take: its newest scan, and what was counted when it was committed."""

    __tablename__ = "stock_take_box"
    __table_args__ = (
        UniqueConstraint("take_id", "box_id"),
        CheckConstraint("state IN ('waiting', 'read', 'committed', 'left')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    take_id: Mapped[int] = mapped_column(ForeignKey("stock_take.id"))
    box_id: Mapped[int] = mapped_column(ForeignKey("container.id"), index=True)
    place: Mapped[int]
    """Its turn on the walk."""
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("rack_scan.id"))
    state: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    recorded: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many vials the record had in it when it was committed."""
    same: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many of these were scanned where the record had them."""
    settled_at: Mapped[datetime | None]
    settled_by_name: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    take: Mapped[StockTake] = relationship()
    box: Mapped[Container] = relationship()
    scan: Mapped[RackScan | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class Discrepancy(Base):
    """Record and freezer disagreed at one position: how, and who settled it in which way."""

    __tablename__ = "discrepancy"
    __table_args__ = (
        CheckConstraint("kind IN ('missing', 'extra', 'moved', 'unread')", name="kind"),
        Index("ix_discrepancy_source", "source_kind", "source_id"),
        Index("ix_discrepancy_open", "org_id", "settled_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    source_kind: Mapped[str]
    """stock_take or position_audit."""
    source_id: Mapped[int] = mapped_column(BigId)
    source_code: Mapped[str]
    box_id: Mapped[int] = mapped_column(ForeignKey("container.id"), index=True)
    ordinal: Mapped[int]
    kind: Mapped[str]
    code: Mapped[str]
    """The tube's code; empty for a tube that could not be read and is not in the record."""
    vial_id: Mapped[int | None] = mapped_column(ForeignKey("vial.id"), index=True)
    elsewhere: Mapped[str] = mapped_column(Text, default="")
    """Where the record had it, for what was found here."""
    why: Mapped[str] = mapped_column(Text, default="")
    """JSON: the refusal, where the tube could not be recorded here."""
    found_at: Mapped[datetime]
    found_by_name: Mapped[str]
    how: Mapped[str] = mapped_column(default="")
    """How it was settled: recorded, found, lost or explained; empty while it is open."""
    note: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None]
    settled_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    box: Mapped[Container] = relationship()
    vial: Mapped[Vial | None] = relationship()

    __mapper_args__ = {"version_id_col": version}
