"""Pick lists and put-away lists: which tubes, where they go, what became of each."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container, Vial


class WorkList(Base):
    """Tubes to take out (pick) or to put into positions (put_away) on one walk."""

    __tablename__ = "work_list"
    __table_args__ = (CheckConstraint("kind IN ('pick', 'put_away')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    title: Mapped[str]
    use: Mapped[str] = mapped_column(default="")
    """What the tubes are for, where the bank's rules ask for it."""
    state: Mapped[str] = mapped_column(default="open")
    """open, done (every tube is settled) or closed (the rest was left)."""
    created_at: Mapped[datetime]
    created_by_name: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class WorkLine(Base):
    """One tube of a list, and what became of it."""

    __tablename__ = "work_line"
    __table_args__ = (
        UniqueConstraint("list_id", "vial_id"),
        CheckConstraint("(container_id IS NULL) = (ordinal IS NULL)", name="target"),
        Index("ix_work_line_vial", "vial_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("work_list.id"))
    vial_id: Mapped[int] = mapped_column(ForeignKey("vial.id"))
    for_kind: Mapped[str] = mapped_column(default="")
    """What the tube is promised to (request ...), empty where to nothing."""
    for_id: Mapped[int | None] = mapped_column(BigId)
    for_code: Mapped[str] = mapped_column(default="")
    container_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    """Where it goes: the suggested box and position of a put-away list."""
    ordinal: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="waiting")
    """waiting, done, missing or left."""
    settled_at: Mapped[datetime | None]
    settled_by_name: Mapped[str] = mapped_column(default="")

    vial: Mapped[Vial] = relationship()
    container: Mapped[Container | None] = relationship()


class HandlingTimes(Base):
    """How long each movement keeps a lid open in this bank, in seconds."""

    __tablename__ = "handling_times"

    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    lid_s: Mapped[float]
    rack_s: Mapped[float]
    box_s: Mapped[float]
    tube_s: Mapped[float]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
