"""The list of vials as a sheet, streamed: codes stay text, and no cell begins a formula."""

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any

from flask import Response, g

from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.kit.filters import site_zone
from server.kit.i18n import gettext
from server.kit.state import kit
from server.storage.queries.vial_list import VialRow, all_pages
from server.storage.rules.vial_filters import VialFilter

COLUMNS = (
    "code", "line", "line name", "lot", "tier", "passage", "state", "disposition", "sample type", "volume ul",
    "thaws", "project", "site", "room", "freezer", "rack", "box", "position", "since", "reserved for", "held", "verified",
    "comment",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NO_FORM = N_("“%(found)s” is not a kind of sheet; csv or xlsx is expected.")


def sheet(form: str, wanted: VialFilter, codes: Sequence[str] = ()) -> Response:
    """Return all that fits (or these codes) as csv or xlsx."""
    if form not in ("csv", "xlsx"):
        raise NotFound(Refusal("no_such_form", NO_FORM, {"found": form}))
    zone, actor = site_zone(), g.actor
    name = f"{gettext('vials')}-{g.clock.now().astimezone(zone):%Y-%m-%d}.{form}"
    rows = _rows(actor, wanted, codes, zone)
    answer = (
        Response(_csv(rows), mimetype="text/csv") if form == "csv"
        else Response(_xlsx(rows), mimetype=XLSX)
    )  # fmt: skip
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _rows(
    actor: Actor, wanted: VialFilter, codes: Sequence[str], zone: tzinfo
) -> Iterator[list[str]]:
    reading = (
        kit().database.reading
    )  # a stream outlives its request: each part is a session of its own
    pages = all_pages(reading, actor, wanted, zone, codes)
    return (cells(row, zone) for rows in pages for row in rows)


def cells(row: VialRow, zone: tzinfo) -> list[str]:
    """Return the cells of one vial, all of them text."""
    facts, path = row.facts, row.path
    steps = {step.kind: step.name for step in path.steps}
    since = path.began_at.astimezone(zone).isoformat(timespec="seconds") if path.began_at else ""
    found = (
        facts.code, facts.line_code, facts.line_name, facts.lot_code, facts.tier, facts.passage, facts.state,
        facts.disposition, facts.type_code, facts.volume_ul, facts.thaws, facts.project_code,
        *(steps.get(kind) for kind in ("site", "room", "freezer", "rack", "box", "position")), since,
        row.reserved_for, "yes" if row.held else "",
        facts.verified_at.astimezone(zone).isoformat(timespec="seconds") if facts.verified_at else "", facts.comment,
    )  # fmt: skip
    return ["" if value is None else str(value) for value in found]


def _csv(rows: Iterator[list[str]]) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    yield "\ufeff"  # so that spreadsheets read it as UTF-8
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([harmless(value) for value in row])
        if out.tell() > 32_768:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text


def harmless(value: str) -> str:
    """Return the text so that no spreadsheet reads it as a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value


def _xlsx(rows: Iterator[list[str]]) -> Iterator[bytes]:
    from openpyxl import Workbook  # noqa: PLC0415  half a second that only sheets need

    book = Workbook(write_only=True)
    page = book.create_sheet("vials")
    page.append(list(COLUMNS))
    for row in rows:
        page.append([_text(page, value) for value in row])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        yield from iter(lambda: file.read(65_536), b"")


def _text(page: Any, value: str) -> Any:  # noqa: ANN401  openpyxl's own kinds
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  half a second that only sheets need

    cell = WriteOnlyCell(page, value)
    cell.data_type = "s"  # text: neither a number without its zeros nor a formula
    return cell
