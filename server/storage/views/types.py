"""Container types: the list, one type, and an organisation's own."""

from dataclasses import replace

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import etag, notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.container_types import KIND_WORDS, WORDS
from server.storage.models import ContainerType
from server.storage.queries.types import AnyType
from server.storage.service.types import refuse_built_in_type
from server.storage.sizes import heights_of, sizes_of
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.container_forms import TypeForm, shape_choices, ticked, typed_shape

REFUSED = (Invalid, Conflict, NotFound)
Page = Response | tuple[str, int]


@pages.get("/container-types")
@require("storage.read")
def container_types() -> str:
    """List the types from which containers are made."""
    return render_template(
        "storage/container_types.html",
        rows=queries.container_types(g.session, g.actor),
        words=WORDS,
        may_edit=g.actor.may("storage.edit"),
    )


@pages.get("/container-types/new")
@require("storage.edit")
def new_container_type() -> str:
    """Show the form of a new type, filled from another where one is named."""
    like = request.args.get("like", "")
    if not like:
        return _form(Typed({"kind": "box", "word": "box"}))
    found = queries.container_type(g.session, g.actor, "storage.edit", like)
    return _form(Typed({**_typed(found), "code": "", "version": ""}))


@pages.post("/container-types/new")
@require("storage.edit")
def add_container_type() -> Page:
    """Add a type of the organisation's own."""
    try:
        form = TypeForm.read(request.form)
        if not form.code:
            raise Invalid(
                Refusal("no_code", N_("A code is missing. Scan it or type it.")), field="code"
            )
        org_id = queries.own_org(g.session, g.actor, "storage.edit")
        made = storage.add_type(
            g.session, g.actor, org_id, form.code, facts_of(form), at=g.clock.now()
        )
    except REFUSED as refused:
        return _form(typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added.", code=made.code))
    return redirect(url_for("storage.container_type", code=made.code))


def facts_of(form: TypeForm) -> storage.TypeFacts:
    """Return what the form says of a type."""
    assert form.shape is not None
    return storage.TypeFacts(
        name=form.name,
        kind=form.kind,
        word=form.word,
        shape=form.shape,
        heights_mm=form.heights_mm(form.shape),
        size_class=form.size_class,
        size_classes=form.size_classes(form.shape, form.code or form.name),
        mobile=form.mobile,
    )


@pages.get("/container-types/<code>")
@require("storage.read")
def container_type(code: str) -> str:
    """Show one type: its positions as they are drawn and written."""
    found = queries.container_type(g.session, g.actor, "storage.read", code)
    return render_template(
        "storage/container_type.html",
        type=found,
        own=isinstance(found, ContainerType),
        outline=drawing.outline(found.shape),
        cells=drawing.blockable(found.shape, {}),
        words=WORDS,
        kinds=KIND_WORDS,
        heights=_heights(found),
        may_edit=g.actor.may("storage.edit"),
    )


def _heights(found: AnyType) -> str:
    heights = found.heights_mm
    numbers = heights_of(heights) if isinstance(heights, str) else heights
    return ", ".join(f"{one:g}" for one in numbers)


@pages.get("/container-types/<code>/edit")
@require("storage.edit")
def edit_container_type_form(code: str) -> str:
    """Show the form of a type of the organisation's own."""
    found = _own(code)
    return _form(Typed(_typed(found)), found=found)


@pages.post("/container-types/<code>/edit")
@require("storage.edit")
def edit_container_type(code: str) -> Page:
    """Change a type; what was made from it stays as it is."""
    found = _own(code)
    try:
        form = TypeForm.read(request.form)
        if form.version is not None and form.version != found.version:
            facts = {"found": form.version, "expected": found.version}
            raise Conflict(Refusal("stale", etag.STALE, facts))
        storage.edit_type(g.session, g.actor, found, facts_of(form), at=g.clock.now())
    except REFUSED as refused:
        return _form(typed_of(request.form), refused, found), 422
    notices.tell(gettext("%(code)s has been changed.", code=found.code))
    return redirect(url_for("storage.container_type", code=found.code))


@pages.post("/container-types/<code>/blocked")
@require("storage.edit")
def block_positions_of_type(code: str) -> Response:
    """Let exactly the ticked positions be blocked in what is made from the type."""
    found = _own(code)
    shape = replace(found.shape, blocked=frozenset(ticked(request.form.getlist("blocked"))))
    facts = storage.TypeFacts(
        name=found.name, kind=found.kind, word=found.word, shape=shape, heights_mm=list(heights_of(found.heights_mm)),
        size_class=found.size_class, size_classes=dict(sizes_of(found.size_classes)), mobile=found.mobile,
    )  # fmt: skip
    storage.edit_type(g.session, g.actor, found, facts, at=g.clock.now())
    notices.tell(gettext("%(code)s has been changed.", code=found.code))
    return redirect(url_for("storage.container_type", code=found.code))


@pages.post("/container-types/<code>/retire")
@require("storage.edit")
def retire_container_type(code: str) -> Response:
    """Offer a type no longer, or again."""
    found = _own(code)
    if found.retired_at is None:
        storage.retire_type(g.session, g.actor, found, at=g.clock.now())
        notices.tell(gettext("%(code)s is offered no longer.", code=found.code))
    else:
        storage.bring_back_type(g.session, g.actor, found, at=g.clock.now())
        notices.tell(gettext("%(code)s is offered again.", code=found.code))
    return redirect(url_for("storage.container_type", code=found.code))


def _own(code: str) -> ContainerType:
    return refuse_built_in_type(queries.container_type(g.session, g.actor, "storage.edit", code))


def _typed(found: AnyType) -> dict[str, object]:
    sizes = found.size_classes
    by_ordinal = sizes_of(sizes) if isinstance(sizes, str) else sizes
    lines = [
        f"{word}: {found.shape.label(int(one)) if one else '*'}" for one, word in by_ordinal.items()
    ]
    return {
        "code": found.code,
        "name": gettext(found.name),
        "kind": found.kind,
        "word": found.word,
        "mobile": found.mobile,
        "version": found.version if isinstance(found, ContainerType) else "",
        "heights": _heights(found),
        "size_class": found.size_class,
        "sizes": "\n".join(lines),
        **typed_shape(found.shape),
    }


def _form(
    typed: Typed, refused: CryokeepError | None = None, found: ContainerType | None = None
) -> str:
    return render_template(
        "storage/container_type_form.html",
        found=found,
        typed=typed,
        words=[(one, gettext(word)) for one, word in WORDS.items()],
        kinds=[(one, gettext(word)) for one, word in KIND_WORDS.items()],
        choices=shape_choices(),
        errors=errors_of(refused) if refused else {},
    )
