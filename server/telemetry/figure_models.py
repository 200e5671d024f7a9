"""Figures made of readings: minutes, hours and six hours, what waits to be made, what came late, what was thinned."""

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId

READINGS: Final = 0
"""Grain of an hour whose readings are all there."""
MINUTES: Final = 1
"""Its readings are gone, its minutes are there."""
HOURS: Final = 2
"""Only the hour's own figures are there."""
UNMADE = text("gap_s IS NULL AND first_ms IS NULL AND grain = 0")


class ReadingHour(Base):
    """One channel's hour: how many numbers, their least, mean and greatest, and how long nothing was known.

    A row tells only of what lies in its hour, so late readings change one row.
    """

    __tablename__ = "reading_hour"
    __table_args__ = (
        Index("ix_reading_hour_grain", "channel_id", "grain", "hour_ms"),
        Index(
            "ix_reading_hour_unmade",
            "hour_ms",
            sqlite_where=UNMADE,
            postgresql_where=UNMADE,
        ),
    )

    channel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int]
    least: Mapped[float | None]
    mean: Mapped[float | None]
    greatest: Mapped[float | None]
    first_ms: Mapped[int | None] = mapped_column(BigInteger)
    """When its first number was; null where there is none, or the hour was made by an earlier version."""
    last_ms: Mapped[int | None] = mapped_column(BigInteger)
    gap_s: Mapped[float | None]
    """Seconds in silences between its own numbers; null where that was never counted.

    What was unknown before its first number and after its last one shows beside its neighbours.
    """
    grain: Mapped[int] = mapped_column(SmallInteger, default=READINGS, server_default="0")
    """How fine this hour is still kept: `READINGS`, `MINUTES` or `HOURS`."""


class ReadingMinute(Base):
    """One channel's minute, as `ReadingHour`; a minute without a number has no row."""

    __tablename__ = "reading_minute"

    channel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    minute_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int]
    least: Mapped[float]
    mean: Mapped[float]
    greatest: Mapped[float]
    first_ms: Mapped[int] = mapped_column(BigInteger)
    last_ms: Mapped[int] = mapped_column(BigInteger)
    gap_s: Mapped[float]


class HourDue(Base):
    """An hour whose figures must be made anew, because readings came into it."""

    __tablename__ = "hour_due"

    channel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class SixHours(Base):
    """One channel's quarter of a day in UTC, as `ReadingHour` and made of its hours; none without a number."""

    __tablename__ = "reading_six_hours"

    channel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    begin_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int]
    least: Mapped[float]
    mean: Mapped[float]
    greatest: Mapped[float]
    first_ms: Mapped[int] = mapped_column(BigInteger)
    last_ms: Mapped[int] = mapped_column(BigInteger)
    gap_s: Mapped[float]


class SixHoursDue(Base):
    """Six hours whose figures must be made anew, because an hour of theirs was made."""

    __tablename__ = "six_hours_due"

    channel_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    begin_ms: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True
    )


class LateHour(Base):
    """An hour into which readings came when it was long over, or had been made already."""

    __tablename__ = "late_hour"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel_id: Mapped[int]
    hour_ms: Mapped[int] = mapped_column(BigInteger)
    found_at: Mapped[datetime] = mapped_column(index=True)
