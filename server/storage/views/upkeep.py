"""The page on which a freezer, rack or box is edited, limited and retired."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.catalogue.rules import TIERS
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container
from server.storage.rules.limits import Limit
from server.storage.rules.times import moment_of, not_a_moment
from server.storage.sizes import heights_of, sizes_of
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.container_forms import (
    DescribeForm,
    LimitsForm,
    MeasuresForm,
    ReshapeForm,
    RetireForm,
    StandForm,
    shape_choices,
    ticked,
    typed_shape,
)
from server.storage.views.containers import options_of
from server.storage.views.limit_words import limit_rows

CODES = ("sample_type", "project", "container_type")
REFUSED = (Invalid, Conflict, NotFound)
Page = Response | tuple[str, int]


@pages.get("/containers/<code>/edit")
@require("storage.edit")
def edit_container(code: str) -> str:
    """Show all that can be changed of a container."""
    return _page(_found(code))


def _found(code: str) -> Container:
    return queries.container(g.session, g.actor, "storage.edit", code)


def _page(
    found: Container,
    part: str = "",
    typed: Typed | None = None,
    refused: CryokeepError | None = None,
) -> str:
    """Draw the page; one part of it keeps what was typed and says why it was refused."""
    taken = queries.occupants(g.session, found)
    chosen = ticked(request.form.getlist("blocked")) if part == "blocked" else None
    return render_template(
        "storage/edit_container.html",
        container=found,
        steps=drawing.steps(queries.path_of(g.session, found)),
        limits=_outer(found),
        limit_rows=limit_rows,
        places=queries.places(g.session, g.actor, "storage.edit"),
        choices=shape_choices(),
        tiers=TIERS,
        part=part,
        present=_present(found),
        typed=typed,
        errors=_errors(refused),
        cells=drawing.blockable(found.shape, taken, chosen),
        empty=not taken,
    )


def _outer(found: Container) -> list[Limit]:
    limits = queries.limits_of(g.session, [found.id])[found.id]
    return [one for one in limits if not one.direct]


def _errors(refused: CryokeepError | None) -> dict[str, Refusal]:
    return errors_of(refused) if refused else {}


def _present(found: Container) -> Typed:
    """Return what the fields show before anything is typed."""
    shape = found.shape
    sizes: dict[str, list[str]] = {}
    for ordinal, word in sizes_of(found.size_classes).items():
        sizes.setdefault(word, []).append(shape.written(int(ordinal)) if ordinal else "*")
    lines = [f"{word}: {place}" for word, places in sizes.items() for place in _lines(places)]
    own = queries.own_limits(g.session, found)
    return Typed(
        {
            **typed_shape(shape),
            "layout": "",
            "blocked": ", ".join(shape.label(one) for one in sorted(shape.blocked)),
            "heights": ", ".join(f"{height:g}" for height in heights_of(found.heights_mm)),
            "size_class": found.size_class,
            "sizes": "\n".join(lines),
            "name": found.name,
            "barcode": found.barcode or "",
            "model": found.model,
            "room": found.room_id,
            "circuit": found.power_circuit_id or "",
            "supply": found.nitrogen_supply_id or "",
            "tier": own.get("tier", []),
            **{name: ", ".join(own.get(name, ())) for name in CODES},
            "quarantine": next(iter(own.get("quarantine", ())), ""),
        }
    )


def _lines(places: list[str]) -> list[str]:
    named = [place for place in places if place != "*"]
    return [*([", ".join(named)] if named else []), *(["*"] if "*" in places else [])]


@pages.post("/containers/<code>/describe")
@require("storage.edit")
def describe_container(code: str) -> Page:
    """Change name, barcode and model."""

    def act(found: Container) -> None:
        form = DescribeForm.read(request.form)
        storage.describe(
            g.session,
            g.actor,
            found,
            name=form.name,
            barcode=form.barcode,
            model=form.model,
            at=g.clock.now(),
        )

    return _change(code, "describe", act)


@pages.post("/containers/<code>/shape")
@require("storage.edit")
def reshape_container(code: str) -> Page:
    """Change rows, columns, words and blocked positions; nothing in it moves."""

    def act(found: Container) -> None:
        form = ReshapeForm.read(request.form)
        shape = form.wanted(found)
        storage.reshape(g.session, g.actor, found, shape, at=g.clock.now())

    return _change(code, "shape", act)


@pages.post("/containers/<code>/blocked")
@require("storage.edit")
def block_positions(code: str) -> Page:
    """Let exactly the ticked positions be blocked; refused where something is in one of them."""

    def act(found: Container) -> None:
        chosen = ticked(request.form.getlist("blocked"))
        storage.block(g.session, g.actor, found, chosen, at=g.clock.now())

    return _change(code, "blocked", act)


@pages.post("/containers/<code>/measures")
@require("storage.edit")
def measure_container(code: str) -> Page:
    """Change heights of rows and sizes of positions."""

    def act(found: Container) -> None:
        form = MeasuresForm.read(request.form)
        storage.measure(
            g.session,
            g.actor,
            found,
            heights_mm=form.heights_mm(found.shape),
            size_class=form.size_class,
            size_classes=form.size_classes(found.shape, found.code),
            at=g.clock.now(),
        )

    return _change(code, "measures", act)


@pages.post("/containers/<code>/stand")
@require("storage.edit")
def stand_freezer(code: str) -> Page:
    """Let a freezer stand in another room, or on another circuit or supply."""

    def act(found: Container) -> None:
        places = queries.places(g.session, g.actor, "storage.edit")
        form = StandForm.read(request.form, options_of(places))
        storage.move_freezer(
            g.session,
            g.actor,
            found,
            places.room(form.room),
            power_circuit=places.circuit(form.circuit),
            nitrogen_supply=places.supply(form.supply),
            at=g.clock.now(),
            happened_at=_happened(form.happened_at, found),
        )

    return _change(code, "stand", act, "freezer")


def _happened(typed: str, freezer: Container) -> datetime | None:
    """Return the moment that was typed as a time of the freezer's site, None for none."""
    if not typed.strip():
        return None
    zone = queries.path_of(g.session, freezer).time_zone
    if (moment := moment_of(typed, zone)) is None:
        raise Invalid(not_a_moment(typed), field="happened_at")
    return moment


@pages.post("/containers/<code>/limits")
@require("storage.edit")
def limit_container(code: str) -> Page:
    """Change what may go into it; refused with the list of what is in it and would not be allowed."""

    def act(found: Container) -> None:
        form = LimitsForm.read(request.form)
        storage.limit(g.session, g.actor, found, form.wanted, at=g.clock.now())

    return _change(code, "limits", act)


def _change(code: str, part: str, act: Callable[[Container], None], *kinds: str) -> Page:
    found = queries.container(g.session, g.actor, "storage.edit", code, *kinds)
    try:
        act(found)
    except REFUSED as refused:
        g.session.rollback()
        return _page(_found(code), part, typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been changed.", code=found.code))
    return redirect(url_for("storage.edit_container", code=found.code) + f"#{part}")


@pages.get("/containers/<code>/retire")
@require("storage.edit")
def retire_form(code: str) -> str:
    """Ask why a container is retired."""
    return _retire_page(_found(code), Typed())


@pages.post("/containers/<code>/retire")
@require("storage.edit")
def retire_container(code: str) -> Page:
    """Close an empty container for good."""
    found = _found(code)
    try:
        form = RetireForm.read(request.form)
        storage.retire_container(g.session, g.actor, found, reason=form.reason, at=g.clock.now())
    except REFUSED as refused:
        return _retire_page(found, typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been retired.", code=found.code))
    return redirect(url_for(drawing.PAGES[found.kind], code=found.code))


def _retire_page(found: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    facts: dict[str, Any] = {"steps": drawing.steps(queries.path_of(g.session, found))}
    return render_template(
        "storage/retire_container.html",
        container=found,
        typed=typed,
        errors=_errors(refused),
        **facts,
    )
