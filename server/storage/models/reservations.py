"""Promises of single vials."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId

OPEN = text("ended_at IS NULL")


class Reservation(Base):
    """A vial is promised: for what, by whom, until when. One promise at a time."""

    __tablename__ = "reservation"
    __table_args__ = (
        Index(
            "uq_reservation_open", "vial_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        ),
        Index("ix_reservation_for", "for_kind", "for_id"),
        Index("ix_reservation_vial", "vial_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    vial_id: Mapped[int] = mapped_column(ForeignKey("vial.id"))
    for_kind: Mapped[str]
    for_id: Mapped[int] = mapped_column(BigId)
    for_code: Mapped[str]
    by_name: Mapped[str]
    began_at: Mapped[datetime]
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="")
