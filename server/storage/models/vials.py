"""Vials and other samples: what each is, what it was called, what is in it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.catalogue.models import Lot
from server.core.db import Base, BigId, ByCode
from server.parties.models import Project
from server.storage.models.containers import BUILT_IN

TAIL = 4
TYPED, OWNED = text("sample_type_id IS NOT NULL"), text("project_id IS NOT NULL")
"""Most vials are cryovials of no project: an index of the others alone costs these nothing."""


def _tail(context: DefaultExecutionContext) -> str:
    found = context.get_current_parameters()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type for it
    return str(found["code"])[-TAIL:]


class SampleType(Base):
    """What kind of tube or vessel: cryovial, bag, straw, plate; decides unit, size and custom fields."""

    __tablename__ = "sample_type"
    __table_args__ = (
        UniqueConstraint("org_id", "code"),
        Index(
            "uq_sample_type_built_in",
            "code",
            unique=True,
            sqlite_where=BUILT_IN,
            postgresql_where=BUILT_IN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    """The organisation that made it; none for those that come with the product."""
    code: Mapped[str]
    name: Mapped[str]
    vessel: Mapped[str]
    """tube, bag, straw, plate or other."""
    size_class: Mapped[str] = mapped_column(default="")
    """Which positions it fits into; empty: all that name no class."""
    largest_ul: Mapped[int | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Vial(Base):
    """One physical tube; its code is its own for ever.

    `state` says only what is physically true: labelled, filled, in_storage, checked_out, missing,
    lost, thawed, consumed_qc, shipped or destroyed. Reserved, held and quarantined are rows beside it.
    """

    __tablename__ = "vial"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(ByCode, unique=True)
    tail: Mapped[str] = mapped_column(default=_tail, server_default="", index=True)
    """The code's last characters: what people type when the rest is frosted over."""
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    state: Mapped[str] = mapped_column(default="labelled")
    volume_ul: Mapped[int | None]
    """What is in it now, by the ledger (VolumeEntry), in microlitres."""
    sample_type_id: Mapped[int | None] = mapped_column(ForeignKey("sample_type.id"))
    """None: a cryovial."""
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"))
    thaws: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was thawed."""
    damaged_at: Mapped[datetime | None]
    """Marked as damaged: it still has to be destroyed."""
    verified_at: Mapped[datetime | None]
    """When its own code was last scanned; none since it was moved by position alone (BR-04)."""
    comment: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    lot: Mapped[Lot] = relationship()
    sample_type: Mapped[SampleType | None] = relationship()
    project: Mapped[Project | None] = relationship()

    __table_args__ = (
        Index("ix_vial_lot_state", "lot_id", "state"),
        Index("ix_vial_typed", "sample_type_id", sqlite_where=TYPED, postgresql_where=TYPED),
        Index("ix_vial_of_project", "project_id", sqlite_where=OWNED, postgresql_where=OWNED),
    )
    __mapper_args__ = {"version_id_col": version}


class VialAlias(Base):
    """Another code that a tube bears or bore: a new label, or the name that others gave it. Unique for ever."""

    __tablename__ = "vial_alias"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    vial_id: Mapped[int] = mapped_column(ForeignKey("vial.id"), index=True)
    code: Mapped[str] = mapped_column(ByCode, unique=True)
    kind: Mapped[str]
    """label (stuck on the tube) or external (what its sender calls it)."""
    at: Mapped[datetime]
    by_name: Mapped[str]

    vial: Mapped[Vial] = relationship()


class VolumeEntry(Base):
    """One line of a vial's volume ledger; never changed, only answered by another line."""

    __tablename__ = "volume_entry"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    vial_id: Mapped[int] = mapped_column(ForeignKey("vial.id"), index=True)
    change_ul: Mapped[int]
    after_ul: Mapped[int]
    reason: Mapped[str]
    """filled, aliquot, derived, pooled, split, sampled, measured or corrected."""
    about: Mapped[str] = mapped_column(default="")
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    by_name: Mapped[str]


class FieldDefinition(Base):
    """A custom field: typed, checked, searchable; of vials of one sample type, or of all of a kind."""

    __tablename__ = "field_definition"
    __table_args__ = (UniqueConstraint("org_id", "subject", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    subject: Mapped[str]
    """vial, lot, line or container."""
    sample_type_id: Mapped[int | None] = mapped_column(ForeignKey("sample_type.id"))
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    """text, number, date, yes_no or choice."""
    unit: Mapped[str] = mapped_column(default="")
    choices: Mapped[str] = mapped_column(Text, default="[]")
    """JSON: the words to choose from."""
    least: Mapped[float | None]
    most: Mapped[float | None]
    required: Mapped[bool] = mapped_column(default=False)
    place: Mapped[int] = mapped_column(default=0)
    """Where it stands on the form."""
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    sample_type: Mapped[SampleType | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class FieldValue(Base):
    """What one thing has in a custom field: the text as it is shown, and the number where it is one."""

    __tablename__ = "field_value"
    __table_args__ = (
        UniqueConstraint("subject_id", "definition_id"),
        Index("ix_field_value_text", "definition_id", "text"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("field_definition.id"))
    subject_id: Mapped[int] = mapped_column(BigId)
    text: Mapped[str] = mapped_column(Text)
    number: Mapped[float | None]

    definition: Mapped[FieldDefinition] = relationship()
