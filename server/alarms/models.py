"""Alarm rules, their judging state, and episodes."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container
from server.telemetry.models import Channel

UNCLEARED = text("cleared_at IS NULL")
UNFINISHED = text("cleared_at IS NULL OR acknowledged_at IS NULL")


class AlarmRule(Base):
    """A limit on one channel: high, low, stale (silence in seconds) or door (open too long)."""

    __tablename__ = "alarm_rule"
    __table_args__ = (
        CheckConstraint("kind IN ('high', 'low', 'stale', 'door')", name="kind"),
        CheckConstraint("severity IN ('critical', 'high', 'warning')", name="severity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), index=True)
    kind: Mapped[str]
    severity: Mapped[str]
    value: Mapped[float]
    """In the channel's unit; for stale the seconds of silence; for door 0.5 (open is 1)."""
    hysteresis: Mapped[float] = mapped_column(default=0.0)
    delay_on_s: Mapped[float] = mapped_column(default=0.0)
    delay_off_s: Mapped[float] = mapped_column(default=0.0)
    enabled: Mapped[bool] = mapped_column(default=True)
    off_because: Mapped[str] = mapped_column(default="")
    """Why it was switched off; empty while it is on."""
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    channel: Mapped[Channel] = relationship()

    __mapper_args__ = {"version_id_col": version}


class RuleState(Base):
    """Where judging stands with one rule (and one drill of it); survives every restart."""

    __tablename__ = "rule_state"

    rule_id: Mapped[int] = mapped_column(ForeignKey("alarm_rule.id"), primary_key=True)
    drill: Mapped[str] = mapped_column(primary_key=True, default="")
    phase: Mapped[str] = mapped_column(default="normal")
    since_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    extreme: Mapped[float | None]
    arrived_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    """The server's time when it learned of this phase; a backlog tells of old ones."""


class Episode(Base):
    """From the moment a condition was raised until it has cleared and a person has acknowledged it."""

    __tablename__ = "episode"
    __table_args__ = (
        Index(
            "uq_episode_uncleared",
            "rule_id",
            "drill",
            unique=True,
            sqlite_where=UNCLEARED,
            postgresql_where=UNCLEARED,
        ),
        Index(
            "ix_episode_unfinished",
            "raised_at",
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        Index("ix_episode_freezer", "freezer_id", "raised_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("alarm_rule.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), index=True)
    freezer_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    kind: Mapped[str]
    severity: Mapped[str]
    limit_value: Mapped[float]
    drill: Mapped[str] = mapped_column(default="")
    raised_at: Mapped[datetime]
    """The time of the reading that raised it."""
    recorded_at: Mapped[datetime]
    """The server's time."""
    raised_value: Mapped[float | None]
    worst_value: Mapped[float | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    acknowledged_by_name: Mapped[str] = mapped_column(default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    cleared_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    rule: Mapped[AlarmRule] = relationship()
    channel: Mapped[Channel] = relationship()
    freezer: Mapped[Container | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class FreezerStake(Base):
    """What stands in a freezer, counted every half minute, so that an alarm need not count."""

    __tablename__ = "freezer_stake"

    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"), primary_key=True)
    vials: Mapped[int] = mapped_column(default=0)
    last_copies: Mapped[int] = mapped_column(default=0)
    """Vials that are the only one left of their cell line."""
    reserved: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime]
