"""On-call schedules: who is on when, by layers of turns, overrides and holidays."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class Schedule(Base):
    """Who is on call when; its days and hours are those of its time zone."""

    __tablename__ = "on_call_schedule"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str]
    time_zone: Mapped[str]
    """Of the IANA table, such as Europe/Berlin."""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Layer(Base):
    """Turns that follow one another; the first layer of a schedule that has somebody on decides."""

    __tablename__ = "on_call_layer"
    __table_args__ = (UniqueConstraint("schedule_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("on_call_schedule.id"))
    position: Mapped[int]
    name: Mapped[str]
    turn_hours: Mapped[int]
    """How long a turn lasts, in hours of the wall clock: 24 a day, 168 a week."""
    begins_on: Mapped[date]
    """The day of the first hand-over."""
    hand_over_min: Mapped[int]
    """Minutes after midnight of that hand-over; the others follow at the same time of day."""
    weekdays: Mapped[str] = mapped_column(default="0123456")
    """The days on which it is on: 0 is Monday."""
    from_min: Mapped[int] = mapped_column(default=0)
    """On those days it is on from this minute after midnight…"""
    until_min: Mapped[int] = mapped_column(default=1440)
    """…to this one; where that is earlier, to this one of the next day."""
    on_holidays: Mapped[str] = mapped_column(default="as_always")
    """as_always, nobody, or person: `holiday_person_id`."""
    holiday_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Turn(Base):
    """Who is on in one turn of a layer; several people are on together."""

    __tablename__ = "on_call_turn"

    layer_id: Mapped[int] = mapped_column(ForeignKey("on_call_layer.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


class Override(Base):
    """A time in which one person is on, whatever the layers say."""

    __tablename__ = "on_call_override"
    __table_args__ = (Index("ix_on_call_override_until", "schedule_id", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("on_call_schedule.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    begins_at: Mapped[datetime]
    until: Mapped[datetime]
    because: Mapped[str] = mapped_column(default="")
    imported_uid: Mapped[str] = mapped_column(default="")
    """The entry of the calendar file that it came from; empty where it was typed."""
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was taken back."""


class Holiday(Base):
    """A day on which a schedule's layers may do otherwise."""

    __tablename__ = "on_call_holiday"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("on_call_schedule.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]


class Feed(Base):
    """A secret address from which calendars read a schedule, or one person's turns of it."""

    __tablename__ = "on_call_feed"

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("on_call_schedule.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Whose turns; null for everybody's."""
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
