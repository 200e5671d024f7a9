"""The API of imports: send a file, map its columns, check, apply, take back."""

import io
import json
from typing import Any, Literal

from flask import g, request
from sqlalchemy import select

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.exchange import queries, registry
from server.exchange.cells import Options
from server.exchange.models import Import, ImportProblem
from server.exchange.rules import Column
from server.exchange.service import imports as service
from server.exchange.views.blueprints import api
from server.exchange.views.starting import take_in
from server.kit import cursors, etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.i18n import gettext

NO_COLUMN = N_("The file has no column “%(found)s”.")
MANY_COLUMNS = N_("The file has %(count)s columns “%(found)s”; give them names that differ.")


class ImportOut(Answer):
    """An import; `state` is receiving, received, checking, checked, applying, applied, taken_back ..."""

    code: str
    sheet: str
    layout: str
    file: str
    state: str
    mode: str
    header: list[str]
    mapping: dict[str, str]
    rows: int
    bad: int
    applied: int
    at_row: int
    because: str
    version: int


class Imports(Answer):
    """A page of imports; `next` is the cursor of the next one."""

    items: list[ImportOut]
    next: str | None


class ProblemOut(Answer):
    """One thing that is wrong with a row; `step` is in, or back for what cannot be taken back."""

    row: int
    column: str
    found: str
    expected: str
    step: str


class Problems(Answer):
    """A page of problems; `next` is the cursor of the next one."""

    items: list[ProblemOut]
    next: str | None


class ColumnOut(Answer):
    """A column of ours; `kind` is code, text, whole, number, date, yes_no, choice, codes or version."""

    name: str
    label: str
    kind: str
    required: bool
    choices: list[str]


class Columns(Answer):
    """Our columns, those of the file, and which of them a mapping that is left out would be."""

    columns: list[ColumnOut]
    header: list[str]
    suggested: dict[str, str]


class Mapping(Body):
    """Names of the file's columns by ours, as suggested where left out; how dates and numbers are written."""

    mapping: dict[str, str] | None = None
    date: Literal["", "ymd", "dmy", "mdy", "dby"] = ""
    decimal: Literal[".", ","] = "."
    numeric_codes: bool = False


class Applying(Body):
    """all (or nothing), or good (rows now)."""

    mode: Literal["all", "good"]


class TakingBack(Body):
    """Why it is taken back."""

    reason: str


@api.get("/imports")
@require("storage.import")
@describes("Imports, the newest first", answers={200: Imports}, listed=True)
def imports() -> Imports:
    """List imports."""
    found, onward = cursors.page(g.session, queries.imports(g.actor), Import.id, newest_first=True)
    return Imports(items=[_out(made) for made in found], next=onward)


@api.post("/imports")
@require("storage.import")
@describes(
    "Send a CSV or XLSX file as the body; it waits for its mapping",
    answers={201: ImportOut},
    query={
        "sheet": "What its rows are.",
        "layout": "Whose columns; found by its header where nothing is said.",
        "file": "Its name.",
        "organisation": "The code of the organisation that its rows belong to.",
    },
)
def send() -> tuple[ImportOut, int]:
    """Store a file."""
    asked = request.args
    code = take_in(
        io.BytesIO(request.get_data(cache=True)), asked.get("file", "") or "api.csv",
        asked.get("sheet", ""), asked.get("layout", ""), asked.get("organisation", ""),
    )  # fmt: skip
    return _flushed(queries.import_of(g.session, g.actor, code), 201)


@api.get("/imports/<code>/columns")
@require("storage.import")
@describes("What the columns of an import can be mapped to", answers={200: Columns})
def columns(code: str) -> Columns:
    """Describe the columns."""
    made = queries.import_of(g.session, g.actor, code)
    sheet, layout = registry.sheet_of(made.sheet), registry.layout_of(made.sheet, made.layout)
    wanted = layout.columns_for(sheet, g.session, made.org_id)
    header: list[str] = json.loads(made.header)
    suggested = service.suggested(g.session, made)
    return Columns(
        columns=[_column(column) for column in wanted], header=header,
        suggested={name: header[at] for name, at in suggested.items()},
    )  # fmt: skip


@api.get("/imports/<code>")
@require("storage.import")
@describes("One import, and how far it is", answers={200: ImportOut})
def one(code: str) -> tuple[ImportOut, int]:
    """Describe an import."""
    return _answer(queries.import_of(g.session, g.actor, code))


@api.put("/imports/<code>/mapping")
@require("storage.import")
@describes("Map the columns; the rows are checked then", body=Mapping, answers={200: ImportOut})
def map_columns(code: str) -> tuple[ImportOut, int]:
    """Map the columns."""
    wanted = read(Mapping)
    made = _seen(code)
    mapping = (
        service.suggested(g.session, made)
        if wanted.mapping is None
        else _places(wanted.mapping, json.loads(made.header))
    )
    options = Options(wanted.date, wanted.decimal, wanted.numeric_codes)
    service.map_columns(g.session, g.actor, made, mapping, options, at=g.clock.now())
    return _flushed(made)


@api.post("/imports/<code>/apply")
@require("storage.import")
@describes("Bring in the rows of a checked import", body=Applying, answers={202: ImportOut})
def apply(code: str) -> tuple[ImportOut, int]:
    """Bring the rows in."""
    wanted = read(Applying)
    made = _seen(code)
    service.apply(g.session, g.actor, made, wanted.mode, at=g.clock.now())
    return _flushed(made, 202)


@api.post("/imports/<code>/take-back")
@require("storage.import")
@describes("Take an import back as a whole", body=TakingBack, answers={202: ImportOut})
def take_back(code: str) -> tuple[ImportOut, int]:
    """Take it back."""
    wanted = read(TakingBack)
    made = _seen(code)
    service.take_back(g.session, g.actor, made, wanted.reason[:500], at=g.clock.now())
    return _flushed(made, 202)


@api.post("/imports/<code>/put-aside")
@require("storage.import")
@describes("Close an import that has changed nothing", answers={200: ImportOut})
def put_aside(code: str) -> tuple[ImportOut, int]:
    """Put it aside."""
    made = _seen(code)
    service.put_aside(g.session, g.actor, made, at=g.clock.now())
    return _flushed(made)


@api.get("/imports/<code>/problems")
@require("storage.import")
@describes("What is wrong with the rows of an import", answers={200: Problems}, listed=True)
def problems(code: str) -> Problems:
    """List problems."""
    made = queries.import_of(g.session, g.actor, code)
    wanted = select(ImportProblem).where(ImportProblem.import_id == made.id)
    found, onward = cursors.page(g.session, wanted, ImportProblem.id)
    return Problems(items=[_problem(queries.shown(one)) for one in found], next=onward)


def _column(one: Column) -> ColumnOut:
    return ColumnOut(
        name=one.name, label=gettext(one.label), kind=one.kind, required=one.required,
        choices=list(one.choices),
    )  # fmt: skip


def _places(mapping: dict[str, str], header: list[str]) -> dict[str, int]:
    """Return where the file has these columns; refuses one that it has not, or that it has twice."""
    for name, column in mapping.items():
        if (count := header.count(column)) != 1:
            because = MANY_COLUMNS if count else NO_COLUMN
            refusal = Refusal("no_such_column", because, {"found": column[:80], "count": count})
            raise Invalid(refusal, field=name)
    return {name: header.index(column) for name, column in mapping.items()}


def _problem(one: queries.Shown) -> ProblemOut:
    expected = gettext(one.expected, **one.facts)
    return ProblemOut(
        row=one.number, column=one.column, found=one.found, expected=expected, step=one.step
    )


def _seen(code: str) -> Import:
    made = queries.import_of(g.session, g.actor, code)
    etag.check(made.version)
    return made


def _flushed(made: Import, status: int = 200) -> tuple[ImportOut, int]:
    g.session.flush()  # the version that this change makes
    return _answer(made, status)


def _answer(made: Import, status: int = 200) -> tuple[ImportOut, int]:
    etag.tell(made.version)
    return _out(made), status


def _out(made: Import) -> ImportOut:
    header: list[str] = json.loads(made.header)
    mapping: dict[str, Any] = json.loads(made.mapping)
    why = service.reason_of(made)
    return ImportOut(
        code=made.code, sheet=made.sheet, layout=made.layout, file=made.file_name, state=made.state,
        mode=made.mode, header=header, mapping={name: header[at] for name, at in mapping.items()},
        rows=made.rows, bad=made.bad, applied=made.applied, at_row=made.at_row,
        because=gettext(why.because, **why.facts) if why else "", version=made.version,
    )  # fmt: skip
