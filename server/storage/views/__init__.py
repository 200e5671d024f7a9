"""Pages and API of storage: find, freezers, boxes, vials, places, scans."""

from server.core.words import N_
from server.kit.state import Kit
from server.storage.views import (
    acting,
    alias_forms,
    api_clearances,
    api_containers,
    api_definitions,
    api_destructions,
    api_fields,
    api_holds,
    api_lineage,
    api_moves,
    api_places,
    api_scans,
    api_sites,
    api_stock_rules,
    api_types,
    api_vial_acts,
    api_vial_list,
    api_vials,
    boxes,
    containers,
    custody,
    custom_fields,
    filling,
    finding,
    freezers,
    guarded,
    holds,
    lineage,
    moving,
    panels,
    parentless,
    places,
    sample_types,
    scanners,
    scans,
    shelving,
    signing,
    spaces,
    stock_rules,
    trees,
    types,
    upkeep,
    vial_acts,
    vial_list,
    vials,
    waiting,
)
from server.storage.views.blueprints import api, pages

__all__ = [
    "acting",
    "alias_forms",
    "api",
    "api_clearances",
    "api_containers",
    "api_definitions",
    "api_destructions",
    "api_fields",
    "api_holds",
    "api_lineage",
    "api_moves",
    "api_places",
    "api_scans",
    "api_sites",
    "api_stock_rules",
    "api_types",
    "api_vial_acts",
    "api_vial_list",
    "api_vials",
    "boxes",
    "containers",
    "custody",
    "custom_fields",
    "filling",
    "finding",
    "freezers",
    "guarded",
    "holds",
    "lineage",
    "moving",
    "pages",
    "parentless",
    "places",
    "register",
    "sample_types",
    "scanners",
    "scans",
    "shelving",
    "signing",
    "spaces",
    "stock_rules",
    "trees",
    "types",
    "upkeep",
    "vial_acts",
    "vial_list",
    "vials",
    "waiting",
]


def register(kit: Kit) -> None:
    """Put storage into the page head, and its panels onto the pages of lots."""
    kit.nav.offer(20, N_("Freezers"), "/freezers", "storage.read")
    kit.nav.offer(30, N_("Stock"), "/stock", "storage.read")
    kit.nav.offer(60, N_("Holds"), "/holds", "storage.read")
    kit.panels.offer("lot", 5, guarded.holds_of_lot)
    kit.panels.offer("lot", 7, spaces.spread_of_lot)
    kit.panels.offer("lot", 10, panels.vials_of_lot)
    kit.panels.offer("line", 5, guarded.holds_of_line)
    kit.panels.offer("vial.guard", 10, guarded.guard)
    kit.panels.offer("vial.actions", 10, guarded.hold_button)
    kit.panels.offer("vial.cards", 10, guarded.acts)
    kit.panels.offer("vial", 5, alias_forms.found_by)
    kit.panels.offer("vial.cards", 5, filling.fields_card)
    for one in ("lot", "line", "container.fields"):
        kit.panels.offer(one, 20, filling.fields_card)
    kit.panels.offer("history", 10, panels.where_it_was)
    kit.tasks.offer(waiting.signatures)
    kit.tasks.offer(spaces.banks_in_one_place)
    _offer_records(kit)


def _offer_records(kit: Kit) -> None:
    offer = kit.records.offer
    offer(30, "vial", N_("vial"), "storage.read", "/vials/{code}", found=True)
    offer(40, "freezer", N_("freezer"), "storage.read", "/freezers/{code}")
    offer(50, "rack", N_("rack"), "storage.read", "/racks/{code}")
    offer(60, "box", N_("box"), "storage.read", "/boxes/{code}")
    offer(65, "container", N_("container"), "storage.read", found=True)
    offer(100, "site", N_("site"), "storage.read", "/places", found=True)
    offer(120, "hold", N_("hold"), "storage.read")
    offer(101, "room", N_("room"), "storage.read", "/places")
    offer(102, "circuit", N_("power circuit"), "storage.read", "/places")
    offer(103, "supply", N_("nitrogen supply"), "storage.read", "/places")
    offer(130, "container_type", N_("container type"), "storage.read", "/container-types/{code}")
    offer(131, "sample_type", N_("sample type"), "storage.edit", "/sample-types")
    offer(132, "field", N_("custom field"), "storage.edit", "/custom-fields")
    offer(133, "scan", N_("rack scan"), "storage.import", "/scans/{code}")
    offer(134, "scanner", N_("scanner"), "storage.edit", "/scanners")
    offer(135, "move", N_("move"), "storage.read", "/moves/{code}")
    offer(136, "policy", N_("rule of stock"), "storage.read", "/stock-rules")
    offer(137, "filter", N_("saved filter"), "audit.read", "/vials")
