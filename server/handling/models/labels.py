"""Label templates, printers, and every label that was printed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.core.db import Base, BigId


class LabelTemplate(Base):
    """What a label looks like: its size, its symbol, its lines; and where it stands on a sheet."""

    __tablename__ = "label_template"
    __table_args__ = (
        UniqueConstraint("org_id", "code"),
        CheckConstraint("symbol IN ('datamatrix', 'code128', 'none')", name="symbol"),
        CheckConstraint("width_mm > 0 AND height_mm > 0", name="size"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str]
    subject: Mapped[str]
    """vial or container."""
    width_mm: Mapped[float]
    height_mm: Mapped[float]
    symbol: Mapped[str]
    symbol_side: Mapped[str] = mapped_column(default="left")
    """left, right or top."""
    lines: Mapped[str] = mapped_column(Text)
    """One line of the label a line, with fields such as {code} and {lot}."""
    page: Mapped[str] = mapped_column(default="A4")
    """A4 or letter: the sheet that labels are printed on without a label printer."""
    page_rows: Mapped[int] = mapped_column(default=1)
    page_columns: Mapped[int] = mapped_column(default=1)
    page_top_mm: Mapped[float] = mapped_column(default=10.0)
    page_left_mm: Mapped[float] = mapped_column(default=10.0)
    gap_x_mm: Mapped[float] = mapped_column(default=0.0)
    gap_y_mm: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class LabelPrinter(Base):
    """A label printer on the network that takes ZPL on a raw port."""

    __tablename__ = "label_printer"
    __table_args__ = (UniqueConstraint("org_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    code: Mapped[str]
    host: Mapped[str]
    port: Mapped[int] = mapped_column(default=9100)
    dpi: Mapped[int] = mapped_column(default=300)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class LabelJob(Base):
    """Labels that were printed in one go, with what stood on them."""

    __tablename__ = "label_job"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("label_template.id"))
    printer_id: Mapped[int | None] = mapped_column(ForeignKey("label_printer.id"))
    """None for a sheet."""
    letter_id: Mapped[int | None] = mapped_column(BigId)
    """The letter that carries it to the printer."""
    subject: Mapped[str]
    facts: Mapped[str] = mapped_column(Text)
    """JSON: for each label in order what its fields were filled with."""
    copies: Mapped[int]
    skip: Mapped[int] = mapped_column(default=0)
    """How many places of the first sheet stayed empty."""
    why: Mapped[str] = mapped_column(default="")
    """Why something got a label again."""
    at: Mapped[datetime]
    by_name: Mapped[str]

    template: Mapped[LabelTemplate] = relationship()
    printer: Mapped[LabelPrinter | None] = relationship()


class LabelPrint(Base):
    """One thing that got labels in a job."""

    __tablename__ = "label_print"
    __table_args__ = (Index("ix_label_print_subject", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("label_job.id"), index=True)
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigId)
    copies: Mapped[int]
