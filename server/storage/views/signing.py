"""What waits for a second person: destructions for a witness, uses of protected vials for quality; reversals."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.accounts import login
from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries, rules
from server.storage import service as storage
from server.storage.models import Clearance, Destruction, Vial
from server.storage.queries import guarding
from server.storage.rules.protection import USES
from server.storage.service.clearing import CLEAR_MEANING, DISCARD_USE
from server.storage.service.destroying import WITNESS_MEANING
from server.storage.service.endings import REVERSE_MEANING
from server.storage.service.guarding import need_of
from server.storage.views.blueprints import pages
from server.storage.views.guard_forms import ClearanceForm, NoteForm, ReverseForm, SignedForm

Page = Response | str | tuple[str, int]
USE_WORDS = {**USES, **DISCARD_USE}


@pages.get("/to-sign")
@require("storage.read")
def to_sign() -> str:
    """Show what waits for a witness or for quality."""
    return render_template(
        "storage/to_sign.html",
        destructions=guarding.destructions_waiting(g.session, g.actor),
        clearances=guarding.clearances_waiting(g.session, g.actor),
        uses=USE_WORDS,
        rules=rules,
    )


@pages.get("/out")
@require("storage.read")
def out() -> str:
    """Show what is taken out now, and for how long."""
    stays = guarding.out_now(g.session, g.actor)
    limits = {
        org: guarding.policies(g.session, org) for org in {stay.vial.org_id for stay in stays if stay.vial}
    }  # fmt: skip
    return render_template("storage/out.html", stays=stays, limits=limits, now=g.clock.now())


@pages.get("/destructions/<int:number>")
@require("storage.witness")
def destruction(number: int) -> str:
    """Show what is to be destroyed, to be witnessed or refused."""
    return _destruction(guarding.destruction(g.session, g.actor, "storage.witness", number))


@pages.post("/destructions/<int:number>")
@require("storage.witness")
def witness(number: int) -> Page:
    """Confirm, signed, that the vial was destroyed."""
    now = g.clock.now()
    try:
        form = SignedForm.read(request.form)
        proof = login.prove(g.reader, g.actor, form.password, request.remote_addr or "", now)
        asked = guarding.destruction(g.session, g.actor, "storage.witness", number)
        vial = storage.witness_destruction(g.session, g.actor, asked, proof, at=now)
    except (Invalid, Conflict) as refused:
        asked = guarding.destruction(g.session, g.actor, "storage.witness", number)
        return _destruction(asked, refused), 422
    notices.tell(gettext("%(vial)s has been destroyed; it stays in the record.", vial=vial.code))
    return redirect(url_for("storage.to_sign"))


@pages.post("/destructions/<int:number>/end")
@require("storage.read")
def end_destruction(number: int) -> Page:
    """Take the destruction back, or refuse to witness it; the vial stays what it is."""
    asked = guarding.destruction(g.session, g.actor, "storage.read", number)
    if asked.asked_by != g.actor.id:
        asked = guarding.destruction(g.session, g.actor, "storage.witness", number)
    try:
        note = NoteForm.read(request.form).note
        vial = storage.end_destruction(g.session, g.actor, asked, note, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _destruction(asked, refused), 422
    notices.tell(gettext("%(vial)s is not destroyed.", vial=vial.code))
    return redirect(url_for("storage.vial", code=vial.code))


def _destruction(asked: Destruction, refused: CryokeepError | None = None) -> str:
    vial = asked.vial
    return render_template(
        "storage/destruction.html",
        asked=asked,
        vial=vial,
        path=queries.vial_path(g.session, vial),
        rules=rules,
        meaning=WITNESS_MEANING,
        own=asked.asked_by == g.actor.id,
        typed=typed_of(request.form),
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/vials/<code>/clearance")
@require("storage.move")
def clearance_form(code: str) -> str:
    """Ask what the protected vial is wanted for."""
    return _ask(queries.vial(g.session, g.actor, "storage.move", code), Typed())


@pages.post("/vials/<code>/clearance")
@require("storage.move")
def ask_clearance(code: str) -> Page:
    """Ask quality to clear the use of a vial."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    try:
        form = ClearanceForm.read(request.form)
        storage.ask_clearance(g.session, g.actor, found, form.use, form.note, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _ask(found, typed_of(request.form), refused), 422
    notices.tell(gettext("Quality has been asked for %(vial)s.", vial=found.code))
    return redirect(url_for("storage.vial", code=found.code))


def _ask(found: Vial, typed: Typed, refused: CryokeepError | None = None) -> str:
    act = rules.Act.TAKE_OUT
    return render_template(
        "storage/ask_clearance.html",
        vial=found,
        need=need_of(g.session, found, act, reading=True),
        uses=USE_WORDS,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/clearances/<int:number>")
@require("storage.read")
def clearance(number: int) -> str:
    """Show what is asked for, to be cleared, refused or withdrawn."""
    return _clearance(guarding.clearance(g.session, g.actor, "storage.read", number))


@pages.post("/clearances/<int:number>")
@require("storage.approve")
def sign_clearance(number: int) -> Page:
    """Clear the use, signed."""
    now = g.clock.now()
    try:
        form = SignedForm.read(request.form)
        proof = login.prove(g.reader, g.actor, form.password, request.remote_addr or "", now)
        asked = guarding.clearance(g.session, g.actor, "storage.approve", number)
        storage.sign_clearance(g.session, g.actor, asked, proof, at=now)
    except (Invalid, Conflict) as refused:
        asked = guarding.clearance(g.session, g.actor, "storage.approve", number)
        return _clearance(asked, refused), 422
    notices.tell(gettext("You have signed for %(vial)s.", vial=asked.vial.code))
    return redirect(url_for("storage.to_sign"))


@pages.post("/clearances/<int:number>/end")
@require("storage.read")
def end_clearance(number: int) -> Page:
    """Refuse it (quality) or withdraw it (who asked)."""
    asked = guarding.clearance(g.session, g.actor, "storage.read", number)
    own = asked.asked_by == g.actor.id
    if not own:
        asked = guarding.clearance(g.session, g.actor, "storage.approve", number)
    try:
        note = NoteForm.read(request.form).note
        because = "withdrawn" if own else "refused"
        storage.end_clearance(g.session, g.actor, asked, because, note, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _clearance(asked, refused), 422
    notices.tell(gettext("The question about %(vial)s has been ended.", vial=asked.vial.code))
    return redirect(url_for("storage.to_sign"))


def _clearance(asked: Clearance, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/clearance.html",
        asked=asked,
        vial=asked.vial,
        path=queries.vial_path(g.session, asked.vial),
        uses=USE_WORDS,
        meaning=CLEAR_MEANING,
        own=asked.asked_by == g.actor.id,
        signed=g.actor.id in {each.person_id for each in asked.signed},
        typed=typed_of(request.form),
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/vials/<code>/reverse")
@require("storage.reverse")
def reverse_form(code: str) -> str:
    """Say what is reversed, and ask for the reason and the signature."""
    return _reverse(queries.vial(g.session, g.actor, "storage.reverse", code), Typed())


@pages.post("/vials/<code>/reverse")
@require("storage.reverse")
def reverse(code: str) -> Page:
    """Reverse the ending, signed; both facts stay."""
    now = g.clock.now()
    try:
        form = ReverseForm.read(request.form)
        proof = login.prove(g.reader, g.actor, form.password, request.remote_addr or "", now)
        found = queries.vial(g.session, g.actor, "storage.reverse", code)
        storage.reverse_ending(
            g.session, g.actor, found, form.note, proof, version=form.version, at=now
        )
    except (Invalid, Conflict) as refused:
        found = queries.vial(g.session, g.actor, "storage.reverse", code)
        return _reverse(found, typed_of(request.form), refused), 422
    notices.tell(gettext("The ending of %(vial)s has been reversed.", vial=found.code))
    return redirect(url_for("storage.vial", code=found.code))


def _reverse(found: Vial, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/reverse.html",
        vial=found,
        rules=rules,
        meaning=REVERSE_MEANING,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )
