"""Filters of the list of vials that somebody gave a name."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class SavedFilter(Base):
    """One person's named filter; shared, everybody of the organisation sees it."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    """The organisation of its owner, who may share it there; none for one who belongs to none."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    by_name: Mapped[str]
    name: Mapped[str]
    wanted: Mapped[str] = mapped_column(Text)
    """What is looked for, written as the query of the list's address."""
    shared: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
