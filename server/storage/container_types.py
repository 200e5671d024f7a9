"""The container types that come with the product: shapes, words and labels, as a plain table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from server.core.words import N_
from server.storage.positions import BoxShape

_ROUND_33 = "..ooo.. .ooooo. .ooooo. ooooooo .ooooo. .ooooo. ..ooo.."


@dataclass(frozen=True)
class Template:
    """A built-in type. `word` is what people call such a thing; `kind` says what it holds."""

    code: str
    name: str
    kind: str
    word: str
    shape: BoxShape
    heights_mm: tuple[float, ...] = ()
    size_class: str = ""
    mobile: bool = False
    size_classes: Mapping[str, str] = field(default_factory=dict)


def cells_of(drawing: str, sign: str) -> frozenset[int]:
    """Return the cells of a drawing, row by row, at which this sign stands."""
    signs = "".join(drawing.split())
    return frozenset(at for at, one in enumerate(signs, start=1) if one == sign)


def _numbered(rows: int, columns: int, **more: object) -> BoxShape:
    return BoxShape(rows, columns, labels="number", **more)  # type: ignore[arg-type]  # fields of the shape


def _round() -> BoxShape:
    return _numbered(7, 7, absent=cells_of(_ROUND_33, "."))


def _box(rows: int, columns: int) -> Template:
    name = N_("Box")
    return Template(f"BOX-{rows}X{columns}", name, "box", "box", BoxShape(rows, columns))


def _levels(count: int, step_mm: float, first_mm: float = 0.0) -> tuple[float, ...]:
    """Return the heights of shelves from the top one down."""
    return tuple(first_mm + step_mm * (count - 1 - level) for level in range(count))


_ALL = (
    Template(
        "FREEZER-5-SHELVES",
        N_("Upright freezer with 5 shelves"),
        "freezer",
        "freezer",
        _numbered(5, 1),
        _levels(5, 240.0, 60.0),
    ),
    Template(
        "SHELF-6",
        N_("Shelf for 6 racks"),
        "rack",
        "shelf",
        _numbered(1, 6),
        (0.0,),
    ),
    Template(
        "TANK-12",
        N_("Nitrogen vapour tank with carousel, 12 racks"),
        "freezer",
        "tank",
        _numbered(1, 12),
        (120.0,),
    ),
    Template(
        "TANK-33",
        N_("Nitrogen vapour tank, round, 33 racks"),
        "freezer",
        "tank",
        _round(),
        (120.0,) * 7,
    ),
    Template(
        "DEWAR-6",
        N_("Manual dewar with 6 canisters"),
        "freezer",
        "dewar",
        _numbered(1, 6),
        (40.0,),
    ),
    Template(
        "CHEST-20",
        N_("Chest freezer for 20 racks"),
        "freezer",
        "freezer",
        _numbered(4, 5),
        (20.0,) * 4,
    ),
    Template(
        "RACK-10",
        N_("Rack with 10 levels for boxes"),
        "rack",
        "rack",
        _numbered(10, 1),
        _levels(10, 58.0),
    ),
    Template(
        "RACK-13",
        N_("Rack with 13 levels for boxes"),
        "rack",
        "rack",
        _numbered(13, 1),
        _levels(13, 54.0),
    ),
    Template(
        "DRAWER-RACK-5X4",
        N_("Drawer rack, 5 drawers of 4 boxes"),
        "rack",
        "rack",
        BoxShape(5, 4, labels="number-number"),
        _levels(5, 55.0),
    ),
    Template(
        "CANISTER-6",
        N_("Canister for 6 canes"),
        "rack",
        "canister",
        _numbered(1, 6),
        (0.0,),
    ),
    Template(
        "CANE-6",
        N_("Cane for 6 vials"),
        "box",
        "cane",
        _numbered(6, 1),
        _levels(6, 45.0),
    ),
    *(_box(side, side) for side in (5, 7, 9, 10, 13, 14)),
    _box(8, 12),
    Template(
        "BOX-ROUND-33",
        N_("Round box with 33 positions"),
        "box",
        "box",
        _round(),
    ),
    Template(
        "BAG-25",
        N_("Bag for up to 25"),
        "box",
        "bag",
        BoxShape(1, 25, managed=False),
    ),
    Template(
        "BIN-100",
        N_("Bin without places, for up to 100"),
        "box",
        "bin",
        BoxShape(1, 100, managed=False),
    ),
    Template(
        "DRY-SHIPPER-1",
        N_("Dry shipper for one rack or 5 boxes"),
        "rack",
        "dry_shipper",
        _numbered(5, 1),
        _levels(5, 58.0, 30.0),
        mobile=True,
    ),
    Template(
        "STAGING-9X9",
        N_("Staging box for what was picked"),
        "box",
        "staging",
        BoxShape(9, 9),
        mobile=True,
    ),
)
BUILT_IN: Mapping[str, Template] = {one.code: one for one in _ALL}
"""All built-in types by code; a type of an organisation's own may bear none of these codes."""

WORDS = {
    "freezer": N_("freezer"),
    "tank": N_("tank"),
    "dewar": N_("dewar"),
    "shelf": N_("shelf"),
    "rack": N_("rack"),
    "drawer": N_("drawer"),
    "canister": N_("canister"),
    "cane": N_("cane"),
    "box": N_("box"),
    "bag": N_("bag"),
    "bin": N_("bin"),
    "plate": N_("plate"),
    "dry_shipper": N_("dry shipper"),
    "staging": N_("staging box"),
}
"""What people call a container, by the word in its type."""
KIND_WORDS = {
    "freezer": N_("stands in a room, holds racks and boxes"),
    "rack": N_("holds racks and boxes"),
    "box": N_("holds vials"),
}


def drawing_of(shape: BoxShape) -> Iterator[str]:
    """Yield the rows of a shape as they are drawn in a form: o a position, x a blocked one, . none."""
    signs = "".join(
        "." if one in shape.absent else "x" if one in shape.blocked else "o"
        for one in range(1, shape.size + 1)
    )
    for start in range(0, len(signs), shape.columns):
        yield signs[start : start + shape.columns]
