"""Plans to put boxes together, done box by box."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container


class ConsolidationPlan(Base):
    """Boxes of a freezer or rack that can be emptied into others."""

    __tablename__ = "consolidation_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    container_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    """The freezer or rack within which tubes are carried."""
    made_at: Mapped[datetime]
    made_by_name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    container: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}


class ConsolidationStep(Base):
    """One box that becomes empty."""

    __tablename__ = "consolidation_step"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("consolidation_plan.id"), index=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    carries: Mapped[str] = mapped_column(Text)
    """JSON: [[vial id, box id, position], ...]."""
    state: Mapped[str] = mapped_column(default="waiting")
    """waiting, done or dropped."""
    bulk_move_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_move.id"))
    settled_at: Mapped[datetime | None]
    settled_by_name: Mapped[str] = mapped_column(default="")

    box: Mapped[Container] = relationship()
