"""Cell lines, their other names, and lots."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, ByCode
from server.search import keeping
from server.search.sources import Source, Texts


class CellLine(Base):
    """A cell line of the bank."""

    __tablename__ = "cell_line"
    __table_args__ = (UniqueConstraint("org_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(ByCode)
    """The bank's own accession number."""
    name: Mapped[str] = mapped_column(ByCode, index=True)
    accession: Mapped[str] = mapped_column(index=True, default="")
    """The Cellosaurus accession (CVCL_xxxx), where there is one."""
    species: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    tissue: Mapped[str] = mapped_column(default="")
    disease: Mapped[str] = mapped_column(default="")
    biosafety_level: Mapped[int] = mapped_column(default=1)
    description: Mapped[str] = mapped_column(Text, default="")
    passage_ceiling: Mapped[int | None]
    """No lot is made beyond this passage; none: no ceiling."""
    pdl_ceiling: Mapped[float | None]
    """No lot is made beyond so many population doublings; none: no ceiling."""
    listed: Mapped[bool] = mapped_column(default=False)
    """Shown in the window to those who may ask for it."""
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    names: Mapped[list["CellLineName"]] = relationship(order_by="CellLineName.name")

    __mapper_args__ = {"version_id_col": version}


class CellLineName(Base):
    """Another name of a line: a synonym or a known misspelling."""

    __tablename__ = "cell_line_name"
    __table_args__ = (UniqueConstraint("line_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("cell_line.id"))
    name: Mapped[str] = mapped_column(index=True)


class Lot(Base):
    """Vials frozen together from one culture."""

    __tablename__ = "lot"
    __table_args__ = (UniqueConstraint("org_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str] = mapped_column(ByCode, index=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("cell_line.id"), index=True)
    tier: Mapped[str]
    """seed, master, working, distribution, safety or retention."""
    disposition: Mapped[str] = mapped_column(default="quarantined")
    """quarantined, released, rejected or recalled; decided by quality."""
    reserve_floor: Mapped[int] = mapped_column(default=0)
    """So many vials of the lot are never promised away."""
    passage: Mapped[int | None]
    pdl: Mapped[float | None]
    frozen_on: Mapped[date | None]
    cells_per_vial: Mapped[float | None]
    viability_pct: Mapped[float | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    line: Mapped[CellLine] = relationship()

    __mapper_args__ = {"version_id_col": version}


keeping.offer(
    Source(
        "line", CellLine.id, CellLine.org_id, CellLine.code, CellLine.name,
        texts=[
            Texts(
                CellLine,
                select(
                    CellLine.id, CellLine.code, CellLine.name, CellLine.accession, CellLine.species,
                    CellLine.category, CellLine.tissue, CellLine.disease,
                ),
                things=CellLine.id,
            ),
            Texts(CellLineName, select(CellLineName.line_id, CellLineName.name), things=CellLineName.line_id),
        ],
    )
)  # fmt: skip
keeping.offer(
    Source(
        "lot", Lot.id, Lot.org_id, Lot.code, None,
        texts=[
            Texts(Lot, select(Lot.id, Lot.code), things=Lot.id, keys=(Lot.line_id,)),
            # a lot is found by what its line is called, and its vials by what their lot is
            Texts(
                CellLine,
                select(Lot.id, CellLine.code, CellLine.name, CellLine.accession).where(CellLine.id == Lot.line_id),
                things=select(Lot.id).where(CellLine.id == Lot.line_id),
            ),
            Texts(
                CellLineName,
                select(Lot.id, CellLineName.name).where(CellLineName.line_id == Lot.line_id),
                things=select(Lot.id).where(CellLineName.line_id == Lot.line_id),
            ),
        ],
    )
)  # fmt: skip
