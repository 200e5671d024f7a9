"""Agents and channels; settled ranges; readings; events; rejected messages."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container
from server.telemetry.control_models import (
    AgentCertificate,
    AgentCommand,
    AgentConfig,
    EnrolmentAttempt,
    EnrolmentCode,
)
from server.telemetry.entry_models import FreezerEntry
from server.telemetry.figure_models import (
    HourDue,
    LateHour,
    ReadingHour,
    ReadingMinute,
    SixHours,
    SixHoursDue,
)
from server.telemetry.log_models import LogImport, LogRow
from server.telemetry.retention_models import KeptWindow, Retention, Thinning

__all__ = [
    "Agent", "AgentCertificate", "AgentCommand", "AgentConfig", "Boot", "Channel", "DeviceEvent",
    "EnrolmentAttempt", "EnrolmentCode", "FreezerEntry", "HourDue", "KeptWindow", "LateHour", "LogImport", "LogRow",
    "ReadingHour", "ReadingMinute", "RejectedMessage", "Retention", "Settled", "SixHours", "SixHoursDue", "Thinning", "WorkerBeat", "drill_reading", "reading", "undated_reading",
]  # fmt: skip


class Agent(Base):
    """An edge agent: enrolled once, believed until it is revoked."""

    __tablename__ = "agent"
    __table_args__ = (UniqueConstraint("site", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    site: Mapped[str]
    """As it stands in the topic."""
    code: Mapped[str]
    secret: Mapped[str] = mapped_column(default="")
    """The broker's hash of the agent's password; empty where it signs in with a certificate."""
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    online: Mapped[bool] = mapped_column(default=False)
    boot: Mapped[str] = mapped_column(default="")
    seen_at: Mapped[datetime | None]
    """When anything of it was last committed."""
    heartbeat_at: Mapped[datetime | None]
    heartbeat: Mapped[str] = mapped_column(Text, default="{}")
    agent_version: Mapped[str] = mapped_column(default="")
    catalogue_hash: Mapped[str] = mapped_column(default="")
    of_logs: Mapped[bool] = mapped_column(default=False, server_default="0")
    """It stands for logs that were brought in as history: nothing ever signs in as it."""
    rejected: Mapped[int] = mapped_column(default=0)


class Channel(Base):
    """One measured quantity of one agent; unconfirmed until a person or the catalogue says what it is."""

    __tablename__ = "channel"
    __table_args__ = (UniqueConstraint("agent_id", "stream", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    stream: Mapped[str]
    key: Mapped[str]
    """As on the wire, with its unit: top_c, bottom_c, level_mm, lid_open."""
    freezer_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"), index=True)
    confirmed: Mapped[bool] = mapped_column(default=False)
    label: Mapped[str] = mapped_column(default="")
    probe_serial: Mapped[str] = mapped_column(default="")
    calibration_due: Mapped[str] = mapped_column(default="")
    certificate: Mapped[str] = mapped_column(default="", server_default="")
    """Number of the probe's calibration certificate."""
    interval_s: Mapped[float] = mapped_column(default=10.0)
    latest_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    latest_value: Mapped[float | None]
    latest_quality: Mapped[int | None]
    number_at_ms: Mapped[int | None] = mapped_column(BigInteger)
    """When it last gave a number; silence counts from here."""

    agent: Mapped[Agent] = relationship()
    freezer: Mapped[Container | None] = relationship()


class Settled(Base):
    """Which rows of one (agent, boot, stream) are stored or void; locked while rows are stored."""

    __tablename__ = "settled"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    boot: Mapped[str] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    ranges: Mapped[str] = mapped_column(Text, default="[]")
    """JSON: [[first, last], ...], sorted, disjoint, inclusive."""


reading = Table(
    "reading",
    Base.metadata,
    Column("channel_id", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("value", Float),
    Column("quality", SmallInteger, nullable=False),
    Index("ix_reading_channel_at", "channel_id", "at_ms"),
)
"""Every reading; at_ms is milliseconds since 1970 UTC at acquisition, value is null where there was no number."""

undated_reading = Table(
    "undated_reading",
    Base.metadata,
    Column("agent_id", Integer, nullable=False),
    Column("boot", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("channel_id", Integer, nullable=False),
    Column("since_boot_ms", BigInteger, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Column("value", Float),
    Column("quality", SmallInteger, nullable=False),
    Index("ix_undated_reading_boot", "agent_id", "boot"),
)
"""Rows of a boot whose clock was not set, with both times; once the boot is dated they stand in `reading` too."""

drill_reading = Table(
    "drill_reading",
    Base.metadata,
    Column("drill", Text, nullable=False),
    Column("channel_id", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("value", Float),
    Column("quality", SmallInteger, nullable=False),
    Index("ix_drill_reading_channel_at", "channel_id", "at_ms"),
)
"""Rows of a drill: they count in no history and no statistic."""


class Boot(Base):
    """When a boot of an agent began, in UTC; the first statement per boot counts."""

    __tablename__ = "boot"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    boot: Mapped[str] = mapped_column(primary_key=True)
    zero_ms: Mapped[int] = mapped_column(BigInteger)


PRESSES = text("kind = 'local_alarm_acknowledged'")
"""The few events that are a press of the button: an index of these alone is asked every second."""


class DeviceEvent(Base):
    """Something an agent saw: lid opened, fill started, power lost, a local alarm."""

    __tablename__ = "device_event"
    __table_args__ = (
        Index("ix_device_event_freezer", "freezer_id", "at_ms"),
        Index(
            "ix_device_event_pressed",
            "at_ms",
            sqlite_where=PRESSES,
            postgresql_where=PRESSES,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    freezer_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    boot: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    facts: Mapped[str] = mapped_column(Text, default="{}")
    drill: Mapped[str] = mapped_column(default="")


class RejectedMessage(Base):
    """A message that could not be read or was refused: kept with the reason, up to 4 KiB of it."""

    __tablename__ = "rejected_message"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    topic: Mapped[str]
    size: Mapped[int]
    crc32: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    code: Mapped[str]
    why: Mapped[str] = mapped_column(Text)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index("ix_rejected_message_same", "topic", "crc32"),)


class WorkerBeat(Base):
    """A worker's sign of life; /readyz reads it."""

    __tablename__ = "worker_beat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    broker_connected: Mapped[bool] = mapped_column(default=False)
    facts: Mapped[str] = mapped_column(Text, default="{}")
