"""Move many at once: choose vials in a box, swap, put in another order, and take it back."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import AllRefused, Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_, N_n
from server.kit import forms, notices
from server.kit.door import require
from server.kit.form_codes import lines_of
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries, rules
from server.storage.models import BulkMove, Container, Vial
from server.storage.queries import moves as asked
from server.storage.queries.aliases import as_recorded
from server.storage.queries.carrying import stays_before, stays_of_move, undone_by
from server.storage.queries.stays import live_stay
from server.storage.rules.moves import elsewhere, scanned_order
from server.storage.service import bulk
from server.storage.views import drawing
from server.storage.views.blueprints import pages

REFUSED = (Invalid, Conflict, NotFound)
Page = Response | str | tuple[str, int]
NOT_READ = N_("“%(found)s” is not a position of %(box)s.")


class SelectForm(Form):
    """Which vials of a box go to which box, and how they stand there."""

    codes: str = forms.text(required=False, most=20_000)
    all: bool = forms.checkbox()
    box: str = forms.code()
    how: str = forms.choice(("free", "same"))


class SwapForm(Form):
    """The box or rack with which this one changes places."""

    other: str = forms.code()
    stay: int | None = forms.whole(required=False)
    """The stay that was seen, so that one who presses twice does not swap back."""


class DragForm(Form):
    """One vial and the position to which it was dragged; `swap` where two change places."""

    vial: str = forms.code()
    position: str = forms.text(most=12)
    swap: bool = forms.checkbox()


@pages.get("/boxes/<code>/select")
@require("storage.move")
def select_vials(code: str) -> str:
    """Let somebody choose vials of a box, and say where they go."""
    return _select(_box(code), Typed({"how": "free"}))


@pages.post("/boxes/<code>/select")
@require("storage.move")
def move_selected(code: str) -> Page:
    """Carry the chosen vials to the scanned box, all or none."""
    found = _box(code)
    try:
        form = SelectForm.read(request.form)
        into = queries.container(g.session, g.actor, "storage.move", form.box, "box")
        chosen = _chosen(found, form)
        moves = bulk.arrange(
            g.session, [(vial, at, found.shape) for vial, at in chosen], into, form.how
        )
        move = bulk.move_vials(g.session, g.actor, moves, at=g.clock.now())
    except REFUSED as refused:
        return _select(found, typed_of(request.form), refused), 422
    tell(
        gettext(
            N_n("Moved to %(box)s: 1 vial.", "Moved to %(box)s: %(count)s vials.", "count"),
            box=into.code,
            count=move.things,
        ),
        move,
    )
    return redirect(url_for("storage.box", code=into.code))


def _chosen(box: Container, form: SelectForm) -> list[tuple[Vial, int]]:
    """Return the chosen vials with their positions; refused where one is not in the box (any more)."""
    inside = asked.vials_in(g.session, box)
    if form.all:
        return inside
    codes = as_recorded(g.session, lines_of(form.codes))
    wanted = list(dict.fromkeys((*codes, *request.form.getlist("vials"))))
    known = {vial.code for vial, _ in inside}
    if strangers := [code for code in wanted if code not in known]:
        raise AllRefused([elsewhere(code, box.code) for code in strangers])
    return [(vial, at) for vial, at in inside if vial.code in set(wanted)]


def _select(found: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    contents = queries.box_contents(g.session, found)
    chosen = set(request.form.getlist("vials"))
    return render_template(
        "storage/select_vials.html",
        box=found,
        steps=drawing.steps(queries.path_of(g.session, found)),
        cells=drawing.cells(found, contents),
        chosen=chosen,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/boxes/<code>/reorder")
@require("storage.move")
def reorder_form(code: str) -> str:
    """Ask for the new position of every vial, or for their order as they are scanned."""
    return _reorder(_box(code), Typed())


@pages.post("/boxes/<code>/reorder")
@require("storage.move")
def reorder(code: str) -> Page:
    """Put the vials of a box into their new positions, all or none."""
    found = _box(code)
    try:
        order = _order(found)
        move = bulk.reorder(g.session, g.actor, found, order, at=g.clock.now())
    except REFUSED as refused:
        return _reorder(found, typed_of(request.form), refused), 422
    tell(
        gettext(
            N_n(
                "1 vial of %(box)s stands at another position.",
                "%(count)s vials of %(box)s stand in another order.",
                "count",
            ),
            count=move.things,
            box=code,
        ),
        move,
    )
    return redirect(url_for("storage.box", code=found.code))


def _order(box: Container) -> dict[int, int]:
    """Return the position for each vial by its id: as scanned one after the other, or as typed."""
    inside = asked.vials_in(g.session, box)
    if scanned := as_recorded(g.session, lines_of(request.form.get("scanned", ""))):
        ids = {vial.code: vial.id for vial, _ in inside}
        if strangers := [code for code in scanned if code not in ids]:
            raise AllRefused([elsewhere(code, box.code) for code in strangers])
        return scanned_order(box.shape, [ids[code] for code in scanned])
    order, refusals = {}, []
    for vial, _ in inside:
        written = request.form.get(f"at-{vial.code}", "").strip()
        place = box.shape.ordinal(written) if written else None
        refusal = rules.why_not_at(box.shape, box.code, place, written) if written else None
        if refusal is not None:
            refusals.append(refusal)
        elif place is not None:
            order[vial.id] = place
    if refusals:
        raise AllRefused(refusals)
    return order


def _reorder(found: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    contents = queries.box_contents(g.session, found)
    return render_template(
        "storage/reorder.html",
        box=found,
        steps=drawing.steps(queries.path_of(g.session, found)),
        contents=[one for one in contents if one.filled],
        cells=drawing.cells(found, contents),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/boxes/<code>/swap")
@require("storage.move")
def swap_box_form(code: str) -> str:
    """Ask with which box this one changes places."""
    return _swap_form(_box(code), Typed())


@pages.post("/boxes/<code>/swap")
@require("storage.move")
def swap_box(code: str) -> Page:
    """Let two boxes change places."""
    return _swap(_box(code))


@pages.get("/racks/<code>/swap")
@require("storage.move")
def swap_rack_form(code: str) -> str:
    """Ask with which rack this one changes places."""
    return _swap_form(_box(code, "rack"), Typed())


@pages.post("/racks/<code>/swap")
@require("storage.move")
def swap_rack(code: str) -> Page:
    """Let two racks change places."""
    return _swap(_box(code, "rack"))


def _swap(found: Container) -> Page:
    try:
        form = SwapForm.read(request.form)
        other = queries.container(g.session, g.actor, "storage.move", form.other, found.kind)
        at = g.clock.now()
        move = bulk.swap_boxes(g.session, g.actor, found, other, stay=form.stay, at=at)
    except REFUSED as refused:
        return _swap_form(found, typed_of(request.form), refused), 422
    tell(
        gettext("%(one)s and %(other)s have changed places.", one=found.code, other=other.code),
        move,
    )
    return redirect(url_for(drawing.PAGES[found.kind], code=found.code))


def _swap_form(found: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/swap.html",
        box=found,
        stay=live_stay(g.session, found),
        back=url_for(drawing.PAGES[found.kind], code=found.code),
        steps=drawing.steps(queries.path_of(g.session, found)),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.post("/boxes/<code>/drag")
@require("storage.move")
def drag(code: str) -> Response:
    """Carry one vial to the position where it was dropped, or let it change places with who is there."""
    found = _box(code)
    form = DragForm.read(request.form)
    vial = queries.vial(g.session, g.actor, "storage.move", form.vial)
    ordinal = found.shape.ordinal(form.position)
    if ordinal is None:
        facts = {"found": form.position, "box": found.code}
        raise Invalid(Refusal("no_such_position", NOT_READ, facts), field="position")
    occupant = queries.occupant_at(g.session, found, ordinal) if form.swap else None
    at = g.clock.now()
    if occupant is not None:
        other = queries.vial(g.session, g.actor, "storage.move", occupant)
        move = bulk.swap_vials(g.session, g.actor, vial, other, at=at)
        words = gettext("%(one)s and %(other)s have changed places.", one=vial.code, other=occupant)
    else:
        wanted = [bulk.Move(vial.id, found.id, ordinal)]
        move = bulk.move_vials(g.session, g.actor, wanted, at=at)
        place = f"{found.code} {found.shape.label(ordinal)}"
        words = gettext("%(vial)s is at %(place)s now.", vial=vial.code, place=place)
    tell(words, move)
    return redirect(url_for("storage.box", code=found.code), 303)


@pages.get("/moves/<int:number>")
@require("storage.read")
def bulk_move(number: int) -> str:
    """Show what moved together, from where to where."""
    found = asked.bulk_move(g.session, g.actor, "storage.read", number)
    return _moved(found)


@pages.post("/moves/<int:number>/undo")
@require("storage.move")
def undo_bulk_move(number: int) -> Page:
    """Take a move back; where that cannot be, every reason is told."""
    found = asked.bulk_move(g.session, g.actor, "storage.move", number)
    try:
        undo = bulk.undo_bulk(g.session, g.actor, found, at=g.clock.now())
    except Conflict as refused:
        return _moved(found, refused), 422
    tell(gettext("Everything is back where it was: %(count)s moved.", count=undo.things), undo)
    return redirect(url_for("storage.bulk_move", number=undo.id))


def _moved(found: BulkMove, refused: CryokeepError | None = None) -> str:
    stays = stays_of_move(g.session, found)
    against = bulk.why_not_taken_back(g.session, found, stays, stays_before(g.session, stays))
    return render_template(
        "storage/moved.html",
        move=found,
        things=asked.moved_by(g.session, found),
        undone=undone_by(g.session, found),
        against={refusal.text(): refusal for refusal in against},
        errors=errors_of(refused) if refused else {},
    )


def _box(code: str, kind: str = "box") -> Container:
    return queries.container(g.session, g.actor, "storage.move", code, kind)


def tell(words: str, move: BulkMove) -> None:
    """Say on the next page what moved, with its Undo."""
    notices.tell(words, undo_url=url_for("storage.undo_bulk_move", number=move.id))
