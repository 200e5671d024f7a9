"""Forms that add freezers, racks and boxes, and move them."""

from collections.abc import Callable
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container
from server.storage.queries.types import AnyType
from server.storage.service import bulk
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.container_forms import (
    ContainerForm,
    FreezerForm,
    InnerForm,
    shape_choices,
)
from server.storage.views.forms import DestinationForm

REFUSED = (Invalid, Conflict, NotFound)
Page = Response | tuple[str, int]
USUAL = {"freezer": "TANK-12", "rack": "RACK-10", "box": "BOX-9X9"}


@pages.get("/freezers/new")
@require("storage.edit")
def new_freezer() -> str:
    """Show the empty form of a freezer."""
    return _freezer_form(_usual("freezer"))


@pages.post("/freezers/new")
@require("storage.edit")
def add_freezer() -> Page:
    """Add a freezer to a room."""
    places = queries.places(g.session, g.actor, "storage.edit")
    try:
        form = FreezerForm.read(request.form, options_of(places))
        made = storage.add_freezer(
            g.session,
            g.actor,
            places.room(form.room),
            form.code,
            form.shape,
            name=form.name,
            model=form.model,
            type=_type(form, "freezer"),
            power_circuit=places.circuit(form.circuit),
            nitrogen_supply=places.supply(form.supply),
            at=g.clock.now(),
        )
    except REFUSED as refused:
        return _freezer_form(typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added. Add its racks next.", code=made.code))
    return redirect(url_for("storage.freezer", code=made.code))


def options_of(places: queries.Places) -> dict[str, list[int]]:
    """Return the ids from which a form of a freezer may choose."""
    return {
        "room": [row.id for row in places.rooms],
        "circuit": [row.id for row in places.circuits],
        "supply": [row.id for row in places.supplies],
    }


def _type(form: ContainerForm, kind: str) -> AnyType | None:
    if not form.type:
        return None
    return queries.container_type(g.session, g.actor, "storage.edit", form.type, kind)


def _freezer_form(typed: Typed, refused: CryokeepError | None = None) -> str:
    places = queries.places(g.session, g.actor, "storage.edit")
    return render_template(
        "storage/freezer_form.html", places=places, **_form_facts("freezer", typed, refused)
    )


def _form_facts(kind: str, typed: Typed, refused: CryokeepError | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "typed": typed,
        "types": type_choices(kind),
        "choices": shape_choices(),
        "errors": errors_of(refused) if refused else {},
    }


def type_choices(*kinds: str) -> list[tuple[str, str]]:
    """Return the types of these kinds that are offered, for a select."""
    rows = queries.container_types(g.session, g.actor)
    return [
        (row.type.code, f"{row.type.code} · {gettext(row.type.name)}")
        for row in rows
        if row.type.kind in kinds and not row.retired
    ]


@pages.get("/racks/new")
@require("storage.edit")
def new_rack() -> str:
    """Show the empty form of a rack."""
    return _inner_form("rack", _usual("rack"))


@pages.post("/racks/new")
@require("storage.edit")
def add_rack() -> Page:
    """Add a rack."""
    return _add_inner("rack", storage.add_rack)


@pages.get("/boxes/new")
@require("storage.edit")
def new_box() -> str:
    """Show the empty form of a box."""
    return _inner_form("box", _usual("box"))


@pages.post("/boxes/new")
@require("storage.edit")
def add_box() -> Page:
    """Add a box."""
    return _add_inner("box", storage.add_box)


def _usual(kind: str) -> Typed:
    asked = {name: request.args.get(name, "") for name in ("into", "position")}
    return Typed({"type": request.args.get("type", USUAL[kind]), **asked})


def _add_inner(kind: str, add: Callable[..., Container]) -> Page:
    try:
        form = InnerForm.read(request.form)
        into, org_id = _destination(form)
        made = add(
            g.session,
            g.actor,
            org_id,
            form.code,
            form.shape,
            name=form.name,
            model=form.model,
            barcode=form.barcode or None,
            type=_type(form, kind),
            into=into,
            ordinal=storage.position_in(g.session, into, form.position) if into else None,
            at=g.clock.now(),
        )
    except REFUSED as refused:
        return _inner_form(kind, typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added.", code=made.code))
    return redirect(url_for(drawing.PAGES[kind], code=made.code))


def _destination(form: InnerForm) -> tuple[Container | None, int]:
    """Return the container that was named, and the organisation to which the new one belongs."""
    if not form.into:
        return None, queries.own_org(g.session, g.actor, "storage.edit")
    into = queries.container(g.session, g.actor, "storage.edit", form.into, "freezer", "rack")
    return into, into.org_id


def _inner_form(kind: str, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template("storage/inner_form.html", **_form_facts(kind, typed, refused))


@pages.get("/boxes/<code>/move")
@require("storage.move")
def move_box_form(code: str) -> str:
    """Ask where a box goes."""
    return _move_form(_inner(code, "box"), Typed())


@pages.post("/boxes/<code>/move")
@require("storage.move")
def move_box(code: str) -> Page:
    """Carry a box, and all that is in it, to another rack or freezer."""
    return _move(_inner(code, "box"))


@pages.get("/racks/<code>/move")
@require("storage.move")
def move_rack_form(code: str) -> str:
    """Ask where a rack goes."""
    return _move_form(_inner(code, "rack"), Typed())


@pages.post("/racks/<code>/move")
@require("storage.move")
def move_rack(code: str) -> Page:
    """Carry a rack, and all that is in it, to another freezer or rack."""
    return _move(_inner(code, "rack"))


def _inner(code: str, kind: str) -> Container:
    return queries.container(g.session, g.actor, "storage.move", code, kind)


def _move(found: Container) -> Page:
    try:
        form = DestinationForm.read(request.form)
        into = queries.container(g.session, g.actor, "storage.move", form.box, "freezer", "rack")
        ordinal = storage.position_in(g.session, into, form.position, found)
        placed = queries.path_of(g.session, found).place == "position"
        move = bulk.move_container(g.session, g.actor, found, into, ordinal, at=g.clock.now())
    except REFUSED as refused:
        return _move_form(found, typed_of(request.form), refused), 422
    place = f"{into.code} {into.shape.label(ordinal)}"
    undo = url_for("storage.undo_bulk_move", number=move.id) if placed else ""
    notices.tell(
        gettext("%(code)s is at %(place)s now.", code=found.code, place=place), undo_url=undo
    )
    return redirect(url_for(drawing.PAGES[found.kind], code=found.code))


def _move_form(found: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    facts: dict[str, Any] = {"steps": drawing.steps(queries.path_of(g.session, found))}
    errors = errors_of(refused) if refused else {}
    return render_template(
        "storage/move_container.html", container=found, typed=typed, errors=errors, **facts
    )
