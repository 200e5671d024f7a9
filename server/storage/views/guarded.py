"""What stands on the pages of vials, lots and lines about holds, clearances, lineage and volumes."""

from flask import g, render_template

from server.catalogue.models import CellLine, Lot
from server.genealogy import queries as genealogy
from server.genealogy.rules import CAUSES, RELATIONS
from server.storage import queries, rules
from server.storage.models import Vial
from server.storage.queries import guarding
from server.storage.queries import lineage as kin
from server.storage.queries.holds import holds_of_vial
from server.storage.rules.states import State
from server.storage.service.guarding import need_of
from server.storage.views.holds import address
from server.storage.views.lineage import lineage_of_lot
from server.storage.views.signing import USE_WORDS
from server.storage.views.vial_acts import acts_for


def guard(vial: Vial) -> str:
    """Return what stands in the way of a vial's use: holds with their causes, damage, what waits for whom."""
    policy = guarding.policy(g.session, vial.org_id, vial.lot.tier)
    stay = queries.live_custody(g.session, vial)
    out = stay is not None and stay.place == "bench" and vial.state == State.CHECKED_OUT
    return render_template(
        "storage/guard.html",
        vial=vial,
        holds=holds_of_vial(g.session, vial),
        causes=CAUSES,
        address=address,
        destruction=guarding.destruction_of(g.session, vial),
        clearance=guarding.clearance_of(g.session, vial),
        uses=USE_WORDS,
        need=need_of(g.session, vial, rules.Act.TAKE_OUT, reading=True),
        out_s=(g.clock.now() - stay.began_at).total_seconds() if out and stay else None,
        longest_out_s=policy.longest_out_s,
    )


def acts(vial: Vial) -> str:
    """Return the cards below a vial: what else can be done with it, its lineage, its volume."""
    after, stay = rules.state_after, queries.live_custody(g.session, vial)
    here = stay is None or stay.place != "transit"  # what travels is left to its shipment
    makes = [act for act in ("aliquot", "split", "pool") if after(vial.state, rules.Act(act))]
    return render_template(
        "storage/vial_cards.html",
        vial=vial,
        lot=None,
        acts=acts_for(vial) if here else [],
        makes=makes if here else [],
        may_derive=here and after(vial.state, rules.Act.DERIVE) is not None,
        ended=vial.state in rules.TERMINAL,
        lineage=kin.lineage_of_vial(g.session, vial),
        ledger=kin.ledger_of(g.session, vial),
        relations=RELATIONS,
        address=address,
    )


def hold_button(vial: Vial) -> str:
    """Return the button that lays a hold."""
    return render_template("storage/hold_button.html", thing=vial, kind="vial")


def holds_of_lot(lot: Lot) -> str:
    """Return the card of holds on a lot and its line, and of its lineage."""
    held = queries.holds_on_lots(g.session, [lot]).get(lot.id, [])
    return _holds(lot, "lot", held) + lineage_of_lot(lot)


def holds_of_line(line: CellLine) -> str:
    """Return the card of holds on a line."""
    key = queries.ref(line).key
    return _holds(line, "line", genealogy.open_holds(g.session, [key]).get(key, []))


def _holds(thing: Lot | CellLine, kind: str, held: object) -> str:
    return render_template(
        "storage/holds_panel.html",
        thing=thing,
        kind=kind,
        holds=held,
        causes=CAUSES,
        address=address,
    )
