"""A moment where there is little room: 11:54 today, 11-22 08:41 before."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g
from markupsafe import Markup

from server.kit.filters import site_zone
from server.telemetry.views.blueprints import pages


@pages.app_template_filter("short_when")
def short_when(at: datetime, zone: str = "") -> Markup:
    """Return the moment in the site's time, its whole date and zone in the title."""
    there = at.astimezone(ZoneInfo(zone) if zone else site_zone())
    today = g.clock.now().astimezone(there.tzinfo).date()
    form = "%H:%M" if there.date() == today else "%m-%d %H:%M"
    title = f"{there:%Y-%m-%d %H:%M:%S} {there.tzinfo}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), title, there.strftime(form)
    )
