"""What stands in a freezer, ready for an alarm to say."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class FreezerStake(Base):
    """What stands in a freezer, counted every half minute, so that an alarm need not count."""

    __tablename__ = "freezer_stake"

    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"), primary_key=True)
    vials: Mapped[int] = mapped_column(default=0)
    last_copies: Mapped[int] = mapped_column(default=0)
    """Vials that are the only one left of their cell line."""
    reserved: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime]
