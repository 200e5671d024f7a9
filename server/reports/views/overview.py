"""How full, how old, what is there: each as a picture or table, and as a file."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from flask import Response, g, render_template, request

from server.core.words import N_n
from server.kit.door import require
from server.kit.i18n import gettext
from server.reports.queries import fullness, stock
from server.reports.rules.ages import LIMITS, by_tier
from server.reports.rules.forecast import Forecast, forecast
from server.reports.views.blueprints import pages
from server.storage import queries as storage
from server.storage.views.exporting import harmless

READ = "storage.read"
ROOMY = 10
TICKS = 4


@pages.get("/reports")
@require(READ)
def reports() -> str:
    """List what can be looked at, with each freezer's fullness."""
    rows = [
        (row, fullness.capacity_of(g.session, row.freezer))
        for row in storage.freezers(g.session, g.actor)
    ]
    return render_template("reports/reports.html", rows=rows)


@pages.get("/reports/freezers/<code>")
@require(READ)
def freezer_report(code: str) -> str:
    """Show a freezer as a map of its boxes, and when it will be full."""
    found = storage.container(g.session, g.actor, READ, code, "freezer")
    counts = fullness.weekly_counts(g.session, found, g.clock.now())
    capacity = fullness.capacity_of(g.session, found)
    trend = forecast(counts, capacity)
    return render_template(
        "reports/freezer.html",
        freezer=found,
        columns=fullness.map_of(g.session, found),
        capacity=capacity,
        now_inside=counts[-1][1] if counts else 0,
        trend=trend,
        chart=_chart(counts, capacity, trend),
        may_plan=g.actor.may("storage.move", found.org_id),
    )


Line = list[tuple[float, float]]


def _chart(
    counts: Sequence[tuple[date, int]], capacity: int, trend: Forecast | None
) -> dict[str, object] | None:
    """Return the drawing: the weeks so far, the trend as a second line, the capacity as a limit."""
    if len(counts) < 2:
        return None
    first, last = counts[0][0], counts[-1][0]
    end = max(last, trend.full_on) if trend and trend.full_on else last
    ahead = min((end - last).days, (last - first).days)
    span = (last - first).days + ahead or 1
    past: Line = [((day - first).days / span, count) for day, count in counts]
    lines = [past]
    if trend is not None and ahead:
        reached = counts[-1][1] + trend.per_week / 7 * ahead
        lines.append([(past[-1][0], counts[-1][1]), (1.0, min(reached, capacity))])
    high = max(capacity, *(count for _, count in counts))
    return {
        "lines": lines,
        "high": high * 1.05,
        "ticks": [(n * high / TICKS, f"{round(n * high / TICKS):,}") for n in range(TICKS + 1)],
        "times": [(0.0, first.isoformat()), (past[-1][0], last.isoformat())],
        "limits": [
            {
                "value": capacity,
                "kind": "high",
                "severity": "warning",
                "label": gettext(
                    N_n("1 position", "%(count)s positions", "count"), count=f"{capacity:,}"
                ),
            }
        ],
    }


@pages.get("/reports/free")
@require(READ)
def free_positions() -> str:
    """List the boxes with room, those with most first."""
    asked = request.args.get("least", "").strip()
    least = int(asked) if asked.isdecimal() and 0 < int(asked) < 10_000 else ROOMY
    rows = stock.roomy_boxes(g.session, g.actor, least)
    return render_template("reports/free.html", rows=rows, least=least)


@pages.get("/reports/ages")
@require(READ)
def ages() -> str:
    """Show how old what is stored is, by tier, and the oldest lots."""
    lots = stock.lots_by_age(g.session, g.actor)
    return render_template(
        "reports/ages.html",
        rows=by_tier(lots, g.clock.now().date()),
        limits=LIMITS,
        oldest=stock.oldest_lots(g.session, g.actor),
    )


@pages.get("/reports/stock")
@require(READ)
def stock_report() -> str:
    """Show every line's stored vials by tier."""
    return render_template(
        "reports/stock.html", rows=stock.stock_by_tier(g.session, g.actor), tiers=stock.TIERS
    )


@pages.get("/reports/stock.csv")
@require(READ)
def stock_file() -> Response:
    """Hand the stock by line and tier out as a file."""
    rows = [
        [row.code, row.name, *row.counts, row.total, row.free]
        for row in stock.stock_by_tier(g.session, g.actor)
    ]
    return _file("stock", ["line", "name", *stock.TIERS, "total", "free"], rows)


@pages.get("/reports/freezers/<code>/map.csv")
@require(READ)
def map_file(code: str) -> Response:
    """Hand the fullness of each box of a freezer out as a file."""
    found = storage.container(g.session, g.actor, READ, code, "freezer")
    rows = [
        [column.code, column.label, cell.label, cell.code, cell.taken, cell.places]
        for column in fullness.map_of(g.session, found)
        for cell in column.cells
    ]
    head = ["rack", "rack position", "box position", "box", "taken", "positions"]
    return _file(f"map-{found.code}", head, rows)


def _file(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([harmless(str(cell)) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(
        "\N{ZERO WIDTH NO-BREAK SPACE}" + out.getvalue(),
        mimetype="text/csv; charset=utf-8",
        headers=headers,
    )
