"""At the freezer: one tube after the other, on a telephone in a glove; and the list on paper."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, Invalid
from server.distribution import queries, rules, service
from server.distribution.models import Request
from server.distribution.rules import Act
from server.distribution.views import shown
from server.distribution.views.blueprints import pages
from server.distribution.views.forms import PickForm
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage.models import Container
from server.storage.queries import Place, box_contents
from server.storage.views import drawing

Answered = Response | tuple[str, int] | str


@pages.get("/requests/<code>/pick")
@require("requests.pick")
def pick_page(code: str) -> Answered:
    """Show the next tube: the way, its box, what its label must say."""
    return _page(queries.request(g.session, g.actor, "requests.pick", code), Typed(), {})


@pages.post("/requests/<code>/pick")
@require("requests.pick")
def pick(code: str) -> Answered:
    """Take the scanned tube out; a wrong one is refused with both codes."""
    found = queries.request(g.session, g.actor, "requests.pick", code)
    try:
        form = PickForm.read(request.form)
        chosen = service.pick(g.session, g.actor, found, form.code, form.expected, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        answer = _page(found, typed_of(request.form), errors_of(refused))
        return (answer, 422) if isinstance(answer, str) else answer
    notices.tell(gettext("%(vial)s is out and on its way to the bench.", vial=chosen.vial.code))
    return _onwards(found, picked=True)


@pages.post("/requests/<code>/not-there")
@require("requests.pick")
def not_there(code: str) -> Answered:
    """Record that the expected tube is missing; another of its lot takes its place where one may."""
    found = queries.request(g.session, g.actor, "requests.pick", code)
    gone = request.form.get("expected", "").strip()
    other = service.not_there(g.session, g.actor, found, gone, at=g.clock.now())
    if other is not None:
        said = gettext(
            "%(gone)s is recorded as missing; take %(vial)s instead.",
            gone=gone,
            vial=other.vial.code,
        )
        notices.tell(said, state="warning")
    else:
        said = gettext(
            "%(gone)s is recorded as missing; no other vial of its lot may be given.", gone=gone
        )
        notices.tell(said, state="high")
    return _onwards(found)


@pages.get("/requests/<code>/pick-list")
@require("requests.pick")
def pick_list(code: str) -> str:
    """Show the list to print, in walking order."""
    found = queries.request(g.session, g.actor, "requests.pick", code)
    return render_template("distribution/pick_list.html", request_=found, tubes=shown.tubes(found))


def _onwards(found: Request, *, picked: bool = False) -> Response:
    """Go to the next tube, with a tone where one was right, or to the request after the last."""
    if rules.state_after(found.state, Act.PICK) is None:
        return redirect(url_for("distribution.request_page", code=found.code), 303)
    said = 1 if picked else None
    return redirect(url_for("distribution.pick_page", code=found.code, picked=said), 303)


def _page(found: Request, typed: Typed, errors: object) -> Answered:
    walk = shown.tubes(found)
    waiting = [tube for tube in walk if tube.chosen.picked_at is None]
    if not waiting or rules.state_after(found.state, Act.PICK) is None:
        return redirect(url_for("distribution.request_page", code=found.code), 303)
    tube = waiting[0]
    box = g.session.get(Container, tube.path.box_id) if tube.path.box_id else None
    return render_template(
        "distribution/pick.html",
        request_=found,
        tube=tube,
        number=len(walk) - len(waiting) + 1,
        total=len(walk),
        box=box,
        places=_cells(box, tube) if box else [],
        typed=typed,
        errors=errors,
    )


def _cells(box: Container, tube: shown.Tube) -> list[drawing.Cell]:
    contents = box_contents(g.session, box)
    return drawing.in_grid(box.shape, {place.ordinal: _cell(place, tube) for place in contents})


def _cell(place: Place, tube: shown.Tube) -> dict[str, object]:
    """Return one position as the box map draws it."""
    if place.free:
        return {"label": place.label, "marks": ["free"]}
    if place.kept_for:
        kept = gettext("%(place)s, kept for %(vial)s", place=place.label, vial=place.kept_for)
        return {"label": place.label, "say": kept, "marks": ["kept"]}
    said = [place.label, place.vial_code, place.line_name]
    if place.vial_code == tube.code:
        return {"label": place.label, "say": ", ".join(said), "marks": ["this"]}
    if place.reserved_for:
        said.append(gettext("reserved for %(what)s", what=place.reserved_for))
        return {"label": place.label, "say": ", ".join(said), "marks": ["reserved"]}
    marks = ["same"] if place.lot_id == tube.chosen.vial.lot_id else []
    return {"label": place.label, "say": ", ".join(said), "marks": marks}
