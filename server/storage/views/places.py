"""Sites with their rooms, power circuits and nitrogen supplies."""

from collections.abc import Callable

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.models import NitrogenSupply, PowerCircuit, Room, Site
from server.storage.views.blueprints import pages
from server.storage.views.forms import PartForm, SiteForm

ADD: dict[str, Callable[..., Room | PowerCircuit | NitrogenSupply]] = {
    "room": storage.add_room,
    "circuit": storage.add_circuit,
    "supply": storage.add_supply,
}


@pages.get("/places")
@require("storage.read")
def places() -> str:
    """List the sites and what belongs to them."""
    return _page(Typed({"time_zone": "Asia/Shanghai"}))


@pages.post("/places")
@require("storage.edit")
def add_site() -> Response | tuple[str, int]:
    """Add a site to the person's organisation."""
    try:
        form = SiteForm.read(request.form)
        org_id = queries.own_org(g.session, g.actor, "storage.edit")
        made = storage.add_site(
            g.session,
            g.actor,
            org_id,
            form.code,
            form.name,
            form.time_zone,
            address=form.address,
            at=g.clock.now(),
        )
    except (Invalid, Conflict) as refused:
        return _page(typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added. Add its rooms next.", code=made.name))
    return redirect(url_for("storage.places") + f"#site-{made.id}")


def _page(typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/places.html",
        places=queries.places(g.session, g.actor),
        freezers=queries.freezers(g.session, g.actor),
        may_edit=g.actor.may("storage.edit"),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/places/<code>/new")
@require("storage.edit")
def part_form(code: str) -> str:
    """Ask for a room, circuit or supply of a site."""
    found = queries.site(g.session, g.actor, "storage.edit", code)
    return _part(found, Typed({"kind": request.args.get("kind", "room")}))


@pages.post("/places/<code>/new")
@require("storage.edit")
def add_part(code: str) -> Response | tuple[str, int]:
    """Add a room, circuit or supply to a site."""
    found = queries.site(g.session, g.actor, "storage.edit", code)
    try:
        form = PartForm.read(request.form)
        made = ADD[form.kind](g.session, g.actor, found, form.code, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _part(found, typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added.", code=made.code))
    return redirect(url_for("storage.places") + f"#site-{found.id}")


def _part(found: Site, typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    return render_template("storage/part_form.html", site=found, typed=typed, errors=errors)
