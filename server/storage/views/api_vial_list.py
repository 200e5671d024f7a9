"""The API of the list of vials, of the filters that are kept for it, and of what is done with many of them."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl

from flask import Response, g, request
from msgspec import field

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import cursors, etag
from server.kit.api import Answer, Body, describes, read
from server.kit.door import require
from server.kit.filters import site_zone
from server.storage.models import SavedFilter, Vial
from server.storage.queries import vial_list
from server.storage.queries.vial_list import Order, VialRow
from server.storage.rules import vial_filters
from server.storage.rules.limits import CRYOVIAL
from server.storage.rules.vial_filters import FIELD, NAMES, SORTS, VialFilter
from server.storage.service import filters, many
from server.storage.service.filters import forget_filter, save_filter
from server.storage.views import acting, exporting
from server.storage.views.answers import StepOut, way
from server.storage.views.blueprints import api

LISTING = ("sort", "dir", "cursor", "limit", "filter")
QUERY = {
    "filter": "The number of a saved filter; what else is said narrows it further.",
    "q": "Words or a code.", "lot": "Its code.", "line": "Code, accession or name.", "tier": "", "state": "",
    "freezer": "Its code.", "rack": "", "box": "", "project": "Its code.",
    "held": "yes or no", "reserved": "yes or no", "verified": "yes or no", "placed_after": "A day.", "placed_before": "A day.",
    "field.CODE": "What a custom field of the vial or its lot holds.",
    "sort": "code, lot, line, state or entered.", "dir": "desc: backwards.",
}  # fmt: skip
UNKNOWN = N_("“%(found)s” does not narrow the list of vials; one of these is expected: %(known)s.")


class VialListed(Answer):
    """A vial in a list: what it is, and the way to it."""

    code: str
    state: str
    lot: str
    tier: str
    disposition: str
    line: str
    line_name: str
    project: str | None
    sample_type: str
    volume_ul: int | None
    thaws: int
    way: list[StepOut]
    since: datetime | None
    reserved_for: str | None
    held: bool
    verified_at: datetime | None
    """When its own code was last read; empty: not since it was moved or taken by its position alone."""


class VialList(Answer):
    """A page of the list; `count` is how many fit, counted to 10001."""

    items: list[VialListed]
    count: int
    next: str | None


class NewFilter(Body):
    """A filter to be kept: its name, and what it looks for, such as {"lot": "L-0412", "held": "no"}."""

    name: str
    wanted: dict[str, str] = field(default_factory=dict)
    shared: bool = False


class FilterOut(Answer):
    """A saved filter; `query` is what stands in the address of the list."""

    number: int
    name: str
    wanted: dict[str, str]
    query: str
    shared: bool
    by: str
    own: bool
    version: int


class FiltersOut(Answer):
    """The asker's filters and those that are shared with their organisation."""

    items: list[FilterOut]


class HoldMany(Body):
    """One hold on each of these vials, at most 1,000."""

    vials: list[str]
    cause: str
    note: str = ""


class GiveMany(Body):
    """Vials, at most 1,000, and the project that gets them; without one they belong to none."""

    vials: list[str]
    project: str = ""


class DoneOut(Answer):
    """How many were changed."""

    count: int


@api.get("/vials")
@require("storage.read")
@describes("List vials that fit", answers={200: VialList}, query=QUERY, listed=True)
def list_vials() -> VialList:
    """List the vials that fit, in the order that is asked for."""
    query = vial_list.base(g.actor, vial_list.narrowed(g.session, g.actor, _wanted(), site_zone()))
    rows, after = vial_list.page(g.session, query, _order(), cursors.limit())
    count = vial_list.counted(g.session, query) if rows else 0
    onward = cursors.encode(after) if after else None
    return VialList(items=[_listed(row) for row in rows], count=count, next=onward)


@api.get("/vials.<form>")
@require("storage.read")
@describes("All vials that fit as a sheet, csv or xlsx", answers={200: None}, query=QUERY)
def export_list(form: str) -> Response:
    """Give all that fits, one row a vial with its whole way."""
    return exporting.sheet(form, _wanted())


def _order() -> Order:
    name, cursor = request.args.get("sort", "code"), request.args.get("cursor", "")
    if name not in SORTS:
        raise Invalid(_unknown(name, SORTS), field="sort")
    after = str(cursors.decode(cursor)) if cursor else ""
    if after and not vial_list.is_mark(after, name):
        raise cursors.not_ours()
    return Order(name, request.args.get("dir") == "desc", after)


def _wanted() -> VialFilter:
    """Return what the address asks for; nothing of it is left out, for all else would fit more."""
    sent = [(name, value) for name, value in request.args.items(multi=True) if name not in LISTING]
    if number := request.args.get("filter", ""):
        saved = filters.saved_filter(g.session, g.actor, int(number) if number.isdecimal() else 0)
        sent = [*parse_qsl(saved.wanted), *sent]
    return _read(sent)


def _read(sent: Sequence[tuple[str, str]]) -> VialFilter:
    for name, _value in sent:
        if name not in NAMES and not name.startswith(FIELD):
            raise Invalid(_unknown(name, (*NAMES, FIELD + "CODE")), field=name)
    wanted, errors = vial_filters.read(sent)
    for name, refusal in errors.items():
        raise Invalid(refusal, field=name)
    return wanted


def _unknown(found: str, known: Sequence[str]) -> Refusal:
    return Refusal("unknown_filter", UNKNOWN, {"found": found[:80], "known": ", ".join(known)})


def _listed(row: VialRow) -> VialListed:
    facts = row.facts
    return VialListed(
        code=facts.code, state=facts.state, lot=facts.lot_code, tier=facts.tier, disposition=facts.disposition,
        line=facts.line_code, line_name=facts.line_name, project=facts.project_code,
        sample_type=facts.type_code or CRYOVIAL, volume_ul=facts.volume_ul, thaws=facts.thaws,
        way=way(row.path), since=row.path.began_at, reserved_for=row.reserved_for or None, held=row.held,
        verified_at=row.facts.verified_at,
    )  # fmt: skip


@api.get("/vial-filters")
@require("storage.read")
@describes("List the saved filters that one is shown", answers={200: FiltersOut})
def list_filters() -> FiltersOut:
    """List own filters and those that are shared with the organisation."""
    return FiltersOut(items=[_filter(row) for row in filters.saved_filters(g.session, g.actor)])


@api.post("/vial-filters")
@require("storage.read")
@describes("Save a filter of the list of vials", body=NewFilter, answers={201: FilterOut})
def add_filter() -> tuple[FilterOut, int]:
    """Keep a filter; one of one's own with the same name is replaced."""
    wanted = read(NewFilter)
    found = _read(list(wanted.wanted.items()))
    at = g.clock.now()
    row = save_filter(g.session, g.actor, wanted.name, found, shared=wanted.shared, at=at)
    g.session.flush()
    return _filter(row), 201


@api.get("/vial-filters/<int:number>")
@require("storage.read")
@describes("Read a saved filter", answers={200: FilterOut})
def one_filter(number: int) -> FilterOut:
    """Answer what a saved filter looks for."""
    found = filters.saved_filter(g.session, g.actor, number)
    etag.tell(found.version)
    return _filter(found)


@api.delete("/vial-filters/<int:number>")
@require("storage.read")
@describes("Forget a saved filter", answers={204: None})
def drop_filter(number: int) -> Response:
    """Forget a filter; only who saved it can."""
    found = filters.saved_filter(g.session, g.actor, number)
    etag.check(found.version)
    forget_filter(g.session, g.actor, found, at=g.clock.now())
    return Response(status=204)


def _filter(row: SavedFilter) -> FilterOut:
    return FilterOut(
        number=row.id, name=row.name, wanted=dict(parse_qsl(row.wanted)), query=row.wanted, shared=row.shared,
        by=row.by_name, own=row.person_id == g.actor.id, version=row.version,
    )  # fmt: skip


@api.post("/holds/many")
@require("holds.manage")
@describes("Lay one hold on each of many vials", body=HoldMany, answers={201: DoneOut})
def hold_many() -> tuple[DoneOut, int]:
    """Lay a hold on each, or on none of them."""
    wanted = read(HoldMany)
    chosen = _chosen(wanted.vials, "holds.manage")
    at = g.clock.now()
    return DoneOut(
        count=many.hold_all(g.session, g.actor, chosen, wanted.cause, wanted.note, at=at)
    ), 201


@api.post("/vials/project")
@require("storage.edit")
@describes("Give many vials to a project, all or none", body=GiveMany, answers={200: DoneOut})
def give_many() -> DoneOut:
    """Give vials to a project; the count is of those that were of another one before."""
    wanted = read(GiveMany)
    chosen, project = _chosen(wanted.vials, "storage.edit"), acting.project_of(wanted.project)
    at = g.clock.now()
    return DoneOut(count=many.give_to_project(g.session, g.actor, chosen, project, at=at))


def _chosen(codes: Sequence[str], permission: str) -> list[Vial]:
    if refusal := many.why_not_so_many(len(codes)):
        raise Invalid(refusal, field="vials")
    return many.named_vials(g.session, g.actor, permission, codes)
