"""The board: what needs somebody now."""

from collections import Counter

from flask import g, render_template

from server.alarms import queries
from server.alarms.board import Alarm
from server.alarms.views.blueprints import pages
from server.core.words import N_
from server.kit import csrf
from server.kit.door import require
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
    alarms = queries.board(g.session, g.actor, g.clock.now())
    return render_template(
        "alarms/board.html",
        alarms=alarms,
        summary=summary(alarms),
        answers=g.actor.orgs("alarms.acknowledge"),
        token=csrf.token(),
    )


def summary(alarms: list[Alarm]) -> str:
    """Say how many of which: 1 critical, 2 high; 2 acknowledged."""
    waiting = Counter(alarm.state for alarm in alarms if not alarm.acknowledged)
    held = sum(alarm.acknowledged for alarm in alarms)
    parts = [gettext(template, n=waiting[state]) for state, template in COUNTED if waiting[state]]
    said = ", ".join(parts)
    if held:
        answered = ngettext("%(num)s acknowledged", "%(num)s acknowledged", held) % {"num": held}
        said = f"{said}; {answered}" if said else answered
    return said
