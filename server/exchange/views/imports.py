"""The page of one import: its columns are mapped, its rows are checked, applied, taken back."""

import json
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid
from server.core.words import N_
from server.exchange import queries, registry, rules
from server.exchange.cells import DATE_FORMATS, Options, date_in, text_of
from server.exchange.models import Import
from server.exchange.rules import State
from server.exchange.service import imports as service
from server.exchange.views.blueprints import pages
from server.kit import notices
from server.kit.door import require
from server.kit.forms import errors_of
from server.kit.i18n import gettext

SIZE = 100
EXAMPLES = 3
COLUMN = "column:"


@pages.get("/imports/<code>")
@require("storage.import")
def import_page(code: str) -> str:
    """Show an import as it stands."""
    return _page(queries.import_of(g.session, g.actor, code))


@pages.get("/imports/<code>/progress")
@require("storage.import")
def progress(code: str) -> str:
    """Return how far the worker is; nothing once it has done its part, so that the page is loaded again."""
    made = queries.import_of(g.session, g.actor, code)
    if made.state not in rules.WORKING:
        return "<p></p>"
    return render_template("exchange/progress.html", made=made, done=_done(made))


@pages.get("/imports/<code>/columns")
@require("storage.import")
def columns(code: str) -> str:
    """Show the mapping again, also of a file that has been checked."""
    return _mapping_page(queries.import_of(g.session, g.actor, code))


@pages.post("/imports/<code>/columns")
@require("storage.import")
def map_columns(code: str) -> Response | tuple[str, int]:
    """Say which column is which, and let the rows be checked."""
    made = queries.import_of(g.session, g.actor, code)
    mapping = {
        name.removeprefix(COLUMN): int(value)
        for name, value in request.form.items()
        if name.startswith(COLUMN) and value.isdecimal()
    }
    options = Options(
        date=request.form.get("date", ""),
        decimal="," if request.form.get("decimal") == "," else ".",
        numeric_codes=request.form.get("numeric_codes") == "yes",
    )
    try:
        service.map_columns(g.session, g.actor, made, mapping, options, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _mapping_page(made, refused, mapping, options), 422
    return redirect(url_for("exchange.import_page", code=made.code))


@pages.post("/imports/<code>/apply")
@require("storage.import")
def apply(code: str) -> Response | tuple[str, int]:
    """Let the rows be brought in."""
    made = queries.import_of(g.session, g.actor, code)
    mode = request.form.get("mode", "")
    try:
        service.apply(g.session, g.actor, made, mode, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _page(made, refused), 422
    return redirect(url_for("exchange.import_page", code=made.code))


@pages.get("/imports/<code>/take-back")
@require("storage.import")
def ask_back(code: str) -> str:
    """Name what would be taken back, and ask why."""
    made = queries.import_of(g.session, g.actor, code)
    return render_template("exchange/take_back.html", made=made, errors={})


@pages.post("/imports/<code>/take-back")
@require("storage.import")
def take_back(code: str) -> Response | tuple[str, int]:
    """Let the worker undo the import."""
    made = queries.import_of(g.session, g.actor, code)
    reason = request.form.get("reason", "").strip()
    if not reason:
        because = {"reason": gettext(N_("Say why; it stays in the record."))}
        return render_template("exchange/take_back.html", made=made, errors=because), 422
    service.take_back(g.session, g.actor, made, reason[:500], at=g.clock.now())
    return redirect(url_for("exchange.import_page", code=made.code))


@pages.post("/imports/<code>/put-aside")
@require("storage.import")
def put_aside(code: str) -> Response:
    """Close an import without having changed anything."""
    made = queries.import_of(g.session, g.actor, code)
    service.put_aside(g.session, g.actor, made, at=g.clock.now())
    notices.tell(gettext(N_("The import has been put aside; nothing was changed.")))
    return redirect(url_for("exchange.imports"))


def _page(made: Import, refused: CryokeepError | None = None) -> str:
    if made.state == State.RECEIVED:
        return _mapping_page(made, refused)
    page = _number()
    total = queries.count_problems(g.session, made.id)
    found = queries.problems(g.session, made.id, SIZE, (page - 1) * SIZE)
    first = (page - 1) * SIZE
    return render_template(
        "exchange/import.html",
        made=made,
        sheet=registry.sheet_of(made.sheet),
        layout=registry.layout_of(made.sheet, made.layout),
        labels=_labels(made),
        state=rules.STATE_WORDS[State(made.state)],
        working=made.state in rules.WORKING,
        done=_done(made),
        why=service.reason_of(made),
        problems=found,
        total=total,
        first=first + 1,
        last=first + len(found),
        prev=f"?page={page - 1}" if page > 1 else "",
        next=f"?page={page + 1}" if page * SIZE < total else "",
        errors=errors_of(refused) if refused else {},
    )


def _number() -> int:
    return min(max(request.args.get("page", 1, type=int), 1), 1_000_000)


def _done(made: Import) -> int:
    """Return how many rows the present step has behind it; the header is row 1."""
    if made.state == State.TAKING_BACK:
        return max(0, made.rows - max(0, made.at_row - 2))
    return min(made.rows, max(0, made.at_row - 1))


def _labels(made: Import) -> dict[str, str]:
    sheet = registry.sheet_of(made.sheet)
    layout = registry.layout_of(made.sheet, made.layout)
    found = [
        *sheet.columns(g.session, made.org_id),
        *layout.columns_for(sheet, g.session, made.org_id),
    ]
    return {column.name: gettext(column.label) for column in found}


def _mapping_page(
    made: Import, refused: CryokeepError | None = None, mapping: dict[str, int] | None = None,
    options: Options | None = None,
) -> str:  # fmt: skip
    sheet, layout = registry.sheet_of(made.sheet), registry.layout_of(made.sheet, made.layout)
    wanted = layout.columns_for(sheet, g.session, made.org_id)
    header, sample = json.loads(made.header), json.loads(made.sample)
    known = service.remembered(g.session, made)
    if mapping is None:
        mapping = service.suggested(g.session, made)
    if options is None:
        kept = json.loads(made.options) or (json.loads(known.options) if known else {})
        options = Options(**kept)
    errors: dict[str, Any] = errors_of(refused) if refused else {}
    if isinstance(refused, service.MappingRefused):
        errors = refused.errors
    return render_template(
        "exchange/columns.html", made=made, sheet=sheet, layout=layout, columns=wanted, header=header,
        sample=[[text_of(cell) for cell in row] for row in sample[:5]], mapping=mapping,
        options=options, remembered=known is not None, why=service.reason_of(made),
        dates=_date_choices(wanted, mapping, sample), asks_codes=_has_numbers(wanted, mapping, sample),
        errors=errors, column_of={at: name for name, at in mapping.items()},
        reading=json.loads(made.reading),
    )  # fmt: skip


def _cells_of(kind: str, wanted: Any, mapping: dict[str, int], sample: Any) -> list[Any]:  # noqa: ANN401  JSON
    places = [mapping[c.name] for c in wanted if c.kind == kind and c.name in mapping]
    return [
        row[at] for row in sample for at in places if at < len(row) and row[at] not in (None, "")
    ]


def _date_choices(wanted: Any, mapping: dict[str, int], sample: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401  JSON
    """Return each way to write dates, with what the file's own values would then mean."""
    if not any(column.kind == "date" for column in wanted):
        return []
    cells = _cells_of("date", wanted, mapping, sample) or [cell for row in sample for cell in row]
    texts = [cell for cell in cells if isinstance(cell, str)]
    if not any(column.kind == "date" and column.name in mapping for column in wanted):
        texts = [text for text in texts if any(date_in(text, how) for how in DATE_FORMATS)]
    shown = list(dict.fromkeys(texts))[:EXAMPLES]
    return [
        (how, gettext(words), "; ".join(f"{text} → {_meant(text, how)}" for text in shown))
        for how, (_format, words) in DATE_FORMATS.items()
    ]


def _meant(text: str, how: str) -> str:
    day = date_in(text, how)
    return day.strftime("%-d %B %Y") if day else gettext(N_("no date"))


def _has_numbers(wanted: Any, mapping: dict[str, int], sample: Any) -> bool:  # noqa: ANN401  JSON
    found = [
        cell for kind in ("code", "codes") for cell in _cells_of(kind, wanted, mapping, sample)
    ]
    return any(isinstance(cell, int | float) for cell in found)
