"""The map of a freezer or rack: its racks and boxes, each where it stands, and what a drag on it does."""

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, Invalid, Refusal
from server.kit import forms
from server.kit.door import require
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.models import Container
from server.storage.queries.freezers import InsideRow
from server.storage.queries.stays import live_stay
from server.storage.rules.moves import elsewhere
from server.storage.service import bulk
from server.storage.views import drawing, moving
from server.storage.views.blueprints import pages
from server.storage.views.drawing import Cell

SHOWN = 4
"""So many letters of a code stand in a cell: those at its end, after what all codes begin with."""


class DragForm(Form):
    """One rack or box, and the position to which it was dragged."""

    inner: str = forms.code()
    position: str = forms.text(most=12)


def shelf(outer: Container, rows: list[InsideRow], *, fills: bool) -> list[Cell]:
    """Return a freezer or rack for `ui.box_map`; with `fills`, free positions lead to the form of a new box."""
    common = _alike([row.container.code for row in rows])
    by_label = {row.label: row for row in rows}
    labels = {one: outer.shape.label(one) for one in outer.shape.ordinals}
    drawn = {
        one: _standing(by_label[label], common)
        if label in by_label
        else _free(outer, one, label, fills=fills)
        for one, label in labels.items()
    }
    return drawing.in_grid(outer.shape, drawn)


def _alike(codes: list[str]) -> int:
    """Return with how many letters all these codes begin alike, up to a sign between words; 0 for only one."""
    alike = [len(set(letters)) == 1 for letters in zip(*codes, strict=False)]
    same = alike.index(False) if False in alike else len(alike)
    words = [at for at in range(same) if not codes[0][at].isalnum()]
    return words[-1] + 1 if len(codes) > 1 and words else 0


def _standing(row: InsideRow, common: int) -> Cell:
    facts = {"place": row.label, "code": row.container.code, "taken": row.vials, "all": row.places}
    return {
        "label": row.label,
        "code": row.container.code,
        "text": row.container.code[common:][-SHOWN:] or row.container.code[-SHOWN:],
        "say": gettext("%(place)s, %(code)s, %(taken)s of %(all)s positions filled", **facts),
        "url": url_for(drawing.PAGES[row.container.kind], code=row.container.code),
        "marks": [],
    }


def _free(outer: Container, ordinal: int, label: str, *, fills: bool) -> Cell:
    if ordinal in outer.shape.blocked:
        say = gettext("%(place)s, blocked", place=label)
        return {"label": label, "say": say, "text": "×", "marks": ["blocked"]}
    url = url_for("storage.new_box", into=outer.code, position=label) if fills else ""
    return {"label": label, "marks": ["free"], "url": url}


@pages.post("/containers/<code>/drag")
@require("storage.move")
def drag_inner(code: str) -> Response:
    """Carry a rack or box, with all that is in it, to the position of this freezer or rack where it was dropped."""
    outer = queries.container(g.session, g.actor, "storage.move", code, "freezer", "rack")
    form = DragForm.read(request.form)
    inner = queries.container(g.session, g.actor, "storage.move", form.inner, "rack", "box")
    ordinal = outer.shape.ordinal(form.position)
    if ordinal is None:
        facts = {"found": form.position, "box": outer.code}
        raise Invalid(Refusal("no_such_position", moving.NOT_READ, facts), field="position")
    stay = live_stay(g.session, inner)
    if stay is None or stay.container_id != outer.id:
        raise Conflict(elsewhere(inner.code, outer.code))
    move = bulk.move_container(g.session, g.actor, inner, outer, ordinal, at=g.clock.now())
    place = f"{outer.code} {outer.shape.label(ordinal)}"
    moving.tell(gettext("%(code)s is at %(place)s now.", code=inner.code, place=place), move)
    return redirect(url_for(drawing.PAGES[outer.kind], code=outer.code), 303)
