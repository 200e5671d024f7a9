"""Sites, rooms, and what freezers fail with."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base


class Site(Base):
    """A campus or building with freezers; its time zone is the one that its pages speak."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("org_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str]
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    address: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    __mapper_args__ = {"version_id_col": version}


class Room(Base):
    """A room of a site."""

    __tablename__ = "room"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str]

    site: Mapped[Site] = relationship()


class PowerCircuit(Base):
    """An electrical circuit; what hangs on it fails together."""

    __tablename__ = "power_circuit"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str]


class NitrogenSupply(Base):
    """A nitrogen line or tank; the freezers that it fills run dry together."""

    __tablename__ = "nitrogen_supply"
    __table_args__ = (UniqueConstraint("site_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    code: Mapped[str]


STANDS = text("ended_at IS NULL")


class FreezerPlace(Base):
    """This freezer stood in that room, on that circuit and supply, from t1 to t2; the live row says where it is."""

    __tablename__ = "freezer_place"
    __table_args__ = (
        Index(
            "uq_freezer_place_now",
            "freezer_id",
            unique=True,
            sqlite_where=STANDS,
            postgresql_where=STANDS,
        ),
        Index("ix_freezer_place_freezer", "freezer_id", "began_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    freezer_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    power_circuit_id: Mapped[int | None] = mapped_column(ForeignKey("power_circuit.id"))
    nitrogen_supply_id: Mapped[int | None] = mapped_column(ForeignKey("nitrogen_supply.id"))
    began_at: Mapped[datetime | None]
    """None: where it stood when it was entered, and as far back as anything is known of it."""
    began_recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_recorded_at: Mapped[datetime | None]
    by_name: Mapped[str]

    room: Mapped[Room] = relationship()
    power_circuit: Mapped[PowerCircuit | None] = relationship()
    nitrogen_supply: Mapped[NitrogenSupply | None] = relationship()
