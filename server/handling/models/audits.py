"""Audits of positions: a random sample of a freezer's positions, each looked at and compared."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container


class CoverageTarget(Base):
    """How many of a freezer's positions are to be audited in a year, in percent."""

    __tablename__ = "coverage_target"
    __table_args__ = (CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),)

    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"), primary_key=True)
    percent: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class PositionAudit(Base):
    """One sample of a freezer's positions; the seed draws the same positions again."""

    __tablename__ = "position_audit"
    __table_args__ = (CheckConstraint("state IN ('open', 'done', 'closed')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"), index=True)
    seed: Mapped[str]
    population: Mapped[int]
    """From how many positions it was drawn: those that nobody audited in the year before."""
    state: Mapped[str] = mapped_column(default="open")
    """open, done (every position is checked) or closed (the rest was left)."""
    created_at: Mapped[datetime]
    created_by_name: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    freezer: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}


class AuditedPosition(Base):
    """One position of a sample: what the record had there when somebody looked, and what was found."""

    __tablename__ = "audited_position"
    __table_args__ = (
        UniqueConstraint("audit_id", "box_id", "ordinal"),
        CheckConstraint("state IN ('waiting', 'right', 'wrong', 'unread', 'left')", name="state"),
        Index("ix_audited_position_box", "box_id", "checked_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    audit_id: Mapped[int] = mapped_column(ForeignKey("position_audit.id"))
    box_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    ordinal: Mapped[int]
    place: Mapped[int]
    """Its turn on the walk."""
    state: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    expected: Mapped[str] = mapped_column(default="", server_default="")
    found: Mapped[str] = mapped_column(default="", server_default="")
    checked_at: Mapped[datetime | None]
    checked_by_name: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    audit: Mapped[PositionAudit] = relationship()
    box: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}
