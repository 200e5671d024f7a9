"""What came late: how far history was looked at once more, and who is told of what is found in it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class LatePolicy(Base):
    """How an organisation is told of excursions that are found in late readings."""

    __tablename__ = "late_policy"
    __table_args__ = (CheckConstraint("policy IN ('digest', 'call', 'none')", name="policy"),)

    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    policy: Mapped[str]
    """digest: one letter to the managers; call: each as an alarm; none: the board alone."""
    set_at: Mapped[datetime]
    set_by_name: Mapped[str]


class LateMark(Base):
    """The last note of late readings that alarms have looked at."""

    __tablename__ = "late_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seen: Mapped[int] = mapped_column(BigInteger, default=0)
