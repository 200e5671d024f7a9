"""Pages and API of distribution."""

from server.core.words import N_
from server.distribution.views import answers, deciding, panels, picking, queue, window
from server.distribution.views.blueprints import api, pages
from server.kit.state import Kit

__all__ = ["answers", "api", "deciding", "pages", "picking", "queue", "register", "window"]


def register(kit: Kit) -> None:
    """Put distribution into the page head and its panels on the catalogue's pages."""
    kit.nav.offer(20, N_("Window"), "/window", "requests.own")
    kit.nav.offer(40, N_("Requests"), "/requests", "requests.read")
    kit.nav.offer(41, N_("My requests"), "/requests", "requests.own")
    kit.panels.offer("line", 10, panels.of_line)
    kit.panels.offer("lot", 10, panels.of_lot)
