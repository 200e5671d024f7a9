"""Custody: where everything was, from when to when; and moves of many things at once."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId
from server.storage.models.containers import Container
from server.storage.models.vials import Vial

LIVE = text("ended_at IS NULL AND superseded_at IS NULL")
OF_CHILD = text("child_id IS NOT NULL")
LIVE_CHILD = text("ended_at IS NULL AND superseded_at IS NULL AND child_id IS NOT NULL")
"""Few custody rows are of containers: an index of these alone is small, and databases find that out."""
KEPT = text(
    "place != 'position' AND container_id IS NOT NULL AND ended_at IS NULL AND superseded_at IS NULL"
)
MOVED = text("bulk_move_id IS NOT NULL")


class BulkMove(Base):
    """Many things moved as one: a box with all in it, a swap, another order, or such a move taken back."""

    __tablename__ = "bulk_move"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[str]
    """move, swap, reorder, undo or consolidate."""
    things: Mapped[int]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    by_name: Mapped[str]
    undoes_id: Mapped[int | None] = mapped_column(BigId, unique=True)
    """The move that this one takes back; each is taken back at most once."""


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
            "(container_id IS NULL) = (ordinal IS NULL) AND (place <> 'position' OR ordinal IS NOT NULL)"
            " AND (ordinal IS NULL OR place IN ('position', 'bench', 'transit', 'recipient'))",
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
            "uq_custody_child_now",
            "child_id",
            unique=True,
            sqlite_where=LIVE_CHILD,
            postgresql_where=LIVE_CHILD,
        ),
        Index("ix_custody_kept", "container_id", sqlite_where=KEPT, postgresql_where=KEPT),
        Index("ix_custody_vial", "vial_id", "began_at"),
        Index(
            "ix_custody_child_began",
            "child_id",
            "began_at",
            sqlite_where=OF_CHILD,
            postgresql_where=OF_CHILD,
        ),
        Index("ix_custody_container", "container_id", "ended_at"),
        Index("ix_custody_moved", "bulk_move_id", sqlite_where=MOVED, postgresql_where=MOVED),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    vial_id: Mapped[int | None] = mapped_column(ForeignKey("vial.id"))
    child_id: Mapped[int | None] = mapped_column(ForeignKey("container.id"))
    place: Mapped[str]
    """position, bench, transit, recipient, destroyed, consumed or unknown (missing, lost).

    A row on the bench, in transit or with a recipient that names a position keeps that position for the vial.
    """
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
    superseded_by_id: Mapped[int | None] = mapped_column(BigId)
    """The custody row that took this one's place when it was corrected."""
    corrects_id: Mapped[int | None] = mapped_column(BigId)
    """The custody row that this one corrects."""
    bulk_move_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_move.id"))
    shipment_id: Mapped[int | None] = mapped_column(BigId)
    """The shipment in which it travels, where `place` is transit."""
    reason: Mapped[str] = mapped_column(default="")

    vial: Mapped[Vial | None] = relationship()
    child: Mapped[Container | None] = relationship(foreign_keys=[child_id])
    container: Mapped[Container | None] = relationship(foreign_keys=[container_id])
