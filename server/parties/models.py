"""Organisations and their delivery sites."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base


class Organisation(Base):
    """A bank, a laboratory or an institute that asks for cells."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    country: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class DeliverySite(Base):
    """Where an organisation receives cells."""

    __tablename__ = "delivery_site"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str]
    address: Mapped[str]
    contact: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
