"""All alarms there have been, narrowed by freezer, state and severity."""

from typing import Any
from urllib.parse import urlencode

from flask import g, render_template, request

from server.alarms import board
from server.alarms.kinds import KINDS
from server.alarms.models import Episode
from server.alarms.rules import SEVERITIES
from server.alarms.views.blueprints import pages
from server.kit.door import require
from server.storage.models import Container

SIZE = 50
STATES = ("open", "unanswered", "unfinished", "over")


@pages.get("/alarms/history")
@require("alarms.read")
def history() -> str:
    """Show past and present alarms, newest first."""
    page = min(max(request.args.get("page", 1, type=int), 1), 1_000_000)
    alarms, total = board.history(
        g.session, g.actor.orgs("alarms.read"), g.clock.now(), conditions(), SIZE, (page - 1) * SIZE
    )
    return render_template(
        "alarms/history.html",
        alarms=alarms,
        total=total,
        first=(page - 1) * SIZE + 1,
        last=(page - 1) * SIZE + len(alarms),
        prev=_address(page - 1) if page > 1 else "",
        next=_address(page + 1) if page * SIZE < total else "",
        asked={
            name: request.args.get(name, "")
            for name in ("freezer", "severity", "kind", "state", "tests")
        },
    )


def conditions() -> list[Any]:
    """Return what the address asks for as conditions; what is not understood narrows nothing."""
    asked, found = request.args, []
    if freezer := asked.get("freezer", "").strip():
        found.append(Container.code == freezer.upper())
    if asked.get("severity") in SEVERITIES:
        found.append(Episode.severity == asked["severity"])
    if asked.get("kind") in KINDS:
        found.append(Episode.kind == asked["kind"])
    if asked.get("tests") not in {"1", "yes"}:
        found.append(Episode.drill == "")
    if (below := asked.get("below", type=int)) is not None:
        found.append(Episode.cause_id == below)
    state = asked.get("state")
    if state == "open":
        found.append(Episode.cleared_at.is_(None))
    elif state == "unanswered":
        found.append(Episode.acknowledged_at.is_(None))
    elif state == "unfinished":
        found.append(board.UNFINISHED)
    elif state == "over":
        found.append(Episode.cleared_at.is_not(None))
    return found


def _address(page: int) -> str:
    asked = {name: value for name, value in request.args.items() if name != "page" and value}
    return "?" + urlencode({**asked, "page": page})
