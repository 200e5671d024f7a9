"""What the frame of every page is given: language, actor, nav, strip, notices."""

from functools import partial
from typing import Any

from flask import Blueprint, Flask, g, has_request_context, request

from server.core.actor import Actor
from server.kit import csrf, filters, i18n, idempotency, notices
from server.kit.state import kit

blueprint = Blueprint(
    "kit", __name__, template_folder="templates", static_folder="static", static_url_path="/kit"
)


def install(app: Flask) -> None:
    """Give templates their words, filters and the frame's content."""
    app.register_blueprint(blueprint)
    i18n.install(app)
    filters.install(app)
    app.jinja_env.globals.update(csrf_token=csrf.token, form_number=idempotency.form_number)
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    if "frame" not in g:  # a panel is a template too: the notices belong to the page around it
        g.frame = _fill()
    frame: dict[str, Any] = g.frame
    return frame


def _fill() -> dict[str, Any]:
    actor: Actor = g.get("actor") or Actor.nobody()
    here = kit()
    language = i18n.language()
    now = here.clock.now()
    path = request.path if has_request_context() else ""
    return {
        "language": language,
        "scheme": "",
        "actor": actor if actor.signed_in else None,
        "nav": here.nav.of(actor, path, language),
        "nav_more": here.nav.of(actor, path, language, seldom=True),
        "scan_action": _scan_action(actor),
        "strip": _strip(actor),
        "strip_stream": here.strip.stream(actor),
        "notices": notices.take() if has_request_context() else [],
        "now": now,
        "printed_at": now.astimezone(filters.site_zone()).strftime("%Y-%m-%d %H:%M %Z"),
        "panels": here.panels,
        "history_of": partial(here.records.history_of, actor),
        "record_history": here.records.history(actor, path, g.get("record")),
    }


def _scan_action(actor: Actor) -> str:
    if actor.may("storage.read"):
        return "/find"
    return "/window" if actor.may("requests.own") else ""


def _strip(actor: Actor) -> object:
    if not kit().strip.wanted(actor):
        return None
    with g.reader() as session:
        return kit().strip.of(session, actor)
