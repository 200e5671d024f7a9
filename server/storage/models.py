"""Sites, rooms, supplies; containers; vials; custody; reservations; rack scans."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalogue.models import Lot
from server.core.db import Base, BigId
from server.storage.positions import BoxShape

LIVE = text("ended_at IS NULL AND superseded_at IS NULL")
OPEN = text("ended_at IS NULL")
TAIL = 4


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


class Container(Base):
    """A freezer, rack or box: something with numbered positions.

    Position `ordinal` runs from 1 row by row: layer by layer, in each row after row, in each row
    column by column. Labels (A1, 01, ...) are only a view of the ordinal, made by `rules`.
    """

    __tablename__ = "container"
    __table_args__ = (
        UniqueConstraint("org_id", "code"),
        CheckConstraint("rows > 0 AND columns > 0 AND layers > 0", name="geometry"),
        CheckConstraint("kind IN ('freezer', 'rack', 'box')", name="kind"),
        CheckConstraint("(kind = 'freezer') = (room_id IS NOT NULL)", name="room"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[str]
    code: Mapped[str] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(default="")
    barcode: Mapped[str | None] = mapped_column(index=True)
    """What a rack scanner reads on it, where that is not its code."""
    rows: Mapped[int]
    columns: Mapped[int]
    layers: Mapped[int] = mapped_column(default=1)
    labels: Mapped[str] = mapped_column(default="letter-number")
    """How positions are written: letter-number (A1) or number (1)."""
    model: Mapped[str] = mapped_column(default="")
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"), index=True)
    power_circuit_id: Mapped[int | None] = mapped_column(ForeignKey("power_circuit.id"), index=True)
    nitrogen_supply_id: Mapped[int | None] = mapped_column(
        ForeignKey("nitrogen_supply.id"), index=True
    )
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    room: Mapped[Room | None] = relationship()
    power_circuit: Mapped[PowerCircuit | None] = relationship()
    nitrogen_supply: Mapped[NitrogenSupply | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    @property
    def shape(self) -> BoxShape:
        """Return its rows, columns, layers and the way in which its positions are written."""
        return BoxShape(self.rows, self.columns, self.layers, self.labels)


def _tail(context: DefaultExecutionContext) -> str:
    found = context.get_current_parameters()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type for it
    return str(found["code"])[-TAIL:]


class Vial(Base):
    """One physical tube; its code is its own for ever.

    `state` says only what is physically true: labelled, in_storage, checked_out, missing, shipped
    or destroyed. Reserved, held and quarantined are rows beside it.
    """

    __tablename__ = "vial"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    tail: Mapped[str] = mapped_column(default=_tail, server_default="", index=True)
    """The code's last characters: what people type when the rest is frosted over."""
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    state: Mapped[str] = mapped_column(default="labelled")
    volume_ul: Mapped[int | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    lot: Mapped[Lot] = relationship()

    __table_args__ = (Index("ix_vial_lot_state", "lot_id", "state"),)
    __mapper_args__ = {"version_id_col": version}


class Custody(Base):
    """This vial (or container) was at that position, on the bench, or with that recipient, from t1 to t2.

    The live row has neither ended nor been superseded. Custody is relative: a vial's row names its
    box, the box's row names its rack. Two partial unique indexes refuse a second occupant of a
    position and a second place of an occupant, whatever the code above believes.
    """

    __tablename__ = "custody"
    __table_args__ = (
        CheckConstraint("(vial_id IS NULL) <> (child_id IS NULL)", name="occupant"),
        CheckConstraint(
            "(place = 'position') = (container_id IS NOT NULL AND ordinal IS NOT NULL)",
            name="place",
        ),
        Index(
            "uq_custody_live_position",
            "container_id",
            "ordinal",
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        Index(
            "uq_custody_live_vial", "vial_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE
        ),
        Index(
            "uq_custody_live_child",
            "child_id",
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        Index("ix_custody_vial", "vial_id", "began_at"),
        Index("ix_custody_child", "child_id", "began_at"),
        Index("ix_custody_container", "container_id", "began_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    vial_id: Mapped[int | None] = mapped_column(ForeignKey("vial.id"))
    child_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    place: Mapped[str]
    """position, bench, recipient, destroyed or unknown (missing)."""
    container_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    ordinal: Mapped[int | None]
    recipient_org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    began_at: Mapped[datetime]
    """When it happened."""
    began_recorded_at: Mapped[datetime]
    """When it was recorded."""
    began_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    began_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_recorded_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    superseded_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")

    vial: Mapped[Vial | None] = relationship()
    child: Mapped[Container | None] = relationship(foreign_keys=[child_id])
    container: Mapped[Container | None] = relationship(foreign_keys=[container_id])


class Reservation(Base):
    """A vial is promised: for what, by whom, until when. One promise at a time."""

    __tablename__ = "reservation"
    __table_args__ = (
        Index(
            "uq_reservation_open", "vial_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        ),
        Index("ix_reservation_for", "for_kind", "for_id"),
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


class RackScan(Base):
    """A scanner's file that was read: staged with what it would change, then applied or put aside."""

    __tablename__ = "rack_scan"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    """The lot that tubes unknown so far are entered into, where one was chosen."""
    file_name: Mapped[str]
    format: Mapped[str]
    rack: Mapped[str] = mapped_column(default="", server_default="")
    """The rack's barcode that the file names; empty where it names none."""
    sha256: Mapped[str]
    tubes: Mapped[str] = mapped_column(Text)
    """JSON: [[ordinal, code or null, as written], ...]."""
    state: Mapped[str] = mapped_column(default="staged")
    """staged, applied or put_aside."""
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    uploaded_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    applied_by_name: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column(default=1)

    box: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}
