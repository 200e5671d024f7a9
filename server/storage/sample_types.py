"""The sample types that come with the product, as a plain table."""

from dataclasses import dataclass

from server.core.words import N_
from server.storage.rules.limits import CRYOVIAL

VESSELS = {
    "tube": N_("tube"),
    "bag": N_("bag"),
    "straw": N_("straw"),
    "plate": N_("plate"),
    "other": N_("other"),
}


@dataclass(frozen=True)
class Template:
    """A built-in type; a vessel of a size class goes where its own class is named, or none."""

    code: str
    name: str
    vessel: str
    size_class: str = ""
    largest_ul: int | None = None


_ALL = (
    Template(CRYOVIAL, N_("Cryovial"), "tube"),
    Template("tube-5", N_("Tube, 5 ml"), "tube", "tube-5", 5_000),
    Template("straw-0.25", N_("Straw, 0.25 ml"), "straw", "straw", 250),
    Template("straw-0.5", N_("Straw, 0.5 ml"), "straw", "straw", 500),
    Template("bag-50", N_("Bag, 50 ml"), "bag", "bag-50", 50_000),
    Template("bag-250", N_("Bag, 250 ml"), "bag", "bag-250", 250_000),
    Template("plate-96", N_("Plate, 96 wells"), "plate", "plate"),
    Template("plate-384", N_("Plate, 384 wells"), "plate", "plate"),
)
BUILT_IN = {one.code: one for one in _ALL}
