"""The verbs of storage: places, containers, vials, promises and rack scans."""

from server.storage.service.allowances import limit
from server.storage.service.clearing import (
    ask_clearance,
    end_clearance,
    set_policy,
    sign_clearance,
)
from server.storage.service.containers import (
    add_box,
    add_freezer,
    add_rack,
    place_container,
)
from server.storage.service.destroying import (
    Witness,
    discard_vial,
    end_destruction,
    witness_destruction,
)
from server.storage.service.endings import (
    consume_vial,
    lose_vial,
    reverse_ending,
    ship_vial,
    thaw_vial,
)
from server.storage.service.reservations import end_reservation, reserve
from server.storage.service.scans import (
    apply_scan,
    choose_lot,
    doubts_of,
    plan_of,
    put_aside_scan,
    stage_scan,
)
from server.storage.service.sites import add_circuit, add_room, add_site, add_supply, change_site
from server.storage.service.types import (
    TypeFacts,
    add_type,
    bring_back_type,
    edit_type,
    retire_type,
)
from server.storage.service.upkeep import (
    block,
    describe,
    measure,
    move_freezer,
    reshape,
    retire_container,
)
from server.storage.service.vials import (
    add_vial,
    add_vials,
    bring_vial,
    fill_vial,
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
    "TypeFacts",
    "Witness",
    "add_box",
    "add_circuit",
    "add_freezer",
    "add_rack",
    "add_room",
    "add_site",
    "add_supply",
    "add_type",
    "add_vial",
    "add_vials",
    "apply_scan",
    "ask_clearance",
    "block",
    "bring_back_type",
    "bring_vial",
    "change_site",
    "choose_lot",
    "consume_vial",
    "describe",
    "discard_vial",
    "doubts_of",
    "edit_type",
    "end_clearance",
    "end_destruction",
    "end_reservation",
    "fill_vial",
    "first_free",
    "limit",
    "lose_vial",
    "measure",
    "miss_vial",
    "move_freezer",
    "move_vial",
    "place_container",
    "place_vial",
    "plan_of",
    "position_in",
    "put_aside_scan",
    "put_back",
    "reserve",
    "reshape",
    "retire_container",
    "retire_type",
    "reverse_ending",
    "set_policy",
    "ship_vial",
    "sign_clearance",
    "stage_scan",
    "take_out",
    "thaw_vial",
    "undo_move",
    "witness_destruction",
]
