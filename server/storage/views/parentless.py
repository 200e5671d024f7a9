"""Lots that should have come out of vials, and of which nobody has recorded any."""

from flask import g, render_template

from server.catalogue.models import Lot
from server.catalogue.queries import LOT_SORTS
from server.catalogue.rules import TIERS
from server.catalogue.views.answers import LotsOut, lot_out
from server.kit import cursors, lists
from server.kit.api import describes
from server.kit.door import require
from server.storage.queries.lineage import without_parents
from server.storage.views.blueprints import api, pages

SORTS = {name: LOT_SORTS[name] for name in ("code", "tier", "disposition", "frozen")}


@pages.get("/lots-without-parents")
@require("catalogue.read")
def parentless() -> str:
    """List master, working and distribution lots of which no parent vial is recorded."""
    part = lists.part(g.session, without_parents(g.actor), SORTS, "-frozen", Lot.id)
    return render_template("storage/parentless.html", part=part, tiers=TIERS)


@api.get("/lots-without-parents")
@require("catalogue.read")
@describes("List lots of which no parent vial is recorded", answers={200: LotsOut}, listed=True)
def list_parentless() -> LotsOut:
    """List them for a program."""
    found, more = cursors.page(g.session, without_parents(g.actor), Lot.id)
    return LotsOut(items=[lot_out(lot) for lot in found], next=more)
