"""Shipments: announced, packed or brought back; followed on one page; and the rule of quarantine."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from server.catalogue import queries as catalogue
from server.core.errors import (
    AllRefused,
    Conflict,
    CryokeepError,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
)
from server.core.words import N_
from server.genealogy.rules import CAUSES
from server.handling.models import Shipment
from server.handling.queries import shipments as queries
from server.handling.rules import shipments as rules
from server.handling.rules.manifests import Row, read
from server.handling.service import shipments
from server.handling.service.shipments import Facts
from server.handling.views.blueprints import pages
from server.handling.views.manifest_files import LARGEST_BYTES, rows_in
from server.handling.views.shipment_forms import NewShipmentForm, ShipmentRulesForm
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage.models import Vial
from server.storage.queries import container, holds_on, own_org, places, site
from server.storage.service.freight import freight_of

WORK = "storage.move"
RULES = "storage.policy"
BOTH = N_("A file was chosen and rows were pasted. Keep one of them.")
MISTAKES = (Invalid, Conflict, NotFound, AllRefused, Forbidden)


@pages.get("/shipments")
@require("storage.read")
def all_shipments() -> str:
    """Show the shipments, those that are not closed first."""
    return render_template(
        "handling/shipments.html",
        rows=queries.shipments(g.session, g.actor),
        kind_words=rules.KIND_WORDS,
        state_words=rules.STATE_WORDS,
    )


@pages.get("/shipments/new")
@require(WORK)
def new_shipment() -> str:
    """Ask what comes, or what is sent to another site."""
    return _new(Typed({"kind": request.args.get("kind", "incoming")}))


@pages.post("/shipments/new")
@require(WORK)
def make_shipment() -> Response | tuple[str, int]:
    """Make a shipment; a bad manifest is refused with every problem."""
    try:
        made = _made(NewShipmentForm.read(request.form))
    except MISTAKES as refused:
        g.session.rollback()
        with g.reader() as session:
            g.session = session
            return _new(typed_of(request.form), refused), 422
    return redirect(url_for("handling.shipment", code=made.code))


def _made(form: NewShipmentForm) -> Shipment:
    at = g.clock.now()
    to_site = site(g.session, g.actor, WORK, form.to_site)
    facts = Facts(sender=form.sender, waybill=form.waybill, note=form.note)
    if form.kind == "transfer":
        from_site = site(g.session, g.actor, WORK, form.from_site)
        shipper = container(g.session, g.actor, WORK, form.shipper) if form.shipper else None
        return shipments.begin_transfer(
            g.session, g.actor, from_site, to_site, shipper, facts, at=at
        )
    if form.kind == "return":
        codes = [row.code for row in _rows(form)] if _file() else form.codes
        return shipments.expect_return(g.session, g.actor, to_site, codes, facts, at=at)
    rows = _rows(form)
    lot = catalogue.lot(g.session, g.actor, form.lot, WORK) if form.lot else None
    return shipments.expect_incoming(g.session, g.actor, to_site, rows, lot, facts, at=at)


def _rows(form: NewShipmentForm) -> list[Row]:
    sent = _file()
    if sent is None:
        return read(form.manifest)
    if form.manifest:
        raise Invalid(Refusal("both", BOTH), field="file")
    return rows_in(sent.stream.read(LARGEST_BYTES + 1))


def _file() -> FileStorage | None:
    sent = request.files.get("file")
    return sent if sent is not None and sent.filename else None


def _new(typed: Typed, refused: CryokeepError | None = None) -> str:
    offered = [(one.code, one.name or one.code) for one in places(g.session, g.actor).sites]
    return render_template(
        "handling/new_shipment.html",
        typed=typed,
        sites=offered,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/shipments/<code>")
@require("storage.read")
def shipment(code: str) -> str:
    """Show a shipment: what is expected, what arrived, and what comes next."""
    return page(queries.shipment(g.session, g.actor, "storage.read", code))


def page(found: Shipment, refused: CryokeepError | None = None, typed: Typed | None = None) -> str:
    """Return the page of a shipment, with what was refused."""
    lines = queries.lines_of(g.session, found)
    return render_template(
        "handling/shipment.html",
        found=found,
        lines=lines,
        held=holds_on(g.session, [line.vial_id for line in lines if line.vial_id]),
        causes=CAUSES,
        waiting=[line for line in lines if line.state in rules.OPEN],
        freight=freight_of(g.session, found.id),
        can={act for act in rules.ACTS if rules.why_not(act, found.code, found.state) is None},
        kind_words=rules.KIND_WORDS,
        state_words=rules.STATE_WORDS,
        line_words=rules.LINE_WORDS,
        may_work=g.actor.may(WORK, found.org_id),
        may_enter=g.actor.may(shipments.ENTERS, found.org_id),
        typed=typed or Typed({"box": request.args.get("box", "")}),
        errors=errors_of(refused) if refused else {},
        done=request.args.get("done", ""),
    )


@pages.get("/shipments/rules")
@require(RULES)
def shipment_rules() -> str:
    """Ask what goes into quarantine when it arrives."""
    org_id = own_org(g.session, g.actor, RULES)
    kinds = ("incoming", "transfer")
    typed = {kind: "1" if queries.rule(g.session, org_id, kind) else "" for kind in kinds}
    return render_template("handling/shipment_rules.html", typed=Typed(typed))


@pages.post("/shipments/rules")
@require(RULES)
def set_shipment_rules() -> Response:
    """Set what goes into quarantine."""
    form = ShipmentRulesForm.read(request.form)
    org_id, at = own_org(g.session, g.actor, RULES), g.clock.now()
    for kind, wanted in (("incoming", form.incoming), ("transfer", form.transfer)):
        shipments.set_rule(g.session, g.actor, org_id, kind, quarantine=wanted, at=at)
    notices.tell(gettext("The rules have been saved."))
    return redirect(url_for("handling.all_shipments"))


def journey(vial: Vial) -> str:
    """Return the line on a vial's page that says in which shipment it travels."""
    found = queries.journey_of(g.session, vial) if vial.state == "checked_out" else None
    return render_template("handling/journey.html", found=found) if found else ""
