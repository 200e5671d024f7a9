"""Times in which more alarms came than a person can answer."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base

RUNNING = text("ended_at IS NULL")


class Flood(Base):
    """From the alarm that was one too many until the rate has fallen; digests tell of what came meanwhile."""

    __tablename__ = "alarm_flood"
    __table_args__ = (
        Index(
            "uq_alarm_flood_running",
            "org_id",
            unique=True,
            sqlite_where=RUNNING,
            postgresql_where=RUNNING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    alarms: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many alarms the last digest told of."""
    digests: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often a digest was written."""
    told_at: Mapped[datetime | None]
    """When the last digest was written."""
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    acknowledged_by_name: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
