"""Organisations, their delivery sites, and projects."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base
from server.search import keeping
from server.search.sources import Source, Texts


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
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    __mapper_args__ = {"version_id_col": version}


class Project(Base):
    """A study or programme that owns vials and for which space is kept."""

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("org_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


keeping.offer(
    Source(
        "organisation", Organisation.id, Organisation.id, Organisation.code, Organisation.name,
        texts=[
            Texts(Organisation, select(Organisation.id, Organisation.code, Organisation.name), things=Organisation.id)
        ],
    )
)  # fmt: skip
keeping.offer(
    Source(
        "project", Project.id, Project.org_id, Project.code, Project.name,
        texts=[Texts(Project, select(Project.id, Project.code, Project.name), things=Project.id)],
    )
)  # fmt: skip
