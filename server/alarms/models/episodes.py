"""Episodes, and the acknowledgements that persons gave them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.alarms.models.rules import AlarmRule
from server.core.db import Base, BigId
from server.storage.models import Container
from server.telemetry.models import Channel

UNCLEARED = text("cleared_at IS NULL")
SILENCED = text("silenced <> ''")
RUNS_OUT = text("realarm_at IS NOT NULL")
UNFINISHED = text("cleared_at IS NULL OR acknowledged_at IS NULL OR latched OR confirm_due")


class Episode(Base):
    """From the moment a condition was raised until it has cleared and persons have done what it asks of them."""

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
            "ix_episode_open",
            "raised_at",
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        Index("ix_episode_freezer", "freezer_id", "raised_at"),
        Index("ix_episode_recorded", "org_id", "recorded_at"),
        Index(
            "ix_episode_silenced",
            "suspension_id",
            sqlite_where=SILENCED,
            postgresql_where=SILENCED,
        ),
        Index(
            "ix_episode_realarm",
            "realarm_at",
            sqlite_where=RUNS_OUT,
            postgresql_where=RUNS_OUT,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("alarm_rule.id"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"), index=True)
    freezer_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), index=True)
    kind: Mapped[str]
    severity: Mapped[str]
    alarm_class: Mapped[str] = mapped_column(default="process", server_default="process")
    limit_value: Mapped[float]
    drill: Mapped[str] = mapped_column(default="")
    raised_at: Mapped[datetime]
    """The time of the reading that raised it."""
    recorded_at: Mapped[datetime]
    """The server's time."""
    raised_value: Mapped[float | None]
    worst_value: Mapped[float | None]
    detail: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    """JSON: what its kind says beyond a number, such as the hour at which a limit will be reached."""
    historical: Mapped[bool] = mapped_column(default=False, server_default="0")
    """Found in late readings, after it was over."""
    silenced: Mapped[str] = mapped_column(default="", server_default="")
    """Why nobody is called: shelved, suppressed, out_of_service, inhibited, expected, flood; empty otherwise."""
    suspension_id: Mapped[int | None] = mapped_column(ForeignKey("suspension.id"), index=True)
    cause_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id"), index=True)
    """The alarm that explains this one: site power, broker, network, agent."""
    flood_id: Mapped[int | None] = mapped_column(ForeignKey("alarm_flood.id"), index=True)
    """The flood in whose digests it is told."""
    acks_needed: Mapped[int] = mapped_column(default=1, server_default="1")
    acknowledged_at: Mapped[datetime | None]
    """When the last acknowledgement that it needs was given."""
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    acknowledged_by_name: Mapped[str] = mapped_column(default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    realarm_at: Mapped[datetime | None]
    """When its acknowledgement runs out if it still goes on; null once it is over."""
    realarms: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often its acknowledgement has run out."""
    cleared_at: Mapped[datetime | None]
    latched: Mapped[bool] = mapped_column(default=False, server_default="0")
    """It stays until a person resets it."""
    reset_at: Mapped[datetime | None]
    reset_by_name: Mapped[str] = mapped_column(default="", server_default="")
    confirm_due: Mapped[bool] = mapped_column(default=False, server_default="0")
    """A person still has to say what was done."""
    confirmed_at: Mapped[datetime | None]
    confirmed_by_name: Mapped[str] = mapped_column(default="", server_default="")
    outcome: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What was found and done, in the words of the one who confirmed."""
    version: Mapped[int] = mapped_column(default=1)

    rule: Mapped[AlarmRule] = relationship()
    channel: Mapped[Channel | None] = relationship()
    freezer: Mapped[Container | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class Acknowledgement(Base):
    """That a person answered an episode: where, when, with which words; it may run out, it is never deleted."""

    __tablename__ = "acknowledgement"
    __table_args__ = (Index("ix_acknowledgement_episode", "episode_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    episode_id: Mapped[int] = mapped_column(ForeignKey("episode.id"))
    round: Mapped[int] = mapped_column(default=0)
    """How often the episode's acknowledgement had run out before."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    by_name: Mapped[str]
    door: Mapped[str]
    """page, api, link or button."""
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
    ran_out_at: Mapped[datetime | None]
