"""Pages and API of the catalogue."""

from server.catalogue.views import answers, lines, lots
from server.catalogue.views.blueprints import api, pages
from server.core.words import N_
from server.kit.state import Kit

__all__ = ["answers", "api", "lines", "lots", "pages", "register"]


def register(kit: Kit) -> None:
    """Put the catalogue into the page head."""
    kit.nav.offer(35, N_("Lines"), "/lines", "catalogue.read")
    kit.records.offer(10, "line", N_("cell line"), "storage.read", "/lines/{code}", found=True)
    kit.records.offer(20, "lot", N_("lot"), "storage.read", "/lots/{code}", found=True)
