"""Pages and API of telemetry, and what it puts on the pages of others."""

from server.core.words import N_
from server.kit.state import Kit
from server.telemetry import entries, happened
from server.telemetry.views import (
    agents,
    api_logs,
    api_retention,
    channels,
    control,
    enrolment,
    freezer_panels,
    logs,
    other_panels,
    rejected,
    retention,
    timeline,
    times,
)
from server.telemetry.views import api as api_views
from server.telemetry.views.blueprints import api, pages

__all__ = [
    "agents",
    "api",
    "api_logs",
    "api_retention",
    "api_views",
    "channels",
    "control",
    "enrolment",
    "logs",
    "pages",
    "register",
    "rejected",
    "retention",
    "timeline",
    "times",
]


def register(kit: Kit) -> None:
    """Offer the nav entry, and the panels of freezers, vials and the first page."""
    happened.provide(entries.lines)
    kit.nav.offer(75, N_("Agents"), "/agents", "telemetry.read")
    offer = kit.panels.offer
    offer("freezer.badge", 20, freezer_panels.badge)
    offer("freezer.sentence", 20, freezer_panels.sentence)
    offer("freezer.side", 10, freezer_panels.side)
    offer("freezer.chart", 10, freezer_panels.chart)
    offer("freezer.happened", 10, freezer_panels.what_happened)
    offer("freezers.cells", 10, freezer_panels.list_cells)
    offer("vial", 10, other_panels.vial_warmest)
    offer("home", 20, other_panels.nitrogen)
