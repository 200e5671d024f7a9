"""Pages and API of work at the freezer."""

from server.core.words import N_
from server.handling.views import (
    api_audits,
    api_freight,
    api_labels,
    api_lists,
    api_offline,
    api_rules,
    api_shipments,
    api_stocktakes,
    audits,
    chosen,
    labels,
    lists,
    panels,
    shipments,
    shipping,
    stocktake_boxes,
    stocktakes,
    tank,
    tank_tasks,
)
from server.handling.views.blueprints import api, pages
from server.kit.state import Kit

__all__ = [
    "api",
    "api_audits",
    "api_freight",
    "api_labels",
    "api_lists",
    "api_offline",
    "api_rules",
    "api_shipments",
    "api_stocktakes",
    "audits",
    "labels",
    "lists",
    "pages",
    "register",
    "shipments",
    "shipping",
    "stocktake_boxes",
    "stocktakes",
    "tank",
]


def register(kit: Kit) -> None:
    """Put labels into the page head, and their buttons onto the pages of vials and containers."""
    chosen.offer()
    kit.nav.offer(35, N_("Lists"), "/lists", "storage.move")
    kit.nav.offer(61, N_("At the tank"), "/tank", "storage.move")
    kit.tasks.offer(tank_tasks.undecided)
    kit.nav.offer(62, N_("Stock-takes"), "/stock-takes", "storage.read")
    kit.nav.offer(63, N_("Shipments"), "/shipments", "storage.read")
    kit.nav.offer(65, N_("Labels"), "/labels", "storage.move")
    _offer_records(kit)
    kit.panels.offer("vial.guard", 20, shipments.journey)
    kit.panels.offer("vial.actions", 50, panels.print_vial)
    kit.panels.offer("container.actions", 50, panels.print_container)
    kit.panels.offer("container.actions", 55, panels.count_container)


def _offer_records(kit: Kit) -> None:
    offer = kit.records.offer
    offer(82, "work_list", N_("list"), "storage.read", "/lists/{code}")
    offer(84, "stock_take", N_("stock-take"), "storage.read", "/stock-takes/{code}")
    offer(86, "position_audit", N_("position audit"), "storage.read", "/position-audits/{code}")
    offer(140, "label_template", N_("label template"), "labels.manage", "/labels")
    offer(141, "label_printer", N_("label printer"), "labels.manage", "/labels")
    offer(88, "shipment", N_("shipment"), "storage.read", "/shipments/{code}")
