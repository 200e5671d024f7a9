"""Reads that more than one caller needs: things by code, paths, contents, counts."""

from server.storage.queries.contents import Place, box_contents, occupant_at, occupants
from server.storage.queries.counts import (
    Inside,
    inside,
    last_copies,
    reserved_inside,
    stored_of_lots,
    vials_inside,
)
from server.storage.queries.find import Finding, Hit, find, nearest
from server.storage.queries.freezers import (
    FreezerRow,
    InsideRow,
    children_of,
    freezer_details,
    freezers,
)
from server.storage.queries.life import Stay, life_of
from server.storage.queries.paths import (
    Path,
    Step,
    freezer_of,
    path_of,
    paths_of,
    true_at,
    vial_path,
)
from server.storage.queries.things import (
    container,
    live_custody,
    lots_of_line,
    reservation_of,
    stored_vials_of_lot,
    vial,
)

__all__ = [
    "Finding",
    "FreezerRow",
    "Hit",
    "Inside",
    "InsideRow",
    "Path",
    "Place",
    "Stay",
    "Step",
    "box_contents",
    "children_of",
    "container",
    "find",
    "freezer_details",
    "freezer_of",
    "freezers",
    "inside",
    "last_copies",
    "life_of",
    "live_custody",
    "lots_of_line",
    "nearest",
    "occupant_at",
    "occupants",
    "path_of",
    "paths_of",
    "reservation_of",
    "reserved_inside",
    "stored_of_lots",
    "stored_vials_of_lot",
    "true_at",
    "vial",
    "vial_path",
    "vials_inside",
]
