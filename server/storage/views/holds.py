"""Holds: laid on a vial, a lot or a line, listed, lifted with a reason."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue import queries as catalogue
from server.catalogue.models import CellLine, Lot
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.genealogy import queries as genealogy
from server.genealogy import service
from server.genealogy.models import Hold
from server.genealogy.rules import CAUSES, SEVERITIES
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.models import Vial
from server.storage.views.blueprints import pages
from server.storage.views.guard_forms import HoldForm, LiftForm

MOST = 200
PAGES = {"vial": "storage.vial", "lot": "catalogue.lot", "line": "catalogue.line"}
Page = Response | str | tuple[str, int]


@pages.get("/holds")
@require("storage.read")
def holds() -> str:
    """Show the holds that stand, or those that were lifted."""
    lifted = request.args.get("show") == "lifted"
    wanted = genealogy.holds_seen_by(g.actor, lifted=lifted).limit(MOST)
    found = list(g.session.scalars(wanted))
    return render_template(
        "storage/holds.html", holds=found, lifted=lifted, causes=CAUSES, address=address, most=MOST
    )


def address(kind: str, code: str) -> str:
    """Return the page of a thing that bears holds or has a lineage; empty where it has none."""
    return url_for(PAGES[kind], code=code) if kind in PAGES else ""


@pages.get("/hold/<kind>/<code>")
@require("holds.manage")
def hold_form(kind: str, code: str) -> str:
    """Ask why the thing is held."""
    return _hold(_target(kind, code), kind, Typed())


@pages.post("/hold/<kind>/<code>")
@require("holds.manage")
def lay_hold(kind: str, code: str) -> Page:
    """Lay a hold on it, beside those that stand already."""
    found = _target(kind, code)
    try:
        form = HoldForm.read(request.form)
        service.lay(
            g.session, g.actor, queries.ref(found), found.org_id, form.cause, form.note,
            severity=form.severity, at=g.clock.now(),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        return _hold(found, kind, typed_of(request.form), refused), 422
    notices.tell(gettext("%(thing)s is on hold.", thing=found.code))
    return redirect(address(kind, found.code))


def _target(kind: str, code: str) -> Vial | Lot | CellLine:
    if kind == "vial":
        return queries.vial(g.session, g.actor, "holds.manage", code)
    if kind == "lot":
        return catalogue.lot(g.session, g.actor, code, "holds.manage")
    if kind == "line":
        return catalogue.line(g.session, g.actor, code, "holds.manage")
    because = N_("“%(found)s” is not something that is held: a vial, a lot or a line is expected.")
    raise NotFound(Refusal("no_such_kind", because, {"found": kind}))


def _hold(
    found: Vial | Lot | CellLine, kind: str, typed: Typed, refused: CryokeepError | None = None
) -> str:
    return render_template(
        "storage/hold.html",
        thing=found,
        kind=kind,
        back=address(kind, found.code),
        standing=genealogy.open_holds(g.session, [queries.ref(found).key]),
        causes=CAUSES,
        severities=SEVERITIES,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/holds/<int:number>/lift")
@require("storage.read")
def lift_form(number: int) -> str:
    """Ask why the hold is lifted; who may not lift it is told so."""
    return _lift(genealogy.hold(g.session, g.actor, number), Typed())


@pages.post("/holds/<int:number>/lift")
@require("storage.read")
def lift_hold(number: int) -> Page:
    """Lift one hold; the verb asks for the permission that the hold itself names."""
    found = genealogy.hold(g.session, g.actor, number)
    try:
        service.lift(
            g.session, g.actor, found, LiftForm.read(request.form).reason, at=g.clock.now()
        )
    except (Invalid, Conflict) as refused:
        return _lift(found, typed_of(request.form), refused), 422
    notices.tell(gettext("The hold on %(thing)s has been lifted.", thing=found.target_code))
    return redirect(address(found.kind, found.target_code) or url_for("storage.holds"))


def _lift(found: Hold, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/lift.html",
        hold=found,
        causes=CAUSES,
        address=address,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )
