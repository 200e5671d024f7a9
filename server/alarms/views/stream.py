"""The live board and strip: server-rendered HTML over one event stream a viewer."""

import time
from collections.abc import Iterator

from flask import Response, current_app, g, stream_with_context

from server.alarms import board as alarms
from server.alarms.live import Hub, Parts
from server.alarms.strip import strip_of
from server.alarms.views.blueprints import pages
from server.core.actor import Actor
from server.kit import csrf, filters, i18n
from server.kit.door import require
from server.kit.state import Kit, kit

HUB = "alarms.hub"
PING_S = 15.0
LIFE_S = 600.0
"""A stream ends after ten minutes; the browser comes back, and is asked again who it is."""
TOKEN = "@@csrf@@"  # noqa: S105  stands in shared HTML for each viewer's own


@pages.get("/alarms/stream")
@require("alarms.read")
def stream() -> Response:
    """Send the board and the strip, then again at every change; `ping` at least every 15 s."""
    hub = hub_of(kit())
    token, actor = csrf.token(), g.actor
    filters.site_zone()  # looked up now: the stream keeps no session
    response = Response(
        stream_with_context(events(hub, actor, token)), mimetype="text/event-stream"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def hub_of(made: Kit) -> Hub:
    """Return the one hub of this process; it begins to look when the first viewer comes."""
    hub: Hub = current_app.extensions.setdefault(HUB, Hub(made.database, made.waker))
    return hub


def events(hub: Hub, actor: Actor, token: str) -> Iterator[str]:
    """Yield events; nothing of the database is held between two of them.

    Looked at once before the first: a page that has just shown what was answered must not be followed
    by the board as it was before.
    """
    ends = time.monotonic() + LIFE_S
    hub.look()
    seen, sent = 0, Parts()
    while time.monotonic() < ends:
        parts = hub.parts(_kind(actor), lambda: render(actor))
        fresh = {name: html for name, html in parts.items() if sent.get(name) != html}
        sent |= fresh
        if fresh:
            yield "".join(event(name, html.replace(TOKEN, token)) for name, html in fresh.items())
        else:
            yield event("ping", "")
        seen = hub.wait(seen, PING_S)


def event(name: str, data: str) -> str:
    """Return one event of the stream; every line of the data is marked as such."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


def render(actor: Actor) -> Parts:
    """Return the inner HTML of the live parts as this actor sees them."""
    now = kit().clock.now()
    with kit().database.reading() as session:
        shown = alarms.look(session, actor.orgs("alarms.read"), now)
    env = current_app.jinja_env
    language = i18n.language()
    rows = env.get_template("alarms/_board.html").render(
        board=shown,
        alarms=shown.alarms,
        language=language,
        answers=actor.orgs("alarms.acknowledge"),
        token=TOKEN,
    )
    strip = env.get_template("kit/strip.html").render(strip=strip_of(shown, language))
    return {"board": rows, "strip": strip}


def _kind(actor: Actor) -> tuple[object, ...]:
    return (
        i18n.language(),
        str(filters.site_zone()),
        actor.orgs("alarms.read"),
        actor.orgs("alarms.acknowledge"),
    )
