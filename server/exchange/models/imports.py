"""An import: its file, its staged rows, what is wrong with them, and what it has changed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.db import Base, BigId


class Import(Base):
    """One file on its way in: received, checked, then applied as a whole or taken back as a whole."""

    __tablename__ = "bulk_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    """The organisation to which what it adds belongs."""
    sheet: Mapped[str]
    """What its rows are: vials, lots, lines, containers ..."""
    layout: Mapped[str]
    """Whose columns they are: own, or those of another system."""
    file_name: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    reading: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: kind (csv, xlsx), encoding, delimiter."""
    header: Mapped[str] = mapped_column(Text, default="[]")
    """JSON: the names of the file's columns."""
    sample: Mapped[str] = mapped_column(Text, default="[]")
    """JSON: its first rows, for the page on which columns are mapped."""
    mapping: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: number of the file's column by name of our column."""
    options: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: date format, decimal sign, what to do with codes that a sheet has turned into numbers."""
    state: Mapped[str]
    """receiving, received, checking, checked, applying, applied, looking_back, taking_back, taken_back, halted or put_aside."""
    mode: Mapped[str] = mapped_column(default="")
    """all (or nothing) or good (rows now, bad ones back as a file); empty until it is applied."""
    staged: Mapped[bool] = mapped_column(default=False)
    """Every row of the file stands in import_row."""
    rows: Mapped[int] = mapped_column(default=0)
    bad: Mapped[int] = mapped_column(default=0)
    applied: Mapped[int] = mapped_column(default=0)
    at_row: Mapped[int] = mapped_column(default=0)
    """The last row that the present step has done."""
    through: Mapped[int] = mapped_column(default=0)
    """The last row to which applying has come; those up to it without a problem are in the record."""
    claimed_by: Mapped[str] = mapped_column(default="")
    claimed_until: Mapped[datetime | None]
    because: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: the refusal that stopped it, or why it was taken back."""
    created_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    by_name: Mapped[str]
    checked_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    taken_back_at: Mapped[datetime | None]
    taken_back_by_name: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class ImportChunk(Base):
    """A part of the file as it was sent; forgotten once the import has come to its end."""

    __tablename__ = "import_chunk"

    import_id: Mapped[int] = mapped_column(ForeignKey("bulk_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRow(Base):
    """One row of the file as it was read; never changed."""

    __tablename__ = "import_row"
    __table_args__ = {"sqlite_with_rowid": False}

    import_id: Mapped[int] = mapped_column(ForeignKey("bulk_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """As people count: the header is row 1."""
    cells: Mapped[str] = mapped_column(Text)
    """JSON: texts, numbers, true and false as a sheet has them; {"at": ...} for a sheet's own date."""


class ImportProblem(Base):
    """One thing that is wrong with one row: where, what was found, what was expected."""

    __tablename__ = "import_problem"
    __table_args__ = (Index("ix_import_problem_row", "import_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("bulk_import.id"))
    number: Mapped[int]
    step: Mapped[str]
    """in (why the row does not come in) or back (why it cannot be taken back)."""
    field: Mapped[str]
    found: Mapped[str] = mapped_column(Text)
    expected: Mapped[str] = mapped_column(Text)
    """An English template; `facts` fill it."""
    facts: Mapped[str] = mapped_column(Text, default="{}")


class ImportEffect(Base):
    """What a row did: which thing it added or changed, what was there before, and the version after."""

    __tablename__ = "import_effect"
    __table_args__ = {"sqlite_with_rowid": False}

    import_id: Mapped[int] = mapped_column(ForeignKey("bulk_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Which of the row's things, from 0: a row of some systems stands for several."""
    act: Mapped[str]
    """added or changed."""
    thing_id: Mapped[int] = mapped_column(BigId)
    code: Mapped[str]
    version: Mapped[int]
    before: Mapped[str] = mapped_column(Text, default="{}")
    """JSON: the thing's columns before a change."""


class ImportMapping(Base):
    """How the columns of such a file were mapped the last time."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("org_id", "sheet", "layout", "header_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    sheet: Mapped[str]
    layout: Mapped[str]
    header_hash: Mapped[str]
    mapping: Mapped[str] = mapped_column(Text)
    options: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
