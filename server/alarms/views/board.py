"""The board: what needs somebody now."""

from flask import g, render_template

from server.alarms import queries
from server.alarms.board import Board
from server.alarms.views.blueprints import pages
from server.core.words import N_
from server.kit import csrf
from server.kit.door import require
from server.kit.filters import site_zone
from server.kit.i18n import gettext, ngettext

COUNTED = (
    ("critical", N_("%(n)s critical")),
    ("high", N_("%(n)s high")),
    ("unknown", N_("%(n)s unknown")),
    ("warning", N_("%(n)s warning")),
)


@pages.get("/alarms")
@require("alarms.read")
def board() -> str:
    """Show the board."""
    found = queries.seen(g.session, g.actor, g.clock.now())
    return render_template(
        "alarms/board.html",
        board=found,
        alarms=found.alarms,
        summary=summary(found),
        answers=g.actor.orgs("alarms.acknowledge"),
        token=csrf.token(),
    )


@pages.get("/alarms/wall")
@require("alarms.read")
def wall() -> str:
    """Show the board for a screen on a wall: big, without menus, with a clock."""
    found = queries.seen(g.session, g.actor, g.clock.now())
    return render_template(
        "alarms/wall.html",
        board=found,
        alarms=found.alarms,
        answers=g.actor.orgs("alarms.acknowledge"),
        token=csrf.token(),
        zone=site_zone().key,
    )


def summary(found: Board) -> str:
    """Say how many of which: 1 critical, 2 high; 2 acknowledged; 1 set aside."""
    waiting, held, aside = found.waiting, found.acknowledged, found.aside
    parts = [gettext(text, n=waiting[state]) for state, text in COUNTED if waiting.get(state)]
    said = ", ".join(parts)
    if held:
        answered = ngettext("%(num)s acknowledged", "%(num)s acknowledged", held) % {"num": held}
        said = f"{said}; {answered}" if said else answered
    if aside:
        silent = ngettext("%(num)s set aside", "%(num)s set aside", aside) % {"num": aside}
        said = f"{said}; {silent}" if said else silent
    return said
