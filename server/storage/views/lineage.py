"""What is made out of vials, and the lineage that this leaves."""

from collections.abc import Callable, Sequence

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue import queries as catalogue
from server.catalogue.models import Lot
from server.catalogue.rules import TIERS
from server.catalogue.service import LotFacts
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_, N_n
from server.genealogy import service as genealogy
from server.genealogy.models import Edge
from server.genealogy.rules import RELATIONS
from server.kit import notices
from server.kit.door import require
from server.kit.form_codes import all_of, lines_of
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Vial
from server.storage.queries import guarding
from server.storage.queries import lineage as kin
from server.storage.rules.lineage import LOT_RELATIONS
from server.storage.rules.protection import USES
from server.storage.service import lineage
from server.storage.service.lineage import Place
from server.storage.views.blueprints import pages
from server.storage.views.guard_forms import NewLotForm, NoteForm, ParentsForm, TubesForm
from server.storage.views.holds import address

Page = Response | str | tuple[str, int]
REFUSED = (Invalid, Conflict, NotFound)


def _aliquot(vial: Vial, form: TubesForm) -> Sequence[Vial]:
    if form.each_ul is None:
        raise Invalid(Refusal("no_volume", N_("Say how much goes into each.")), field="each_ul")
    return lineage.aliquot(
        g.session, g.actor, vial, all_of(form.codes), form.each_ul, _place(form), at=g.clock.now()
    )


def _split(vial: Vial, form: TubesForm) -> Sequence[Vial]:
    return lineage.split(
        g.session, g.actor, vial, all_of(form.codes), _place(form), use=form.use, at=g.clock.now()
    )


def _pool(vial: Vial, form: TubesForm) -> Sequence[Vial]:
    others = _vials(form.parents)
    codes = all_of(form.codes)
    if len(codes) != 1:
        because = N_("A pool goes into one new tube; %(found)s were named.")
        raise Invalid(Refusal("one_tube", because, {"found": len(codes)}), field="codes")
    parents = [vial, *(other for other in others if other.id != vial.id)]
    made = lineage.pool(
        g.session, g.actor, parents, codes[0], _place(form), use=form.use, at=g.clock.now()
    )
    return [made]


MAKES: dict[str, Callable[[Vial, TubesForm], Sequence[Vial]]] = {
    "aliquot": _aliquot,
    "split": _split,
    "pool": _pool,
}


def _place(form: TubesForm | NewLotForm) -> Place | None:
    if not form.box:
        return None
    box = queries.container(g.session, g.actor, "storage.move", form.box, "box")
    return Place(box, storage.position_in(g.session, box, form.position))


def _vials(written: str) -> list[Vial]:
    found = (queries.vial(g.session, g.actor, "storage.move", code) for code in lines_of(written))
    return list({vial.id: vial for vial in found}.values())  # one may be named by two of its codes


@pages.get("/vials/<code>/make/<how>")
@require("storage.move")
def make_form(code: str, how: str) -> str:
    """Ask for the new tubes that are made out of a vial."""
    return _make(queries.vial(g.session, g.actor, "storage.move", code), how, Typed())


@pages.post("/vials/<code>/make/<how>")
@require("storage.move")
def make(code: str, how: str) -> Page:
    """Make aliquots, share a vial out, or pour several into one."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    verb = MAKES.get(how) or _no_such(how)
    try:
        made = verb(found, TubesForm.read(request.form))
    except REFUSED as refused:
        return _make(found, how, typed_of(request.form), refused), 422
    count = len(made)
    notices.tell(
        gettext(
            N_n("Made out of %(vial)s: 1 tube.", "Made out of %(vial)s: %(count)s tubes.", "count"),
            vial=found.code,
            count=count,
        )
    )
    return redirect(url_for("storage.vial", code=made[0].code if how == "pool" else found.code))


def _no_such(how: str) -> Callable[[Vial, TubesForm], Sequence[Vial]]:
    because = N_("“%(found)s” is not something that can be done with a vial.")
    raise NotFound(Refusal("no_such_act", because, {"found": how}))


def _make(found: Vial, how: str, typed: Typed, refused: CryokeepError | None = None) -> str:
    _ = MAKES.get(how) or _no_such(how)
    return render_template(
        "storage/make.html",
        vial=found,
        how=how,
        uses=USES,
        policy=guarding.policy(g.session, found.org_id, found.lot.tier),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/new-lot")
@require("catalogue.edit")
def new_lot_form() -> str:
    """Ask for the parent vials and what is known of the new lot."""
    return _new_lot(Typed({"parents": request.args.get("vial", ""), "relation": "expansion"}))


@pages.post("/new-lot")
@require("catalogue.edit")
def new_lot() -> Page:
    """Enter a lot that was made from these vials."""
    try:
        form = NewLotForm.read(request.form)
        parents = _parents(form.parents)
        line = parents[0].lot.line
        if form.line:
            line = catalogue.line(g.session, g.actor, form.line, "catalogue.edit")
        facts = LotFacts(form.code.upper(), form.tier, passage=form.passage, pdl=form.pdl)
        lot, made = lineage.derive_lot(
            g.session, g.actor, parents, line, facts, form.relation, all_of(form.codes),
            _place(form), use=form.use, at=g.clock.now(),
        )  # fmt: skip
    except REFUSED as refused:
        return _new_lot(typed_of(request.form), refused), 422
    notices.tell(
        gettext(
            N_n(
                "%(lot)s has been entered, with 1 tube.",
                "%(lot)s has been entered, with %(count)s tubes.",
                "count",
            ),
            lot=lot.code,
            count=len(made),
        )
    )
    return redirect(address("lot", lot.code))


def _parents(written: str) -> list[Vial]:
    named = (queries.vial(g.session, g.actor, "storage.read", code) for code in lines_of(written))
    found = list({vial.id: vial for vial in named}.values())  # one may be named by two of its codes
    if not found:
        because = N_("Scan the vials from which %(lot)s was made.")
        raise Invalid(Refusal("no_parent", because, {"lot": "?"}), field="parents")
    return found


def _new_lot(typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/new_lot.html",
        tiers=TIERS,
        relations=LOT_RELATIONS,
        uses=USES,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/lots/<code>/parents")
@require("catalogue.edit")
def parents_form(code: str) -> str:
    """Ask from which tubes the lot was made."""
    return _lot_parents(catalogue.lot(g.session, g.actor, code, "catalogue.edit"), Typed())


@pages.post("/lots/<code>/parents")
@require("catalogue.edit")
def record_parents(code: str) -> Page:
    """Say from which tubes a lot was made that is there already."""
    lot = catalogue.lot(g.session, g.actor, code, "catalogue.edit")
    try:
        form = ParentsForm.read(request.form)
        parents = _parents(form.parents)
        lineage.record_parents(g.session, g.actor, lot, parents, form.relation, at=g.clock.now())
    except REFUSED as refused:
        return _lot_parents(lot, typed_of(request.form), refused), 422
    notices.tell(gettext("The parents of %(lot)s have been entered.", lot=lot.code))
    return redirect(address("lot", lot.code))


def _lot_parents(lot: Lot, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/lot_parents.html",
        lot=lot,
        relations=LOT_RELATIONS,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/lineage/<int:number>")
@require("catalogue.edit")
def edge_form(number: int) -> str:
    """Ask why a line of the lineage was wrong."""
    return _edge(edge_to_change(number), Typed())


@pages.post("/lineage/<int:number>")
@require("catalogue.edit")
def supersede(number: int) -> Page:
    """Take a line of the lineage back; it stays in the record."""
    found = edge_to_change(number)
    try:
        note = NoteForm.read(request.form).note
        genealogy.supersede_edge(g.session, g.actor, found, note, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _edge(found, typed_of(request.form), refused), 422
    notices.tell(gettext("That line of the lineage counts no more."))
    return redirect(address(found.child_kind, found.child_code) or url_for("storage.stock"))


def edge_to_change(number: int) -> Edge:
    """Return this line of a lineage; NotFound where there is none that the person may change."""
    found = kin.edge(g.session, number)
    if found is None or not g.actor.may("catalogue.edit", found.org_id):
        because = N_("There is no line of a lineage with the number %(number)s.")
        raise NotFound(Refusal("no_such_edge", because, {"number": number}))
    return found


def _edge(found: Edge, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/edge.html",
        edge=found,
        relations=RELATIONS,
        address=address,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


def lineage_of_lot(lot: Lot) -> str:
    """Return the card of a lot's parents and of what was made out of its vials."""
    return render_template(
        "storage/lineage_panel.html",
        lineage=kin.lineage_of_lot(g.session, lot),
        relations=RELATIONS,
        address=address,
        lot=lot,
        vial=None,
    )
