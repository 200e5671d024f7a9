"""Pages and API of work at the freezer."""

from server.core.words import N_
from server.handling.views import api_lists, labels, lists, panels
from server.handling.views.blueprints import api, pages
from server.kit.state import Kit

__all__ = ["api", "api_lists", "labels", "lists", "pages", "register"]


def register(kit: Kit) -> None:
    """Put labels into the page head, and their buttons onto the pages of vials and containers."""
    kit.nav.offer(35, N_("Lists"), "/lists", "storage.move")
    kit.nav.offer(65, N_("Labels"), "/labels", "storage.move")
    kit.panels.offer("vial.actions", 50, panels.print_vial)
    kit.panels.offer("container.actions", 50, panels.print_container)
