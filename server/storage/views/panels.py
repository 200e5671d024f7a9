"""What storage puts onto the pages of others."""

from flask import g, render_template

from server.catalogue.models import Lot
from server.storage import queries, rules

MOST = 60


def vials_of_lot(lot: Lot) -> str:
    """Return the card of a lot's vials and where each one is."""
    vials = queries.stored_vials_of_lot(g.session, lot, MOST)
    paths = queries.paths_of(g.session, vials=[vial.id for vial in vials]) if vials else {}
    stored, total = queries.lot_counts(g.session, lot.id)
    return render_template(
        "storage/lot_panel.html",
        lot=lot,
        vials=vials,
        paths=paths,
        stored=stored,
        total=total,
        rules=rules,
    )
