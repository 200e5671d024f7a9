"""What protects vials: policies of a tier, uses that quality clears, destructions that wait for a witness."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models.vials import Vial

WAITING = text("ended_at IS NULL")


class TierPolicy(Base):
    """What an organisation wants for a tier where it differs from the defaults in rules.

    The tier "line" stands for a whole line over all its tiers; of it only `least_vials` counts.
    """

    __tablename__ = "tier_policy"
    __table_args__ = (UniqueConstraint("org_id", "tier"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    tier: Mapped[str]
    least_vials: Mapped[int] = mapped_column(default=0)
    """So many vials of the tier stay in storage, for each line."""
    least_percent: Mapped[int] = mapped_column(default=0)
    """Or so much of all that were ever filled, whichever is more."""
    keep_all: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Every vial is kept; each use is cleared by quality."""
    rebank_below: Mapped[int | None]
    """Below so many vials the stock page says that the line should be banked again."""
    return_allowed: Mapped[bool] = mapped_column(default=False)
    """Whether a vial that was taken out may go back."""
    longest_out_s: Mapped[int | None]
    """So long a vial may be out before the pages call it late, in seconds."""
    uses: Mapped[str] = mapped_column(Text, default="")
    """The uses for which a vial may be taken out, parted by spaces; empty: any."""
    signed: Mapped[bool] = mapped_column(default=False)
    """Whether quality clears each use with a signature."""
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Clearance(Base):
    """A use of a protected vial that quality is asked to clear; it clears when enough have signed."""

    __tablename__ = "clearance"
    __table_args__ = (
        Index(
            "uq_clearance_open",
            "vial_id",
            unique=True,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_clearance_vial", "vial_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    vial_id: Mapped[int] = mapped_column(ForeignKey("vial.id"))
    use: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    needed: Mapped[int]
    """So many persons of quality sign: one, or two for the last vials of a line."""
    asked_at: Mapped[datetime]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    asked_by_name: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="")
    """used, put back, refused or withdrawn."""
    ended_by_name: Mapped[str] = mapped_column(default="")
    ended_note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    vial: Mapped[Vial] = relationship()
    signed: Mapped[list["ClearanceSignature"]] = relationship(order_by="ClearanceSignature.id")

    __mapper_args__ = {"version_id_col": version}


class ClearanceSignature(Base):
    """One person of quality has cleared a use; each person counts once."""

    __tablename__ = "clearance_signature"
    __table_args__ = (UniqueConstraint("clearance_id", "person_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    clearance_id: Mapped[int] = mapped_column(ForeignKey("clearance.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    person_name: Mapped[str]
    signature_id: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime]


class Destruction(Base):
    """A vial is to be destroyed: who signed for it, and the witness; the vial is what it was until both did."""

    __tablename__ = "destruction"
    __table_args__ = (
        Index(
            "uq_destruction_open",
            "vial_id",
            unique=True,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_destruction_vial", "vial_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    vial_id: Mapped[int] = mapped_column(ForeignKey("vial.id"))
    reason: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_by_name: Mapped[str]
    signature_id: Mapped[int] = mapped_column(BigId)
    witness_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    witness_name: Mapped[str] = mapped_column(default="")
    witness_signature_id: Mapped[int | None] = mapped_column(BigId)
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="")
    """destroyed, withdrawn or refused."""
    ended_by_name: Mapped[str] = mapped_column(default="")
    ended_note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    vial: Mapped[Vial] = relationship()

    __mapper_args__ = {"version_id_col": version}
