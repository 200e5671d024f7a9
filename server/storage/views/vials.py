"""The page of one vial, and what may be done with it."""

from dataclasses import replace

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.accounts import login
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries, rules
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.queries import guarding
from server.storage.queries.holds import holds_of_vial
from server.storage.rules import Act, State
from server.storage.rules.protection import USES
from server.storage.service.guarding import need_of
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.forms import DestinationForm, DiscardForm, MoveForm, TakeOutForm
from server.storage.views.witnesses import witness_of

REFUSED = (Invalid, Conflict, NotFound)
Page = Response | str | tuple[str, int]


@pages.get("/vials/<code>")
@require("storage.read")
def vial(code: str) -> str:
    """Show where a vial is, what it is, and what may be done with it."""
    return vial_page(queries.vial(g.session, g.actor, "storage.read", code))


def vial_page(found: Vial, scanned: str = "") -> str:
    """Return the one page that answers a scan: the way, the box, the vial."""
    session = g.session
    path = queries.vial_path(session, found)
    path = replace(path, time_zone=queries.zone_of(session, found, path))
    box = session.get(Container, path.box_id) if path.box_id else None
    contents = queries.box_contents(session, box) if box else []
    stays = queries.life_of(session, found)
    return render_template(
        "storage/vial.html",
        vial=found,
        path=path,
        steps=drawing.steps(path),
        box=box,
        contents=contents,
        cells=drawing.cells(box, contents, found) if box else [],
        promise=queries.reservation_of(session, found),
        held=bool(holds_of_vial(session, found)),
        lot_counts=queries.lot_counts(session, found.lot_id),
        stays=stays,
        life=drawing.life(stays, g.clock.now(), path.time_zone),
        place_words=drawing.place_words,
        recipient=queries.recipient_of(session, path),
        undo=queries.former_place_is_free(session, found),
        rules=rules,
        may={act: rules.state_after(found.state, act) is not None for act in Act},
        return_allowed=_may_return(found),
        scanned=scanned,
    )


@pages.get("/move")
@require("storage.move")
def move_any_form() -> str:
    """Show the form that moves one vial after the other: scan the vial, scan where it goes."""
    return _move_any(Typed({"vial": request.args.get("vial", "")}))


@pages.post("/move")
@require("storage.move")
def move_any() -> Page:
    """Bring the scanned vial to the scanned place, and be ready for the next."""
    try:
        form = MoveForm.read(request.form)
        found = queries.vial(g.session, g.actor, "storage.move", form.vial)
        _bring(found, form, scanned=True)
    except REFUSED as refused:
        return _move_any(typed_of(request.form), refused), 422
    return redirect(url_for("storage.move_any_form"))


def _move_any(typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template("storage/move.html", vial=None, typed=typed, errors=_errors(refused))


@pages.get("/vials/<code>/move")
@require("storage.move")
def move_form(code: str) -> str:
    """Ask where the vial goes."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    return _move(found, Typed(_suggested(found)))


@pages.post("/vials/<code>/move")
@require("storage.move")
def move(code: str) -> Page:
    """Place, move or put back the vial, whichever its state allows."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    try:
        form = DestinationForm.read(request.form)
        _bring(found, form, scanned=_scanned(found, form.tube))
    except REFUSED as refused:
        return _move(found, typed_of(request.form), refused), 422
    return redirect(url_for("storage.vial", code=found.code))


OTHER_TUBE = N_(
    "%(found)s is another tube than %(vial)s; look again which one lies in your hand, or leave the field empty."
)


def _scanned(found: Vial, read: str) -> bool:
    """Say whether the tube's own code was read (BR-04); refused where it is that of another tube."""
    if not read:
        return False
    try:
        tube = queries.vial(g.session, g.actor, "storage.move", read).code
    except NotFound:
        tube = read
    if tube != found.code:
        facts = {"found": tube, "vial": found.code}
        raise Invalid(Refusal("other_tube", OTHER_TUBE, facts), field="tube")
    return True


def _bring(found: Vial, form: DestinationForm, *, scanned: bool) -> None:
    box, position = queries.box_within(g.session, g.actor, "storage.move", form.box, form.position)
    moved = found.state == State.IN_STORAGE
    ordinal = storage.position_in(g.session, box, position, found)
    stay = storage.bring_vial(
        g.session, g.actor, found, box, ordinal, scanned=scanned, at=g.clock.now()
    )
    place = f"{box.code} {box.shape.label(ordinal)}"
    undo = url_for("storage.undo", code=found.code, stay=stay.id) if moved else ""
    notices.tell(
        gettext("%(vial)s is at %(place)s now.", vial=found.code, place=place), undo_url=undo
    )


def _suggested(found: Vial) -> dict[str, object]:
    """Return the place that the vial was taken from, for one that goes back."""
    former = queries.former_place(g.session, found)
    if found.state != State.CHECKED_OUT or former is None or former.container is None:
        return {"box": request.args.get("box", "")}
    label = former.container.shape.written(former.ordinal or 1)
    return {"box": former.container.code, "position": label}


def _move(found: Vial, typed: Typed, refused: CryokeepError | None = None) -> str:
    path = queries.vial_path(g.session, found)
    return render_template(
        "storage/move.html",
        vial=found,
        steps=drawing.steps(path),
        typed=typed,
        errors=_errors(refused),
    )


@pages.post("/vials/<code>/undo")
@require("storage.move")
def undo(code: str) -> Response:
    """Carry the vial back to where it was before its last move."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    stay = request.args.get("stay", type=int)
    storage.undo_move(g.session, g.actor, found, stay=stay, at=g.clock.now())
    notices.tell(gettext("%(vial)s is back where it was.", vial=found.code))
    return redirect(url_for("storage.vial", code=found.code))


@pages.get("/vials/<code>/take-out")
@require("storage.move")
def take_out_form(code: str) -> str:
    """Ask why the vial is taken out, and say what follows from it."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    return _take_out(found, Typed())


@pages.post("/vials/<code>/take-out")
@require("storage.move")
def take_out(code: str) -> Page:
    """Take the vial out."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    try:
        form = TakeOutForm.read(request.form)
        storage.take_out(
            g.session,
            g.actor,
            found,
            reason=form.reason,
            use=form.use,
            keep_slot=form.keep_slot,
            scanned=_scanned(found, form.tube),
            at=g.clock.now(),
        )
    except REFUSED as refused:
        return _take_out(found, typed_of(request.form), refused), 422
    notices.tell(gettext("%(vial)s has been taken out.", vial=found.code))
    return redirect(url_for("storage.vial", code=found.code))


def _may_return(found: Vial) -> bool:
    allowed = guarding.policy(g.session, found.org_id, found.lot.tier).return_allowed
    return rules.why_not_return(found.code, found.lot.tier, allowed=allowed) is None


def _take_out(found: Vial, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/take_out.html",
        vial=found,
        policy=guarding.policy(g.session, found.org_id, found.lot.tier),
        cleared=guarding.clearance_of(g.session, found),
        need=need_of(g.session, found, Act.TAKE_OUT, reading=True),
        uses=USES,
        path=queries.vial_path(g.session, found),
        return_allowed=_may_return(found),
        typed=typed,
        errors=_errors(refused),
    )


@pages.get("/vials/<code>/discard")
@require("storage.discard")
def discard_form(code: str) -> str:
    """Name what is destroyed and ask for the reason and the signature."""
    found = queries.vial(g.session, g.actor, "storage.discard", code)
    return _discard(found, Typed())


@pages.post("/vials/<code>/discard")
@require("storage.discard")
def discard(code: str) -> Page:
    """Destroy the vial, signed."""
    now = g.clock.now()
    try:
        form = DiscardForm.read(request.form)
        address = request.remote_addr or ""
        proof = login.prove(g.reader, g.actor, form.password, address, now)
        second = witness_of(form.witness_email, form.witness_password, address, now)
        found = queries.vial(g.session, g.actor, "storage.discard", code)
        seen = form.version
        asked = storage.discard_vial(
            g.session, g.actor, found, form.reason, proof, witness=second, version=seen, at=now
        )
    except (Invalid, Conflict) as refused:
        found = queries.vial(g.session, g.actor, "storage.discard", code)
        return _discard(found, typed_of(request.form), refused), 422
    if asked.ended_at is None:
        notices.tell(gettext("%(vial)s waits for the witness of its destruction.", vial=found.code))
    else:
        words = gettext("%(vial)s has been destroyed; it stays in the record.", vial=found.code)
        notices.tell(words)
    return redirect(url_for("storage.vial", code=found.code))


def _discard(found: Vial, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/discard.html",
        vial=found,
        path=queries.vial_path(g.session, found),
        rules=rules,
        typed=typed,
        errors=_errors(refused),
    )


def _errors(refused: CryokeepError | None) -> object:
    return errors_of(refused) if refused else {}
