"""The list of vials: filters, pages, saved filters, export, and acts on what was chosen."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue.rules import TIERS
from server.core.errors import Refusal
from server.kit import cursors, notices
from server.kit.door import require
from server.kit.filters import site_zone
from server.kit.forms import Typed
from server.kit.i18n import gettext
from server.storage import rules
from server.storage.queries import vial_list
from server.storage.queries.vial_list import COUNTED, Order
from server.storage.rules import vial_filters
from server.storage.rules.vial_filters import SORTS, VialFilter
from server.storage.service import filters
from server.storage.service.many import MOST_AT_ONCE
from server.storage.views import acting, exporting
from server.storage.views.blueprints import pages

Page = Response | str | tuple[str, int]
SHORT = ("q", "lot", "line", "tier", "state")
"""Fields that are always shown; the others stand under “More”, open where one of them is used."""


@pages.get("/vials")
@require("storage.read")
def vials() -> Page:
    """Show the vials that fit, fifty at a time."""
    wanted, errors = vial_filters.read(_sent())
    if errors:
        return _shown(wanted, errors), 422
    return _shown(wanted, {})


def _sent() -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.args.lists() for value in values]


def _shown(wanted: VialFilter, errors: Mapping[str, Refusal]) -> str:
    order = _order()
    conditions = vial_list.narrowed(g.session, g.actor, wanted, site_zone())
    query = vial_list.base(g.actor, conditions)
    rows, after = vial_list.page(g.session, query, order) if not errors else ([], "")
    written = wanted.written()
    return render_template(
        "storage/vials.html", rows=rows, count=vial_list.counted(g.session, query) if rows else 0,
        counted_to=COUNTED, onward=_address(after) if after else "", later=bool(order.after),
        typed=Typed(request.args.to_dict()), wanted=wanted, written=written, errors=errors, rules=rules,
        tiers=TIERS, states=list(rules.State), more=any(name not in SHORT for name, _ in parse_qsl(written)),
        fields=acting.fields(g.session, g.actor), saved=filters.saved_filters(g.session, g.actor),
        acts=acting.offered(g.actor), most=MOST_AT_ONCE,
    )  # fmt: skip


def _order() -> Order:
    name = request.args.get("sort", "code")
    cursor = request.args.get("cursor", "")
    after = str(cursors.decode(cursor)) if cursor else ""
    if after and not vial_list.is_mark(after, name):
        raise cursors.not_ours()
    return Order(name if name in SORTS else "code", request.args.get("dir") == "desc", after)


def _address(after: str) -> str:
    asked = {**request.args.to_dict(), "cursor": cursors.encode(after)}
    return f"{request.path}?{urlencode(asked)}"


@pages.post("/vials/filters")
@require("storage.read")
def save_filter() -> Response:
    """Keep the filter under a name."""
    wanted = vial_filters.read_written(
        request.form.get("wanted", "")[: vial_filters.LONGEST_WANTED]
    )
    shared = request.form.get("shared") == "yes"
    name = request.form.get("name", "")
    row = filters.save_filter(g.session, g.actor, name, wanted, shared=shared, at=g.clock.now())
    notices.tell(gettext("The filter “%(name)s” is saved.", name=row.name))
    return redirect(url_for("storage.vials") + "?" + row.wanted)


@pages.post("/vials/filters/<int:filter_id>/forget")
@require("storage.read")
def forget_filter(filter_id: int) -> Response:
    """Forget a saved filter."""
    row = filters.saved_filter(g.session, g.actor, filter_id)
    filters.forget_filter(g.session, g.actor, row, at=g.clock.now())
    notices.tell(gettext("The filter “%(name)s” is forgotten.", name=row.name))
    return redirect(url_for("storage.vials"))


@pages.get("/vials.<form>")
@require("storage.read")
def export_vials(form: str) -> Response:
    """Give all vials that fit as a sheet: csv or xlsx."""
    wanted, _errors = vial_filters.read(_sent())
    return exporting.sheet(form, wanted)
