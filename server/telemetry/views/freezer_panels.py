"""What telemetry puts on the page of a freezer and on the list of freezers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import g, render_template, url_for
from sqlalchemy import select

from server.core.words import say
from server.kit.i18n import language
from server.storage.models import Container, Room
from server.telemetry import happened, quantities, sentences
from server.telemetry.limits import worst_broken
from server.telemetry.models import Agent, Channel, reading
from server.telemetry.nitrogen import Outlook, outlook
from server.telemetry.standing import Seen, Standing, moving, standings
from server.telemetry.views import charts, windows
from server.telemetry.views.windows import Window

PERMISSION = "telemetry.read"
CHARTED = ("top_c", "bottom_c")
OTHERS_CHARTED = ("level_mm", "level_pct", "room_c")
HAPPENED_DAYS = 7
PICTURE_POINTS = 240
INSIDE_MM = 950.0
"""A tank's inside is drawn this high."""
ROWS, COLUMNS = 6, 5
TOP_AT, BOTTOM_AT = 0.93, 0.07
BOILING_C = -195.8


def standing_of(freezer: Container) -> Standing | None:
    """Return how the freezer stands, asked once a request; None where it is not measured or not to be seen."""
    if not g.actor.may(PERMISSION, freezer.org_id):
        return None
    if "telemetry_standings" not in g:
        wanted = select(Channel.freezer_id).where(Channel.freezer_id.is_not(None)).distinct()
        g.telemetry_standings = standings(g.session, list(g.session.scalars(wanted)), g.clock.now())
    found: Standing | None = g.telemetry_standings.get(freezer.id)
    return found if found and found.seen else None


def _zone(freezer: Container) -> str:
    room: Room | None = freezer.room
    return room.site.time_zone if room else "UTC"


def badge(freezer: Container) -> str | None:
    """Return a badge while something is beyond its limit or unknown."""
    standing = standing_of(freezer)
    if standing is None or not standing.state:
        return None
    return render_template("telemetry/badge.html", standing=standing)


def sentence(freezer: Container) -> str | None:
    """Return how the freezer stands in one sentence, as plain text."""
    standing = standing_of(freezer)
    return sentence_of(standing, _zone(freezer)) if standing else None


def sentence_of(standing: Standing, zone: str) -> str:
    """Return the sentence in the request's language."""
    level = standing.of("level_mm", "level_pct")
    slope = (
        moving(g.session, level, standing.now).per_min
        if level and level.value is not None
        else None
    )
    facts = sentences.Facts(
        main=_figure(standing),
        last_at=standing.last_at,
        has_lid=standing.of("lid_open", "door_open") is not None,
        lid_open=standing.lid_open,
        has_level=level is not None,
        level_per_min=slope,
        time_zone=zone,
        now=standing.now,
    )
    return sentences.sentence(facts).text(language())


def _figure(standing: Standing) -> sentences.Figure | None:
    main = standing.main
    if main is None or main.value is None:
        return None
    move = moving(g.session, main, standing.now)
    near = min(main.limits, key=lambda limit: abs(limit.value - (main.value or 0.0)), default=None)
    return sentences.Figure(main.key, main.value, main.broken, near, move.per_min, move.since)


@dataclass(frozen=True)
class Row:
    """One line of the latest values; `since` is when an unknown value was last known."""

    label: str
    seen: Seen
    text: str
    state: str


def side(freezer: Container) -> str | None:
    """Return the card with the freezer in section and its latest values."""
    standing = standing_of(freezer)
    if standing is None:
        return None
    tank = outlook(g.session, standing, standing.now)
    return render_template(
        "telemetry/side.html",
        freezer=freezer,
        standing=standing,
        zone=_zone(freezer),
        rows=[row for row in map(_row, standing.seen) if row],
        lid=standing.of("lid_open", "door_open"),
        lid_changed_at=happened.lid_changed_at(g.session, freezer.id),
        tank=tank,
        levels=_section(standing),
        fill=_fill(tank),
        probes=_probes(standing),
        every=min(one.latest.interval_s for one in standing.seen),
        figure=quantities.figure,
    )


def _row(seen: Seen) -> Row | None:
    if quantities.is_lid(seen.key):
        return None
    name = charts.SHORT.get(seen.key) or quantities.word_of(seen.key)
    text = "" if seen.value is None else quantities.figure(seen.key, seen.value)
    label = say(language(), name)
    if seen.latest.label and seen.latest.label not in {name, say("en", name)}:
        label = say(language(), seen.latest.label)
    return Row(label, seen, text, seen.state)


def _fill(tank: Outlook | None) -> float | None:
    if tank is None or tank.level.value is None:
        return None
    whole = 100.0 if tank.level.key == "level_pct" else INSIDE_MM
    return tank.level.value / whole


def _section(standing: Standing) -> list[list[str]]:
    """Return the state of each shelf: a straight line between the probes, an estimate."""
    top, bottom = standing.of("top_c"), standing.of("bottom_c")
    if top is None:
        return [[""] * COLUMNS for _ in range(ROWS)]
    if top.value is None:
        return [["unknown"] * COLUMNS for _ in range(ROWS)]
    foot = bottom.value if bottom and bottom.value is not None else BOILING_C
    states = []
    for row in range(ROWS):
        height = 1 - (row + 0.5) / ROWS
        broken = worst_broken(top.limits, foot + (top.value - foot) * height / TOP_AT)
        states.append([broken.severity if broken else ""] * COLUMNS)
    return states


def _probes(standing: Standing) -> list[tuple[float, str, str]]:
    places = {"top_c": TOP_AT, "middle_c": 0.5, "bottom_c": BOTTOM_AT}
    return [
        (places[one.key], one.state, say(language(), quantities.word_of(one.key)))
        for one in standing.seen
        if one.key in places
    ]


def chart(freezer: Container) -> str | None:
    """Return the card with the freezer's chart."""
    standing = standing_of(freezer)
    if standing is None:
        return None
    window = windows.of_page(PICTURE_POINTS)
    channels = charted(freezer.id, window)
    if not channels:
        return None
    zone = _zone(freezer)
    return render_template(
        "telemetry/chart.html",
        url=url_for("telemetry_api.freezer_history", code=freezer.code),
        title=quantities.word_of(channels[0].key),
        unit=quantities.unit_of(channels[0].key),
        channel=channels[0],
        zone=zone,
        **charts.page_chart(g.session, channels, window, standing.now, zone),
    )


def charted(freezer_id: int, window: Window, keys: Sequence[str] = ()) -> list[Channel]:
    """Return the channels that a freezer's chart shows: the temperatures, else its level; one of a kind.

    Where `keys` names quantities it shows those, as far as they are measured. Behind them come the same of a controller's log, where it has some of this time.
    """
    wanted = select(Channel).where(Channel.freezer_id == freezer_id, Channel.confirmed)
    found = {c.key: c for c in g.session.scalars(wanted.order_by(Channel.id.desc()))}
    shown = [found[key] for key in dict.fromkeys(keys or CHARTED) if key in found]
    if keys:
        return shown + _logged(freezer_id, keys, window)
    shown = shown or [found[key] for key in OTHERS_CHARTED if key in found][:1]
    return shown + _logged(freezer_id, [one.key for one in shown] or list(CHARTED), window)


def _logged(freezer_id: int, keys: Sequence[str], window: Window) -> list[Channel]:
    """Return the channels of the freezer's logs that have readings in this time."""
    at = reading.c.at_ms
    there = select(at).where(
        reading.c.channel_id == Channel.id, at >= window.from_ms, at < window.to_ms
    )
    wanted = (
        select(Channel)
        .join(Agent)
        .where(
            Agent.of_logs, Channel.freezer_id == freezer_id, Channel.key.in_(keys), there.exists()
        )
    )
    found = {one.key: one for one in g.session.scalars(wanted)}
    return [found[key] for key in keys if key in found]


def what_happened(freezer: Container) -> str | None:
    """Return the card with what happened in the last week."""
    if not g.actor.may(PERMISSION, freezer.org_id):
        return None
    since = g.clock.now() - timedelta(days=HAPPENED_DAYS)
    found = happened.lines(g.session, freezer.id, since)
    return render_template(
        "telemetry/happened.html",
        lines=found,
        zone=_zone(freezer),
        language=language(),
        logs_url=url_for("telemetry.logs", code=freezer.code),
        timeline_url=url_for("telemetry.timeline", code=freezer.code),
    )


def list_cells(freezer: Container) -> str | None:
    """Return the cells that telemetry adds to a freezer's row."""
    if not g.actor.may(PERMISSION):
        return None
    standing = standing_of(freezer)
    return render_template(
        "telemetry/list_cells.html",
        standing=standing,
        top=standing.of("top_c") if standing else None,
        level=standing.of("level_mm", "level_pct") if standing else None,
        zone=_zone(freezer),
        figure=quantities.figure,
    )
