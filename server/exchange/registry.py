"""All sheets and all layouts, by their names."""

from collections.abc import Mapping

from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.exchange.layouts import openspecimen, orders, others
from server.exchange.layouts.base import OWN, OWN_COLUMNS, Layout
from server.exchange.sheets.base import Sheet
from server.exchange.sheets.catalogue import Lines, Lots
from server.exchange.sheets.containers import Containers
from server.exchange.sheets.definitions import CustomFields
from server.exchange.sheets.parties import DeliverySites, Organisations, Projects
from server.exchange.sheets.people import People
from server.exchange.sheets.places import NitrogenSupplies, PowerCircuits, Rooms, Sites
from server.exchange.sheets.requests import Requests
from server.exchange.sheets.sample_types import SampleTypes
from server.exchange.sheets.types import Types
from server.exchange.sheets.vials import Vials

SHEETS: Mapping[str, Sheet] = {
    sheet.name: sheet
    for sheet in (
        Vials(), Lots(), Lines(), Containers(), Types(), SampleTypes(), CustomFields(), Sites(), Rooms(),
        PowerCircuits(), NitrogenSupplies(), Projects(), Organisations(), DeliverySites(), People(),
        Requests(),
    )
}  # fmt: skip
FOREIGN: tuple[Layout, ...] = (
    openspecimen.specimen(), openspecimen.aliquot(), openspecimen.container(), orders.order(), others.freezerpro(),
    others.labkey(), others.openbis(), others.elabftw(),
)  # fmt: skip
"""The ready mappings of other systems' files."""
NO_SHEET = N_("There is no sheet “%(name)s”.")
NO_LAYOUT = N_("There is no layout “%(name)s” for this sheet.")


def sheet_of(name: str) -> Sheet:
    """Return the sheet of this name."""
    if name not in SHEETS:
        raise NotFound(Refusal("no_such_sheet", NO_SHEET, {"name": name}))
    return SHEETS[name]


def layouts_of(sheet: str) -> list[Layout]:
    """Return our own layout of the sheet, then those of other systems."""
    own = Layout(OWN, OWN_COLUMNS, sheet)
    return [own, *(layout for layout in FOREIGN if layout.sheet == sheet)]


def layout_of(sheet: str, name: str) -> Layout:
    """Return this layout of the sheet."""
    for layout in layouts_of(sheet):
        if layout.name == name:
            return layout
    raise NotFound(Refusal("no_such_layout", NO_LAYOUT, {"name": name}))


def fitting(header: list[str]) -> Layout | None:
    """Return the foreign layout whose template a file's header is, or holds nearly all of."""
    names = {" ".join(name.split()).casefold() for name in header}
    for layout in FOREIGN:
        own = {name.casefold() for name in layout.template}
        if own and len(own & names) >= 0.8 * len(own):
            return layout
    return None
