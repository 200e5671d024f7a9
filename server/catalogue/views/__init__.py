"""Pages and API of the catalogue."""

from server.catalogue.views import answers, lines, lots
from server.catalogue.views.blueprints import api, pages
from server.core.words import N_
from server.kit.state import Kit

__all__ = ["answers", "api", "lines", "lots", "pages", "register"]


def register(kit: Kit) -> None:
    """Put the catalogue into the page head."""
    kit.nav.offer(35, N_("Lines"), "/lines", "catalogue.read")
