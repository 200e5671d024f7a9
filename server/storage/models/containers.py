"""Container types, containers, what may go into them, and space that is kept."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, ByCode
from server.parties.models import Project
from server.storage.models.places import NitrogenSupply, PowerCircuit, Room
from server.storage.positions import BoxShape

BUILT_IN = text("org_id IS NULL")


class ContainerType(Base):
    """A template of containers: shape, labels, heights; what is made from it is its own from then on."""

    __tablename__ = "container_type"
    __table_args__ = (
        UniqueConstraint("org_id", "code"),
        CheckConstraint("kind IN ('freezer', 'rack', 'box')", name="kind"),
        CheckConstraint("rows > 0 AND columns > 0 AND layers > 0", name="geometry"),
        Index(
            "uq_container_type_built_in",
            "code",
            unique=True,
            sqlite_where=BUILT_IN,
            postgresql_where=BUILT_IN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    """The organisation that made it; none for those that come with the product, kept here once they are used."""
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    """freezer (stands in a room), rack (holds containers) or box (holds vials)."""
    word: Mapped[str]
    """What people call it: freezer, tank, dewar, shelf, rack, canister, cane, box, bag, dry_shipper, staging ..."""
    rows: Mapped[int]
    columns: Mapped[int]
    layers: Mapped[int] = mapped_column(default=1)
    labels: Mapped[str] = mapped_column(default="letter-number")
    label_first: Mapped[str] = mapped_column(default="row")
    fill: Mapped[str] = mapped_column(default="right-down")
    managed: Mapped[bool] = mapped_column(default=True)
    blocked: Mapped[str] = mapped_column(Text, default="[]")
    absent: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    size_classes: Mapped[str] = mapped_column(Text, default="{}")
    heights_mm: Mapped[str] = mapped_column(Text, default="[]")
    size_class: Mapped[str] = mapped_column(default="", server_default="")
    mobile: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    @property
    def shape(self) -> BoxShape:
        """Return the shape of what is made from it."""
        return shape_of(self)


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
    code: Mapped[str] = mapped_column(ByCode, index=True)
    name: Mapped[str] = mapped_column(default="")
    barcode: Mapped[str | None] = mapped_column(index=True)
    """What a rack scanner reads on it, where that is not its code."""
    rows: Mapped[int]
    columns: Mapped[int]
    layers: Mapped[int] = mapped_column(default=1)
    labels: Mapped[str] = mapped_column(default="letter-number")
    """How positions are written, a word for the rows and one for the columns (letter-number: A1), or number (1)."""
    label_first: Mapped[str] = mapped_column(default="row", server_default="row")
    """Which axis a label names first, and along which a plain number counts: row or column."""
    fill: Mapped[str] = mapped_column(default="right-down", server_default="right-down")
    """In which of the eight directions free positions are offered."""
    managed: Mapped[bool] = mapped_column(default=True, server_default=true())
    """False: a bag or bin without places of its own; its ordinals only count what fits in."""
    type_id: Mapped[int | None] = mapped_column(ForeignKey("container_type.id"), index=True)
    blocked: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """JSON: ordinals that are never used."""
    absent: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """JSON: cells of the grid at which there is no position, as in a round layout."""
    unusable: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many cells are blocked or absent: rows x columns x layers less this is what fits in."""
    size_classes: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    """JSON: size class by ordinal, "" for all others; empty where every position takes every size."""
    heights_mm: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """JSON: height of each row of positions above this container's own floor, in mm; empty where unknown."""
    size_class: Mapped[str] = mapped_column(default="", server_default="")
    """Which positions it fits into; empty: all that name no class."""
    mobile: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A dry shipper or a staging box: it travels, so nothing is kept in it for long."""
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
    type: Mapped[ContainerType | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    @property
    def shape(self) -> BoxShape:
        """Return its rows, columns, layers and the way in which its positions are written."""
        return shape_of(self)


SHAPE = (
    "rows", "columns", "layers", "labels", "label_first", "fill", "managed", "blocked", "absent",
)  # fmt: skip
"""The columns that say what shape a container has."""


def shape_of(row: Any) -> BoxShape:  # noqa: ANN401  a Container, a ContainerType, or a row with the columns of SHAPE
    """Return the shape that stands in a row; read from its JSON once for all rows alike."""
    fill, managed = row.fill or "right-down", row.managed is not False
    first, layers, labels = row.label_first or "row", row.layers or 1, row.labels or "letter-number"
    return _shape(
        row.rows,
        row.columns,
        layers,
        labels,
        first,
        fill,
        managed,
        row.blocked or "[]",
        row.absent or "[]",
    )


@lru_cache(maxsize=1024)
def _shape(
    rows: int,
    columns: int,
    layers: int,
    labels: str,
    first: str,
    fill: str,
    managed: bool,
    blocked: str,
    absent: str,
) -> BoxShape:
    never, nowhere = frozenset(json.loads(blocked)), frozenset(json.loads(absent))
    return BoxShape(rows, columns, layers, labels, first, fill, managed, never, nowhere)


class Allowance(Base):
    """One thing that may go into a container and all below it; rows of one subject are alternatives.

    No row of a subject: what the container above it says. Subjects: container_type (a type's code),
    sample_type (its code), tier, project (its code), quarantine ("only" or "never").
    """

    __tablename__ = "allowance"
    __table_args__ = (UniqueConstraint("container_id", "subject", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    container_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    subject: Mapped[str]
    value: Mapped[str]


class SpaceReservation(Base):
    """Positions that are kept for a project until a day; whole container where no ordinals are named."""

    __tablename__ = "space_reservation"
    __table_args__ = (
        CheckConstraint(
            "(first_ordinal IS NULL) = (last_ordinal IS NULL) AND (first_ordinal IS NULL OR first_ordinal <= last_ordinal)",
            name="ordinals",
        ),
        Index("ix_space_reservation_container", "container_id", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    container_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    first_ordinal: Mapped[int | None]
    last_ordinal: Mapped[int | None]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    by_name: Mapped[str]
    began_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    container: Mapped[Container] = relationship()
    project: Mapped[Project] = relationship()

    __mapper_args__ = {"version_id_col": version}


class ContainerTree(Base):
    """A tree of containers made in one go: what was asked for, and how far it has come.

    It is made slice by slice in short transactions; after a crash the worker goes on with it.
    """

    __tablename__ = "container_tree"

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    root_id: Mapped[int] = mapped_column(ForeignKey("container.id"))
    plan: Mapped[str] = mapped_column(Text)
    """JSON: for each level the type's code, the pattern of the codes, and how many in each above it."""
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="making", index=True)
    """making, made, taking_back or taken_back."""
    trouble: Mapped[str] = mapped_column(Text, default="")
    """JSON: the refusal that stopped it, if one did."""
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    by_name: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    root: Mapped[Container] = relationship()

    __mapper_args__ = {"version_id_col": version}
