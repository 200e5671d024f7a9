"""How long readings are kept, what is kept for ever, and what was thinned."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models import Container


class Retention(Base):
    """For how many days one organisation keeps the readings and the minutes of one quantity; hours stay for ever."""

    __tablename__ = "retention"
    __table_args__ = (UniqueConstraint("org_id", "quantity"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    quantity: Mapped[str]
    """A channel's key, such as top_c; empty for every quantity that has no row of its own."""
    raw_days: Mapped[int | None]
    """Null for ever."""
    minute_days: Mapped[int | None]
    """Null for ever."""
    set_at: Mapped[datetime]
    by_name: Mapped[str]
    because: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  SQLAlchemy reads it from the class


class KeptWindow(Base):
    """A time of which nothing may be thinned, because a person said so; until it is lifted."""

    __tablename__ = "kept_window"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    freezer_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    """Null for all that the organisation measures."""
    from_ms: Mapped[int] = mapped_column(BigInteger)
    to_ms: Mapped[int | None] = mapped_column(BigInteger)
    """Null while it goes on."""
    because: Mapped[str] = mapped_column(Text)
    laid_at: Mapped[datetime]
    laid_by_name: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by_name: Mapped[str] = mapped_column(default="")
    lifted_because: Mapped[str] = mapped_column(Text, default="")

    freezer: Mapped[Container | None] = relationship()


class Thinning(Base):
    """What was thinned of one channel on one day: to which grain, how many hours, how many rows went."""

    __tablename__ = "thinning"
    __table_args__ = (UniqueConstraint("channel_id", "grain", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    grain: Mapped[int] = mapped_column(SmallInteger)
    """What is left: `figure_models.MINUTES` or `HOURS`."""
    day: Mapped[str]
    """The day of the thinning in UTC, as 2026-11-23."""
    from_ms: Mapped[int] = mapped_column(BigInteger)
    to_ms: Mapped[int] = mapped_column(BigInteger)
    hours: Mapped[int]
    rows: Mapped[int]
    last_at: Mapped[datetime]
