"""Goods into a site, between sites and back: what was announced or packed, and what arrived."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalogue.models import Lot
from server.core.db import Base, BigId
from server.storage.models import Container, Site, Vial


class Shipment(Base):
    """Tubes that come to a site: from outside (incoming), from another site (transfer), or back (return)."""

    __tablename__ = "shipment"
    __table_args__ = (
        CheckConstraint("kind IN ('incoming', 'transfer', 'return')", name="kind"),
        CheckConstraint("(kind = 'transfer') = (from_site_id IS NOT NULL)", name="from_site"),
        Index("ix_shipment_state", "org_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    state: Mapped[str]
    """expected or packing, in_transit, receiving, received, or cancelled."""
    from_site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    to_site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    shipper_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    """The mobile container that it travels in."""
    sender: Mapped[str] = mapped_column(default="")
    carrier: Mapped[str] = mapped_column(default="")
    waybill: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(Text, default="")
    quarantine: Mapped[bool] = mapped_column(default=False)
    """What arrives is laid into quarantine: the bank's rule when the shipment was made."""
    created_at: Mapped[datetime]
    created_by_name: Mapped[str]
    sent_at: Mapped[datetime | None]
    sent_by_name: Mapped[str] = mapped_column(default="")
    arrived_at: Mapped[datetime | None]
    """When the first tube of it was scanned at the site."""
    closed_at: Mapped[datetime | None]
    closed_by_name: Mapped[str] = mapped_column(default="")
    closed_because: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)

    from_site: Mapped[Site | None] = relationship(foreign_keys=[from_site_id])
    to_site: Mapped[Site] = relationship(foreign_keys=[to_site_id])
    shipper: Mapped[Container | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class ShipmentLine(Base):
    """One tube of a shipment: announced or packed, and what became of it."""

    __tablename__ = "shipment_line"
    __table_args__ = (
        UniqueConstraint("shipment_id", "code"),
        CheckConstraint(
            "state IN ('expected', 'packed', 'unpacked', 'received', 'missing', 'unexpected')",
            name="state",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    code: Mapped[str]
    vial_id: Mapped[int | None] = mapped_column(ForeignKey("vial.id"), index=True)
    """None while the tube of an incoming shipment has not arrived."""
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    """The lot that it is entered into when it arrives."""
    manifest: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    """JSON: what else the manifest says of it, by the names of its columns."""
    state: Mapped[str]
    damaged: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None]
    settled_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    shipment: Mapped[Shipment] = relationship()
    vial: Mapped[Vial | None] = relationship()
    lot: Mapped[Lot | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class ShipmentRule(Base):
    """Whether what arrives by one kind of shipment goes into quarantine in this bank."""

    __tablename__ = "shipment_rule"

    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    quarantine: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
