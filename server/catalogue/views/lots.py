"""Pages of lots: the list, one lot, its form, and the signed decision about it."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.accounts import login
from server.accounts.service import signatures_of
from server.catalogue import queries, rules, service
from server.catalogue.models import CellLine, Lot
from server.catalogue.views.blueprints import pages
from server.catalogue.views.forms import DecisionForm, LotForm, typed_lot
from server.core.errors import Conflict, Invalid, TooMany, Unauthenticated
from server.kit import lists, notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext


@pages.get("/lots")
@require("catalogue.read")
def lots() -> str:
    """List the lots that the person may see."""
    words = request.args.get("q", "")
    part = lists.part(g.session, queries.lots(g.actor, words), queries.LOT_SORTS, "-frozen", Lot.id)
    return render_template("catalogue/lots.html", part=part, words=words, rules=rules)


@pages.get("/lots/<code>")
@require("catalogue.read")
def lot(code: str) -> str:
    """Show one lot; what is left of it stands in the panels of higher floors."""
    found = queries.lot(g.session, g.actor, code)
    signed = signatures_of(g.session, "lot", found.id)
    return render_template("catalogue/lot.html", lot=found, rules=rules, signed=signed)


@pages.get("/lines/<code>/lots/new")
@require("catalogue.edit")
def new_lot(code: str) -> str:
    """Show the empty form of a lot of this line."""
    return _form(queries.line(g.session, g.actor, code, "catalogue.edit"), None, Typed())


@pages.post("/lines/<code>/lots/new")
@require("catalogue.edit")
def add_lot(code: str) -> Response | tuple[str, int]:
    """Enter a lot."""
    line = queries.line(g.session, g.actor, code, "catalogue.edit")
    try:
        made = service.add_lot(
            g.session, g.actor, line, LotForm.read(request.form).facts(), at=g.clock.now()
        )
    except (Invalid, Conflict) as refused:
        return _form(line, None, typed_of(request.form), errors_of(refused)), 422
    notices.tell(
        gettext(
            "%(lot)s has been entered; it is in quarantine until it is released.", lot=made.code
        )
    )
    return redirect(url_for("catalogue.lot", code=made.code), 303)


@pages.get("/lots/<code>/edit")
@require("catalogue.edit")
def edit_lot(code: str) -> str:
    """Show the form as the lot stands."""
    found = queries.lot(g.session, g.actor, code, "catalogue.edit")
    return _form(found.line, found, typed_lot(found))


@pages.post("/lots/<code>/edit")
@require("catalogue.edit")
def change_lot(code: str) -> Response | tuple[str, int]:
    """Change a lot."""
    found = queries.lot(g.session, g.actor, code, "catalogue.edit")
    try:
        service.edit_lot(
            g.session, g.actor, found, LotForm.read(request.form).facts(), at=g.clock.now()
        )
    except (Invalid, Conflict) as refused:
        return _form(found.line, found, typed_of(request.form), errors_of(refused)), 422
    notices.tell(gettext("%(lot)s has been changed.", lot=found.code))
    return redirect(url_for("catalogue.lot", code=found.code), 303)


def _form(line: CellLine, lot: Lot | None, typed: Typed, errors: object = None) -> str:
    return render_template(
        "catalogue/lot_form.html", line=line, lot=lot, typed=typed, errors=errors or {}, rules=rules
    )


@pages.get("/lots/<code>/decide")
@require("catalogue.release")
def decide_form(code: str) -> str:
    """Show what may be decided about the lot, with the signature's fields."""
    found = queries.lot(g.session, g.actor, code, "catalogue.release")
    return _decision(found, Typed({"meaning": request.args.get("to", "")}))


@pages.post("/lots/<code>/decide")
@require("catalogue.release")
def decide(code: str) -> Response | tuple[str, int]:
    """Decide about the lot, signed. The password is proven before the write lock is taken."""
    with g.reader() as session:
        shown = queries.lot(session, g.actor, code, "catalogue.release")
    try:
        form = DecisionForm.read(request.form)
        proof = login.prove(
            g.reader, g.actor, form.password, request.remote_addr or "", g.clock.now()
        )
        found = queries.lot(g.session, g.actor, code, "catalogue.release")
        service.decide_lot(
            g.session,
            g.actor,
            found,
            form.meaning,
            form.reason,
            proof,
            version=form.version,
            at=g.clock.now(),
        )
    except (Unauthenticated, TooMany) as refused:
        return _decision(shown, typed_of(request.form), {"password": refused.refusal}), 422
    except (Invalid, Conflict) as refused:
        return _decision(shown, typed_of(request.form), errors_of(refused)), 422
    notices.tell(gettext("%(lot)s: your decision has been signed and recorded.", lot=code))
    return redirect(url_for("catalogue.lot", code=code), 303)


def _decision(lot: Lot, typed: Typed, errors: object = None) -> str:
    offered = rules.NEXT_DISPOSITION[lot.disposition]
    meanings = [(name, gettext(service.DECISION_MEANINGS[name])) for name in offered]
    return render_template(
        "catalogue/decide.html",
        lot=lot,
        meanings=meanings,
        typed=typed,
        errors=errors or {},
        rules=rules,
    )
