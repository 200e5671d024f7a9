"""Named teams, and who is away."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class CallGroup(Base):
    """A named team that a step tells all at once."""

    __tablename__ = "call_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class GroupMember(Base):
    """That a person is in a group."""

    __tablename__ = "call_group_member"

    group_id: Mapped[int] = mapped_column(ForeignKey("call_group.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


class Absence(Base):
    """A time in which a person is told nothing; another may stand in wherever they would be on call."""

    __tablename__ = "absence"
    __table_args__ = (Index("ix_absence_person", "person_id", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Who stands in; null: nobody."""
    begins_at: Mapped[datetime]
    until: Mapped[datetime]
    because: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was taken back."""
