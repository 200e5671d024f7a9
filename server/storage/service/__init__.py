"""The verbs of storage: places, containers, vials, promises and rack scans."""

from server.storage.service.containers import (
    add_box,
    add_freezer,
    add_rack,
    place_container,
    retire_container,
)
from server.storage.service.endings import discard_vial, ship_vial
from server.storage.service.reservations import end_reservation, reserve
from server.storage.service.scans import (
    apply_scan,
    choose_lot,
    doubts_of,
    plan_of,
    put_aside_scan,
    stage_scan,
)
from server.storage.service.sites import add_circuit, add_room, add_site, add_supply
from server.storage.service.vials import (
    add_vial,
    add_vials,
    bring_vial,
    first_free,
    miss_vial,
    move_vial,
    place_vial,
    position_in,
    put_back,
    take_out,
    undo_move,
)

__all__ = [
    "add_box",
    "add_circuit",
    "add_freezer",
    "add_rack",
    "add_room",
    "add_site",
    "add_supply",
    "add_vial",
    "add_vials",
    "apply_scan",
    "bring_vial",
    "choose_lot",
    "discard_vial",
    "doubts_of",
    "end_reservation",
    "first_free",
    "miss_vial",
    "move_vial",
    "place_container",
    "place_vial",
    "plan_of",
    "position_in",
    "put_aside_scan",
    "put_back",
    "reserve",
    "retire_container",
    "ship_vial",
    "stage_scan",
    "take_out",
    "undo_move",
]
