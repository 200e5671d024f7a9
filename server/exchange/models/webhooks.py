"""Addresses that are told what happens."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class Webhook(Base):
    """An address that is posted the events of an organisation; each call is signed with its secret."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    address: Mapped[str]
    events: Mapped[str] = mapped_column(Text)
    """JSON: patterns such as vial.* or request.shipped."""
    secret: Mapped[str]
    after_leaf: Mapped[int] = mapped_column(BigId)
    """The last sealed entry of the record that it has been told of."""
    created_at: Mapped[datetime]
    by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
