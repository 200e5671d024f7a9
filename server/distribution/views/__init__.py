"""Pages and API of distribution."""

from server.core.words import N_
from server.distribution.views import answers, deciding, panels, picking, queue, tasks, window
from server.distribution.views.blueprints import api, pages
from server.kit.state import Kit

__all__ = ["answers", "api", "deciding", "pages", "picking", "queue", "register", "window"]


def register(kit: Kit) -> None:
    """Put distribution into the page head, its tasks onto the home page, its panels onto lines and lots."""
    kit.nav.offer(20, N_("Window"), "/window", "requests.own")
    kit.nav.offer(37, N_("Requests"), "/requests", "requests.read")
    kit.nav.offer(38, N_("My requests"), "/requests", "requests.own")
    kit.records.offer(80, "request", N_("request"), "requests.read", "/requests/{code}", found=True)
    kit.panels.offer("line", 10, panels.of_line)
    kit.panels.offer("lot", 5, panels.of_lot)
    kit.panels.offer("home_main", 10, tasks.own_requests)
    kit.panels.offer("home", 30, tasks.scarce_stock)
    kit.tasks.offer(tasks.tasks)
