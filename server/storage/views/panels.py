"""What storage puts onto the pages of others."""

from collections.abc import Mapping
from contextlib import suppress

from flask import g, render_template, url_for

from server.catalogue.models import Lot
from server.core.errors import NotFound
from server.storage import queries, rules
from server.storage.models import Container, Vial
from server.storage.queries.freezer_places import places_of
from server.storage.queries.stays import all_stays

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


def where_it_was(asked: Mapping[str, str]) -> str | None:
    """Return the card of all stays of a vial or container, those that were corrected too; with both times.

    Of a freezer it is the card of the rooms in which it stood.
    """
    thing = _thing(asked["kind"], asked["code"])
    if thing is None:
        return None
    if isinstance(thing, Container) and thing.kind == "freezer":
        places = places_of(g.session, thing)
        return render_template("storage/freezer_places.html", places=places)
    stays = all_stays(g.session, thing)
    return render_template(
        "storage/where_it_was.html",
        stays=stays,
        may_correct=g.actor.may("storage.reverse", thing.org_id),
        late=_late(thing),
    )


def _late(thing: Vial | Container) -> str:
    """Return where a stay of it is recorded late; empty where this person may not."""
    if not g.actor.may("storage.move", thing.org_id):
        return ""
    page = "late_form" if isinstance(thing, Vial) else "container_late_form"
    return url_for(f"storage.{page}", code=thing.code)


def _thing(kind: str, code: str) -> Vial | Container | None:
    with suppress(NotFound):
        if kind == "vial":
            return queries.vial(g.session, g.actor, "storage.read", code)
        if kind in ("freezer", "rack", "box"):
            return queries.container(g.session, g.actor, "storage.read", code, kind)
    return None
