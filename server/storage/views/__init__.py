"""Pages and API of storage: find, freezers, boxes, vials, places, scans."""

from server.core.words import N_
from server.kit.state import Kit
from server.storage.views import (
    api_places,
    api_vials,
    boxes,
    containers,
    finding,
    freezers,
    panels,
    places,
    scanners,
    scans,
    vials,
)
from server.storage.views.blueprints import api, pages

__all__ = [
    "api",
    "api_places",
    "api_vials",
    "boxes",
    "containers",
    "finding",
    "freezers",
    "pages",
    "places",
    "register",
    "scanners",
    "scans",
    "vials",
]


def register(kit: Kit) -> None:
    """Put storage into the page head, and its panels onto the pages of lots."""
    kit.nav.offer(20, N_("Freezers"), "/freezers", "storage.read")
    kit.nav.offer(30, N_("Stock"), "/stock", "storage.read")
    kit.panels.offer("lot", 10, panels.vials_of_lot)
