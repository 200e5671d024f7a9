"""What is set aside for a time, and warmth that is expected: bounded rows that end by themselves."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base

STANDING = text("ended_at IS NULL")


class Suspension(Base):
    """A rule, freezer, agent or site whose alarms call nobody for a time; they go on working and are recorded.

    Modes after OPC UA Part 9: shelved for a time, shelved once (until the alarm ends), suppressed by design,
    out of service.
    """

    __tablename__ = "suspension"
    __table_args__ = (
        CheckConstraint(
            "mode IN ('shelved_timed', 'shelved_once', 'suppressed', 'out_of_service')", name="mode"
        ),
        Index("ix_suspension_standing", "until", sqlite_where=STANDING, postgresql_where=STANDING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    mode: Mapped[str]
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("alarm_rule.id"), index=True)
    freezer_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), index=True)
    because: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime]
    until: Mapped[datetime]
    """It never lasts longer; each mode has a hard maximum."""
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    by_name: Mapped[str]
    second_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The second person, whom life safety asks for; it holds only from then on."""
    second_by_name: Mapped[str] = mapped_column(default="")
    agreed_at: Mapped[datetime | None]
    """From when it holds; null while a second person has not agreed."""
    remind_at: Mapped[datetime | None]
    """When somebody is next reminded that it stands."""
    ended_at: Mapped[datetime | None]
    ended_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class ExpectedWarmth(Base):
    """A planned load or stock-take: raises a freezer's warning limits for a time, never the critical ones."""

    __tablename__ = "expected_warmth"
    __table_args__ = (
        Index(
            "ix_expected_warmth_standing",
            "until",
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"), index=True)
    limit_c: Mapped[float]
    """Warning limits below this are raised to it; what is warmer still alarms."""
    because: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime]
    until: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by_name: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
