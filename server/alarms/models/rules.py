"""What is watched for: rules of one thing, rules of a freezer type, their versions, and where judging stands."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container, Site
from server.telemetry.models import Agent, Channel


class AlarmRule(Base):
    """What one channel, freezer, agent or site is watched for; `alarms.rules.KINDS` says which kinds there are.

    A rule with none of the four watches the system itself (the path that alarms take, the drill).
    """

    __tablename__ = "alarm_rule"
    __table_args__ = (
        CheckConstraint("severity IN ('critical', 'high', 'warning')", name="severity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"), index=True)
    freezer_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"), index=True)
    """Only for a rule of the freezer itself; a channel's freezer is the channel's."""
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), index=True)
    twin_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"), index=True)
    """The channel that this one is held against (disagree, swapped)."""
    type_rule_id: Mapped[int | None] = mapped_column(ForeignKey("type_rule.id"), index=True)
    """The freezer type's rule that it follows; null for one that was made here, or was made to differ."""
    kind: Mapped[str]
    severity: Mapped[str]
    alarm_class: Mapped[str] = mapped_column(default="process", server_default="process")
    """process, equipment, system, or safety: life safety, which one person cannot set aside."""
    value: Mapped[float]
    """In the channel's unit; for stale the seconds of silence; for door 0.5 (open is 1)."""
    hysteresis: Mapped[float] = mapped_column(default=0.0)
    delay_on_s: Mapped[float] = mapped_column(default=0.0)
    delay_off_s: Mapped[float] = mapped_column(default=0.0)
    params: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    """JSON: what else its kind needs, such as the window of a rate."""
    latching: Mapped[bool] = mapped_column(default=False, server_default="0")
    """An alarm stays until a person has reset it, also when the condition is gone."""
    acks_needed: Mapped[int] = mapped_column(default=1, server_default="1")
    ack_timeout_s: Mapped[float] = mapped_column(default=0.0, server_default="0")
    """An acknowledged alarm that is still going on calls again after so many seconds; 0 never."""
    needs_confirming: Mapped[bool] = mapped_column(default=False, server_default="0")
    """After the end a person says what was done."""
    enabled: Mapped[bool] = mapped_column(default=True)
    off_because: Mapped[str] = mapped_column(default="")
    """Why it was switched off; empty while it is on."""
    off_until: Mapped[datetime | None]
    """When a rule that is switched off is watched for again, by itself: none stays off for ever."""
    off_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    off_remind_at: Mapped[datetime | None]
    """When somebody is next reminded that it is off."""
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    channel: Mapped[Channel | None] = relationship(foreign_keys=[channel_id])
    twin: Mapped[Channel | None] = relationship(foreign_keys=[twin_id])
    freezer: Mapped[Container | None] = relationship()
    agent: Mapped[Agent | None] = relationship()
    site: Mapped[Site | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class RuleVersion(Base):
    """What a rule said from one moment on: kept for ever, also a version that is still to come."""

    __tablename__ = "rule_version"
    __table_args__ = (Index("ix_rule_version_rule", "rule_id", "effective_from"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("alarm_rule.id"))
    wish: Mapped[str] = mapped_column(Text)
    """JSON of `alarms.rules.Wish`."""
    effective_from: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    """Null while it is still to come."""
    withdrawn_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    by_name: Mapped[str] = mapped_column(default="")
    because: Mapped[str] = mapped_column(Text, default="")


class TypeRule(Base):
    """What each freezer of one type is watched for, unless the freezer differs on purpose."""

    __tablename__ = "type_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    container_type_id: Mapped[int] = mapped_column(ForeignKey("container_type.id"), index=True)
    channel_key: Mapped[str]
    """The channels that it holds for: top_c, level_mm; empty for a rule of the freezer itself."""
    wish: Mapped[str] = mapped_column(Text)
    """JSON of `alarms.rules.Wish`."""
    effective_from: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was superseded or withdrawn."""
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("type_rule.id"))
    applied_at: Mapped[datetime | None]
    """When the freezers got it; null while it is still to come."""
    recorded_at: Mapped[datetime]
    by_name: Mapped[str] = mapped_column(default="")
    because: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)

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
    memory: Mapped[str] = mapped_column(Text, default="", server_default="")
    """JSON: what a kind with a memory carries on, such as the sum of a CUSUM."""
