"""Pages and API of who is called: call lists and chains, on-call schedules, how each person is reached."""

from flask import render_template

from server.core.words import N_
from server.kit.state import Kit
from server.notify.views import api_schedules, call_list, chains, feeds, on_call, reach, schedule
from server.notify.views.blueprints import api, pages

__all__ = [
    "api", "api_schedules", "call_list", "chains", "feeds", "on_call", "pages", "reach", "register", "schedule",
]  # fmt: skip


def register(made: Kit) -> None:
    """Offer the nav entries, and the way from one's own page to how one is reached."""
    made.nav.offer(65, N_("On call"), "/on-call", "alarms.read")
    made.nav.offer(70, N_("Call lists"), "/call-lists", "notify.manage")
    made.panels.offer("me", 10, lambda _person: render_template("notify/me_card.html"))
