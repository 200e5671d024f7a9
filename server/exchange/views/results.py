"""What came of an import, as files: every problem, and the rows that were refused."""

import json
from collections.abc import Iterator

from flask import Response, g

from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.exchange import files, queries, registry
from server.exchange.cells import text_of
from server.exchange.layouts.base import OWN
from server.exchange.models import Import
from server.exchange.queries import Shown
from server.exchange.views.blueprints import api, pages
from server.kit.api import describes
from server.kit.door import require
from server.kit.i18n import gettext
from server.kit.state import kit

NO_KIND = N_("The refused rows are there as csv or xlsx, not as “%(found)s”.")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("/imports/<code>/report.csv")
@require("storage.import")
def report(code: str) -> Response:
    """Return every problem with row, column, what was found and what is expected."""
    made = queries.import_of(g.session, g.actor, code)
    header = [
        gettext(N_("Row")),
        gettext(N_("Column")),
        gettext(N_("Found")),
        gettext(N_("Expected")),
    ]
    return sent(
        files.csv_parts(header, list(_report(made)), marked=True), f"{made.code}-report.csv"
    )


@pages.get("/imports/<code>/refused.<kind>")
@require("storage.import")
def refused(code: str, kind: str) -> Response:
    """Return the rows that were refused, as they came, with what has to be mended."""
    return _refused_file(code, kind)


def _refused_file(code: str, kind: str) -> Response:
    if kind not in {"csv", "xlsx"}:
        raise NotFound(Refusal("no_such_file", NO_KIND, {"found": kind[:20]}))
    made = queries.import_of(g.session, g.actor, code)
    layout = registry.layout_of(made.sheet, made.layout)
    header = [*json.loads(made.header), *layout.status]
    rows = list(_refused(made, len(header) - 2))
    if kind == "xlsx":
        return sent(files.xlsx(header, rows), f"{made.code}-refused.xlsx", XLSX_TYPE)
    marked = layout.name == OWN
    return sent(files.csv_parts(header, rows, marked=marked), f"{made.code}-refused.csv")


@api.get("/imports/<code>/refused.<kind>")
@require("storage.import")
@describes("The refused rows of an import as CSV or XLSX, to be mended", answers={200: None})
def api_refused(code: str, kind: str) -> Response:
    """Return the rows that were refused, in their own columns, with what has to be mended."""
    return _refused_file(code, kind)


def _report(made: Import) -> Iterator[list[str]]:
    with kit().database.reading() as session:
        for one in queries.all_problems(session, made.id):
            yield [str(one.number), one.column, one.found, gettext(one.expected, **one.facts)]


def _refused(made: Import, width: int) -> Iterator[list[str]]:
    with kit().database.reading() as session:
        for _number, cells, problems in queries.refused_rows(session, made.id):
            texts = [text_of(cell) for cell in cells[:width]]
            texts += [""] * (width - len(texts))
            yield [*texts, "FAILED", "; ".join(_sentence(one) for one in problems)]


def _sentence(one: Shown) -> str:
    expected = gettext(one.expected, **one.facts)
    return f"{one.column}: {one.found} → {expected}" if one.column else expected


def sent(parts: object, name: str, kind: str = "text/csv; charset=utf-8") -> Response:
    """Return a file to be saved under this name."""
    response = Response(parts, mimetype=kind.partition(";")[0])  # type: ignore[arg-type]  # parts or a file
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
