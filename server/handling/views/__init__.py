"""Pages and API of work at the freezer."""

from server.core.words import N_
from server.handling.views import (
    api_lists,
    api_stocktakes,
    labels,
    lists,
    panels,
    stocktake_boxes,
    stocktakes,
)
from server.handling.views.blueprints import api, pages
from server.kit.state import Kit

__all__ = [
    "api",
    "api_lists",
    "api_stocktakes",
    "labels",
    "lists",
    "pages",
    "register",
    "stocktake_boxes",
    "stocktakes",
]


def register(kit: Kit) -> None:
    """Put labels into the page head, and their buttons onto the pages of vials and containers."""
    kit.nav.offer(35, N_("Lists"), "/lists", "storage.move")
    kit.nav.offer(62, N_("Stock-takes"), "/stock-takes", "storage.read")
    kit.nav.offer(65, N_("Labels"), "/labels", "storage.move")
    kit.panels.offer("vial.actions", 50, panels.print_vial)
    kit.panels.offer("container.actions", 50, panels.print_container)
    kit.panels.offer("container.actions", 55, panels.count_container)
