"""Drills: planned each week, run, and followed until a person has answered."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.telemetry.models import Channel

UNDER_WAY = text("ended_at IS NULL")


class DrillPlan(Base):
    """A drill of one channel each week: on which day and at what time of its site."""

    __tablename__ = "drill_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), unique=True)
    weekday: Mapped[int]
    """0 is Monday."""
    at_minute: Mapped[int]
    """Minutes after midnight, in the time zone of the freezer's site."""
    answer_within_s: Mapped[int]
    """A drill that nobody has answered after so long was missed."""
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the next one begins; null while the plan is switched off."""
    off_because: Mapped[str] = mapped_column(Text, default="")
    off_until: Mapped[datetime | None]
    """A plan that is switched off goes on by itself at this time."""
    made_at: Mapped[datetime]
    made_by_name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    channel: Mapped[Channel] = relationship()

    __mapper_args__ = {"version_id_col": version}


class Drill(Base):
    """One drill: ordered, raised, told, answered, each with its time; or missed, and why."""

    __tablename__ = "drill"
    __table_args__ = (
        CheckConstraint("outcome IN ('', 'answered', 'missed', 'stopped')", name="outcome"),
        Index("ix_drill_under_way", "id", sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY),
        Index("ix_drill_org", "org_id", "ordered_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("drill_plan.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    """What its rows, alarms and notices are marked with."""
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), index=True)
    command_code: Mapped[str]
    value: Mapped[float]
    """What the probe is made to say, in the channel's unit."""
    ordered_at: Mapped[datetime]
    ordered_by_name: Mapped[str]
    answer_by: Mapped[datetime]
    raised_at: Mapped[datetime | None]
    """When the server had its alarm."""
    told_at: Mapped[datetime | None]
    """When the first receiver had taken a notice of it."""
    answered_at: Mapped[datetime | None]
    answered_by_name: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(Text, default="")
    """Why it was missed or stopped: a refusal as `notify.rules.packed` keeps it, or a person's words."""

    channel: Mapped[Channel] = relationship()
