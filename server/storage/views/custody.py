"""Where a vial was: corrected, entered late, and asked as of a day; and the slot that is kept for it."""

from datetime import datetime

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import api as described
from server.kit import etag, forms, notices
from server.kit.api import Answer, Body, describes
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container, Custody, Vial
from server.storage.rules.times import moment_of, not_a_moment, why_not_past, written
from server.storage.service import space
from server.storage.service.corrections import correct_stay, enter_late
from server.storage.views import answers, drawing
from server.storage.views.answers import StepOut, VialOut
from server.storage.views.blueprints import api, pages
from server.storage.views.filling import page_of

Thing = Vial | Container
REFUSED = (Invalid, Conflict, NotFound)
Page = Response | str | tuple[str, int]


class CorrectForm(Form):
    """Where and when a stay really was, and why it is corrected; empty fields stay as they are."""

    box: str = forms.code(required=False)
    position: str = forms.text(required=False, most=12)
    began: str = forms.text(required=False, most=25)
    ended: str = forms.text(required=False, most=25)
    reason: str = forms.text(most=500)


class LateForm(Form):
    """Where a thing was meanwhile (a vial without a box: on the bench), from when until when."""

    box: str = forms.code(required=False)
    position: str = forms.text(required=False, most=12)
    happened: str = forms.text(most=25)
    until: str = forms.text(required=False, most=25)
    reason: str = forms.text(required=False, most=500)


def _moment(text: str, zone: str, field: str) -> datetime | None:
    if not text:
        return None
    found = moment_of(text, zone)
    if found is None:
        raise Invalid(not_a_moment(text), field=field)
    return found


def _past(moment: datetime | None, field: str) -> datetime | None:
    """Return the moment that is asked for; refused where it is still to come."""
    if refusal := why_not_past(moment, g.clock.now()):
        raise Invalid(refusal, field=field)
    return moment


def _place(box: str, position: str, thing: Thing) -> tuple[Container | None, int | None]:
    """Return the container and the position that were named; none where no box is."""
    if not box:
        return None, None
    kinds = ("box",) if isinstance(thing, Vial) else ("rack", "freezer")
    found = queries.container(g.session, g.actor, "storage.read", box, *kinds)
    return found, storage.position_in(g.session, found, position, thing)


def _zone(thing: Thing) -> str:
    path = queries.path_of(g.session, thing)
    return queries.zone_of(g.session, thing, path) if isinstance(thing, Vial) else path.time_zone


def _stay(number: int) -> tuple[Custody, Thing]:
    found = g.session.get(Custody, number)
    thing = (found.vial or found.child) if found is not None else None
    if found is None or thing is None or not g.actor.may("storage.reverse", thing.org_id):
        because = N_("No stay has the number %(number)s.")
        raise NotFound(Refusal("no_such_stay", because, {"number": number}))
    return found, thing


@pages.get("/stays/<int:number>/correct")
@require("storage.reverse")
def correct_form(number: int) -> str:
    """Show what is recorded of a stay, to be put right."""
    stay, thing = _stay(number)
    zone = _zone(thing)
    now = {"began": written(stay.began_at, zone), "ended": written(stay.ended_at, zone)}
    if stay.place == "position" and stay.container is not None:
        label = stay.container.shape.written(stay.ordinal or 1)
        now |= {"box": stay.container.code, "position": label}
    return _correct(stay, thing, Typed(now))


@pages.post("/stays/<int:number>/correct")
@require("storage.reverse")
def correct(number: int) -> Page:
    """Put a stay right; what was recorded is kept beside it."""
    stay, thing = _stay(number)
    zone = _zone(thing)
    try:
        form = CorrectForm.read(request.form)
        box, ordinal = _place(form.box, form.position, thing)
        began, ended = _moment(form.began, zone, "began"), _moment(form.ended, zone, "ended")
        correct_stay(
            g.session,
            g.actor,
            stay,
            container=box,
            ordinal=ordinal,
            began_at=_unless_same(began, stay.began_at, zone),
            ended_at=_unless_same(ended, stay.ended_at, zone),
            reason=form.reason,
            at=g.clock.now(),
        )
    except REFUSED as refused:
        return _correct(stay, thing, typed_of(request.form), refused), 422
    notices.tell(gettext("Corrected; what was recorded before is kept."))
    return redirect(page_of(thing))


def _unless_same(typed: datetime | None, was: datetime | None, zone: str) -> datetime | None:
    """Return what was typed, or None where it is what stood there to the second."""
    return None if written(typed, zone) == written(was, zone) else typed


def _correct(
    stay: Custody, thing: Thing, typed: Typed, refused: CryokeepError | None = None
) -> str:
    return render_template(
        "storage/correct.html",
        stay=stay,
        thing=thing,
        of_vial=isinstance(thing, Vial),
        back=page_of(thing),
        zone=_zone(thing),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/vials/<code>/late")
@require("storage.move")
def late_form(code: str) -> str:
    """Ask where a vial was that nobody recorded."""
    return _late(queries.vial(g.session, g.actor, "storage.move", code), Typed())


@pages.post("/vials/<code>/late")
@require("storage.move")
def late(code: str) -> Page:
    """Record late where a vial was."""
    return _record_late(queries.vial(g.session, g.actor, "storage.move", code))


@pages.get("/containers/<code>/late")
@require("storage.move")
def container_late_form(code: str) -> str:
    """Ask where a rack or box was that nobody recorded."""
    return _late(_rack_or_box(code), Typed())


@pages.post("/containers/<code>/late")
@require("storage.move")
def container_late(code: str) -> Page:
    """Record late where a rack or box was."""
    return _record_late(_rack_or_box(code))


def _rack_or_box(code: str) -> Container:
    return queries.container(g.session, g.actor, "storage.move", code, "rack", "box")


def _record_late(thing: Thing) -> Page:
    zone = _zone(thing)
    try:
        form = LateForm.read(request.form)
        box, ordinal = _place(form.box, form.position, thing)
        happened = _moment(form.happened, zone, "happened")
        assert happened is not None  # the form refuses an empty one
        enter_late(
            g.session,
            g.actor,
            thing,
            container=box,
            ordinal=ordinal,
            happened_at=happened,
            until=_moment(form.until, zone, "until"),
            reason=form.reason,
            at=g.clock.now(),
        )
    except REFUSED as refused:
        return _late(thing, typed_of(request.form), refused), 422
    notices.tell(gettext("Recorded late; both times stand in the record."))
    return redirect(page_of(thing))


def _late(thing: Thing, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/late.html",
        thing=thing,
        of_vial=isinstance(thing, Vial),
        back=page_of(thing),
        zone=_zone(thing),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/vials/<code>/where")
@require("storage.read")
def where(code: str) -> Page:
    """Answer where a vial was at a moment: by all that is known today, or by what was known on a day."""
    vial = queries.vial(g.session, g.actor, "storage.read", code)
    zone = _zone(vial)
    typed = Typed({name: request.args.get(name, "") for name in ("at", "known")})
    errors: dict[str, Refusal] = {}
    moments: dict[str, datetime | None] = {}
    for name in ("at", "known"):
        try:
            moments[name] = _past(_moment(typed[name], zone, name), name)
        except Invalid as refused:
            errors |= errors_of(refused)
    answer = None
    if not errors and any(moments.values()):
        answer = queries.vial_path(g.session, vial, moments["at"], moments["known"])
    page = render_template(
        "storage/where.html", vial=vial, zone=zone, answer=answer, typed=typed, errors=errors,
        place_words=drawing.place_words,
    )  # fmt: skip
    return (page, 422) if errors else page


@pages.post("/vials/<code>/release-slot")
@require("storage.move")
def release_slot(code: str) -> Response:
    """Give up the slot that is kept for a vial."""
    vial = queries.vial(g.session, g.actor, "storage.move", code)
    space.release_slot(g.session, g.actor, vial, at=g.clock.now())
    notices.tell(gettext("No slot is kept for %(vial)s any more.", vial=vial.code))
    return redirect(url_for("storage.vial", code=vial.code))


class Correction(Body):
    """What a stay really was; what is left out stays as it is."""

    reason: str
    box: str = ""
    position: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None


class Late(Body):
    """Where a thing was that nobody recorded: a box (of a box: a rack or freezer), or for a vial the bench."""

    happened_at: datetime
    until: datetime | None = None
    box: str = ""
    position: str = ""
    reason: str = ""


class StayOut(Answer):
    """One stay as it stands now."""

    id: int
    place: str
    began_at: datetime
    ended_at: datetime | None
    recorded_at: datetime
    corrects: int | None
    version: int


class WhereOut(Answer):
    """Where a vial was at a moment, as known at another."""

    code: str
    place: str
    way: list[StepOut]
    since: datetime | None


@api.post("/stays/<int:number>/correct")
@require("storage.reverse")
@describes("Correct a stay; the old one is kept", body=Correction, answers={201: StayOut})
def correct_by_program(number: int) -> tuple[StayOut, int]:
    """Correct a stay of a vial, rack or box; If-Match names the version of that thing."""
    wanted = described.read(Correction)
    stay, thing = _stay(number)
    etag.check(thing.version)
    box, ordinal = _place(wanted.box, wanted.position, thing)
    made = correct_stay(
        g.session,
        g.actor,
        stay,
        container=box,
        ordinal=ordinal,
        began_at=wanted.began_at,
        ended_at=wanted.ended_at,
        reason=wanted.reason,
        at=g.clock.now(),
    )
    return _stay_out(made, thing), 201


@api.post("/vials/<code>/late")
@require("storage.move")
@describes("Record late where a vial was", body=Late, answers={201: StayOut})
def late_by_program(code: str) -> tuple[StayOut, int]:
    """Record late where a vial was; If-Match names the vial's version."""
    return _entered_late(queries.vial(g.session, g.actor, "storage.move", code))


@api.post("/containers/<code>/late")
@require("storage.move")
@describes("Record late where a rack or box was", body=Late, answers={201: StayOut})
def container_late_by_program(code: str) -> tuple[StayOut, int]:
    """Record late where a rack or box was; If-Match names its version."""
    return _entered_late(_rack_or_box(code))


def _entered_late(thing: Thing) -> tuple[StayOut, int]:
    wanted = described.read(Late)
    etag.check(thing.version)
    box, ordinal = _place(wanted.box, wanted.position, thing)
    made = enter_late(
        g.session,
        g.actor,
        thing,
        container=box,
        ordinal=ordinal,
        happened_at=wanted.happened_at,
        until=wanted.until,
        reason=wanted.reason,
        at=g.clock.now(),
    )
    return _stay_out(made, thing), 201


def _stay_out(stay: Custody, thing: Thing) -> StayOut:
    g.session.flush()
    return StayOut(
        id=stay.id,
        place=stay.place,
        began_at=stay.began_at,
        ended_at=stay.ended_at,
        recorded_at=stay.began_recorded_at,
        corrects=stay.corrects_id,
        version=thing.version,
    )


@api.get("/vials/<code>/where")
@require("storage.read")
@describes(
    "Where a vial was at a moment, as known at another",
    answers={200: WhereOut},
    query={"at": "the moment, as 2026-04-17T09:12", "known": "only what was recorded by then"},
)
def where_by_program(code: str) -> WhereOut:
    """Answer where a vial was; times without a zone are UTC."""
    vial = queries.vial(g.session, g.actor, "storage.read", code)
    at = _past(_iso(request.args.get("at", ""), "at"), "at")
    known = _past(_iso(request.args.get("known", ""), "known"), "known")
    path = queries.vial_path(g.session, vial, at, known)
    return WhereOut(code=vial.code, place=path.place, way=answers.way(path), since=path.began_at)


def _iso(text: str, field: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(not_a_moment(text), field=field) from None
    return _moment(text, "UTC", field) if found is not None and found.tzinfo is None else found


@api.post("/vials/<code>/release-slot")
@require("storage.move")
@describes("Give up the slot that is kept for a vial", answers={200: VialOut})
def release_slot_by_program(code: str) -> VialOut:
    """Give up a kept slot; If-Match names the vial's version."""
    vial = queries.vial(g.session, g.actor, "storage.move", code)
    etag.check(vial.version)
    space.release_slot(g.session, g.actor, vial, at=g.clock.now())
    g.session.flush()
    return answers.vial_out(g.session, vial)
