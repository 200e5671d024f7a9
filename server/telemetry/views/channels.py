"""One channel: its past as a chart, a table and a file; and what it is."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from server.accounts.queries import visible
from server.core.clock import from_ms, to_ms
from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import forms, notices
from server.kit.door import require
from server.kit.filters import site_zone
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.kit.state import kit
from server.storage.models import Container
from server.telemetry import exports, quantities, queries, service
from server.telemetry.history import Track, history
from server.telemetry.making import MINUTE_MS
from server.telemetry.models import Channel
from server.telemetry.views import charts, windows
from server.telemetry.views.blueprints import pages
from server.telemetry.views.windows import Window

REFUSED = (Invalid, Conflict)
TABLE_ROWS, FILE_ROWS, PICTURE_POINTS = 24, 5_000, 240
MOST_FILE_ROWS = 600_000
"""A year by minutes."""
PART_BYTES = 60_000
Page = BaseResponse | str | tuple[str, int]


class DescribeForm(Form):
    """What a channel is and which freezer it looks into."""

    label: str = forms.text(most=80, required=False)
    freezer: int = forms.choice(required=False)


@pages.get("/channels/<int:channel_id>")
@require("telemetry.read")
def channel(channel_id: int) -> str:
    """Show the channel's past, as a chart and as a table."""
    found = queries.channel(g.session, g.actor, channel_id)
    zone, now = zone_of(found), g.clock.now()
    window = windows.of_page(PICTURE_POINTS)
    table = _track(found, replace(window, points=TABLE_ROWS), now)
    return render_template(
        "telemetry/channel.html",
        channel=found,
        here=queries.channelled(found, now),
        rows=table_rows(table),
        bucket_s=table.bucket_ms / 1000,
        url=url_for("telemetry_api.channel_history", channel_id=found.id),
        word=quantities.word_of(found.key),
        unit=quantities.unit_of(found.key),
        digits=max(quantities.digits_of(found.key), 1),
        figure=quantities.figure,
        zone=zone,
        asked=dict(request.args),
        may_manage=g.actor.may("telemetry.manage", found.agent.org_id),
        **charts.page_chart(g.session, [found], window, now, zone),
    )


def zone_of(channel: Channel) -> str:
    """Return the time zone of the channel's freezer, or that of the person's site."""
    freezer = channel.freezer
    return freezer.room.site.time_zone if freezer and freezer.room else str(site_zone())


def _track(channel: Channel, window: Window, now: datetime) -> Track:
    return history(
        g.session, [channel], window.from_ms, window.to_ms, window.points, now_ms=to_ms(now)
    )[0]


def table_rows(track: Track) -> list[dict[str, object]]:
    """Return the buckets and the gaps between them as rows, the newest first."""
    rows: list[dict[str, object]] = [
        {
            "at": from_ms(t),
            "n": n,
            "least": least,
            "mean": mean,
            "greatest": greatest,
            "unknown_s": unknown,
        }
        for t, n, least, mean, greatest, unknown in zip(
            track.t, track.n, track.least, track.mean, track.greatest, track.unknown_s, strict=True
        )
    ]
    rows += [{"at": from_ms(begin), "until": from_ms(end), "n": 0} for begin, end in track.gaps]
    return sorted(rows, key=lambda row: str(row["at"]), reverse=True)


@pages.get("/channels/<int:channel_id>/history.csv")
@require("telemetry.read")
def channel_csv(channel_id: int) -> Response:
    """Give the channel's past as a file: every reading (what=readings), or figures by step."""
    found = queries.channel(g.session, g.actor, channel_id)
    unit, zone = quantities.unit_of(found.key), ZoneInfo(zone_of(found))
    rows: Iterator[Sequence[object]]
    head: Sequence[str]
    if request.args.get("what") == "readings":
        asked = windows.of_page(FILE_ROWS)
        head, part = exports.READING_HEAD, "readings"
        rows = exports.reading_rows(
            kit().database, found.id, asked.from_ms, asked.to_ms, unit, zone
        )
    else:
        asked = windows.of_page(_steps_of_file())
        head, part = exports.FIGURE_HEAD, "figures"
        track = _track(found, asked, g.clock.now())
        rows = exports.figure_rows(track, asked.from_ms, asked.to_ms, unit, zone)
    name = f"{found.freezer.code if found.freezer else found.stream}-{found.key}-{part}.csv"
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
    return Response(_csv(head, rows), mimetype="text/csv; charset=utf-8", headers=headers)


def _steps_of_file() -> int:
    """Return into how many steps a file of figures is cut: by minute or hour where that is asked for."""
    asked = windows.of_page(1)
    step = {"minute": MINUTE_MS, "hour": windows.HOUR_MS}.get(request.args.get("step", ""))
    if step is None:
        return FILE_ROWS
    return min(max((asked.to_ms - asked.from_ms) // step, 1), MOST_FILE_ROWS)


def _csv(head: Sequence[str], rows: Iterator[Sequence[object]]) -> Iterator[str]:
    """Yield the file part by part; its texts are the program's own, none is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow(row)
        if out.tell() > PART_BYTES:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


@pages.get("/channels/<int:channel_id>/describe")
@require("telemetry.manage")
def describe_form(channel_id: int) -> str:
    """Ask what the channel is."""
    found = queries.channel(g.session, g.actor, channel_id, "telemetry.manage")
    return _describe(found, Typed({"label": found.label, "freezer": found.freezer_id or ""}))


@pages.post("/channels/<int:channel_id>/describe")
@require("telemetry.manage")
def describe(channel_id: int) -> Page:
    """Say what the channel is; that confirms it."""
    found = queries.channel(g.session, g.actor, channel_id, "telemetry.manage")
    try:
        choices = [freezer.id for freezer in _freezers(found)]
        form = DescribeForm.read(request.form, {"freezer": choices})
        freezer = g.session.get(Container, form.freezer) if form.freezer else None
        service.describe_channel(
            g.session, g.actor, found, label=form.label, freezer=freezer, at=g.clock.now()
        )
    except REFUSED as refused:
        return _describe(found, typed_of(request.form), refused), 422
    notices.tell(gettext("The channel is confirmed."))
    if freezer is not None:
        notices.tell(
            gettext(
                "Nobody is called before a rule watches it: see “What is watched” on the page of %(code)s.",
                code=freezer.code,
            )
        )
    return redirect(url_for("telemetry.channel", channel_id=found.id))


def _describe(found: Channel, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "telemetry/describe.html",
        channel=found,
        typed=typed,
        errors=errors_of(refused) if refused else {},
        freezers=_freezers(found),
    )


def _freezers(channel: Channel) -> list[Container]:
    wanted = select(Container).where(
        Container.kind == "freezer",
        Container.retired_at.is_(None),
        Container.org_id == channel.agent.org_id,
    )
    found = visible(wanted, g.actor, "telemetry.manage", Container.org_id).order_by(Container.code)
    return list(g.session.scalars(found))
