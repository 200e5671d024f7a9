"""Edges of the derivation graph, and holds; both name things by (kind, id) alone."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId

STANDING = text("superseded_at IS NULL")
OPEN = text("lifted_at IS NULL")


class Edge(Base):
    """This came out of that; never updated, only superseded by another row."""

    __tablename__ = "edge"
    __table_args__ = (
        Index("ix_edge_parent", "parent_kind", "parent_id"),
        Index("ix_edge_child", "child_kind", "child_id"),
        Index(
            "uq_edge_standing",
            "parent_kind",
            "parent_id",
            "child_kind",
            "child_id",
            "relation",
            unique=True,
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    parent_kind: Mapped[str]
    """line, lot, vial, sample, batch or dose."""
    parent_id: Mapped[int] = mapped_column(BigId)
    parent_code: Mapped[str]
    child_kind: Mapped[str]
    child_id: Mapped[int] = mapped_column(BigId)
    child_code: Mapped[str]
    relation: Mapped[str]
    """thaw, passage, expansion, subclone, reprogramming, differentiation, gene_edit, pool, split, aliquot or formulation."""
    volume_ul: Mapped[int | None]
    """How much of the parent went into the child, in microlitres."""
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    by_name: Mapped[str]
    superseded_at: Mapped[datetime | None]
    superseded_because: Mapped[str] = mapped_column(default="")


class Hold(Base):
    """A thing must not be used: why, by whom, who may lift it. Holds stack: free is what has none open."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_open", "kind", "target_id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_hold_target", "kind", "target_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[str]
    target_id: Mapped[int] = mapped_column(BigId)
    target_code: Mapped[str]
    cause: Mapped[str]
    """A word of the list in rules: excursion, contamination, identity, consent, complaint, stock_check, other ..."""
    note: Mapped[str] = mapped_column(default="")
    severity: Mapped[str] = mapped_column(default="hold")
    """hold or quarantine."""
    lifted_by_permission: Mapped[str]
    """Who may lift it: holders of this permission."""
    source_kind: Mapped[str] = mapped_column(default="")
    source_id: Mapped[int | None] = mapped_column(BigId)
    """The hold, episode or result from which this one came; empty for one that a person laid."""
    opened_at: Mapped[datetime]
    opened_by_name: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by_name: Mapped[str] = mapped_column(default="")
    lifted_because: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
