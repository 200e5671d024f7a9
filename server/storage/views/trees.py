"""A tree of containers in one go: its form with a preview, and how far it has come."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_, facts_said
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.rules.trees import Planned
from server.storage.service import trees
from server.storage.service.trees import LevelWanted
from server.storage.views import drawing
from server.storage.views.blueprints import pages
from server.storage.views.containers import type_choices

REFUSED = (Invalid, Conflict, NotFound)
Page = Response | tuple[str, int] | str
LEVELS = (1, 2, 3, 4, 5)
SHOWN_LEVELS = 3
"""The others stand under “More levels”."""
SHOWN = 4


class TreeForm(Form):
    """A container, and up to five levels of what is made in it: more never stand in one another."""

    into: str = forms.code()
    type_1: str = forms.code()
    pattern_1: str = forms.text(most=60)
    count_1: int | None = forms.whole(least=1, most=trees.AT_ONCE, required=False)
    type_2: str = forms.code(required=False)
    pattern_2: str = forms.text(required=False, most=60)
    count_2: int | None = forms.whole(least=1, most=trees.AT_ONCE, required=False)
    type_3: str = forms.code(required=False)
    pattern_3: str = forms.text(required=False, most=60)
    count_3: int | None = forms.whole(least=1, most=trees.AT_ONCE, required=False)
    type_4: str = forms.code(required=False)
    pattern_4: str = forms.text(required=False, most=60)
    count_4: int | None = forms.whole(least=1, most=trees.AT_ONCE, required=False)
    type_5: str = forms.code(required=False)
    pattern_5: str = forms.text(required=False, most=60)
    count_5: int | None = forms.whole(least=1, most=trees.AT_ONCE, required=False)
    act: str = forms.choice(("preview", "make"))

    def quarrels(self) -> Mapping[str, Refusal]:
        """Refuse a level below one that is left out: nothing that was typed is passed over."""
        named = [level for level in LEVELS if getattr(self, f"type_{level}")]
        gap = next((level for level in LEVELS[: max(named, default=0)] if level not in named), None)
        if gap is None:
            return {}
        because = N_("Choose what goes in here, or leave out what stands below it.")
        return {f"type_{gap}": Refusal("no_level", because)}

    def wanted(self) -> list[LevelWanted]:
        """Return the levels down to the first that names no type."""
        found = []
        for level in LEVELS:
            code = getattr(self, f"type_{level}")
            if not code:
                break
            of = queries.container_type(g.session, g.actor, "storage.edit", code, "rack", "box")
            pattern = getattr(self, f"pattern_{level}") or "{parent}-{n:2}"
            found.append(LevelWanted(of, pattern, getattr(self, f"count_{level}") or 0))
        return found


@dataclass(frozen=True)
class Shown:
    """One level of a preview: how many, and the first and last codes."""

    type: str
    count: int
    first: list[str]
    last: str


@pages.get("/trees/new")
@require("storage.edit")
def new_tree() -> str:
    """Show the empty form of a tree."""
    usual = {
        "into": request.args.get("into", ""),
        "type_1": "RACK-10",
        "pattern_1": "{parent}-R{n:2}",
        "type_2": "BOX-9X9",
        "pattern_2": "{parent}-B{n:2}",
    }
    return _form(Typed(usual))


@pages.post("/trees/new")
@require("storage.edit")
def add_tree() -> Page:
    """Show what would be made, or make it."""
    try:
        form = TreeForm.read(request.form)
        root = queries.container(g.session, g.actor, "storage.edit", form.into, "freezer", "rack")
        wanted = form.wanted()
        if form.act == "preview":
            planned = trees.planned_tree(g.session, root, wanted)
            return _form(typed_of(request.form), shown=_shown(planned, wanted))
        tree = trees.begin_tree(g.session, g.actor, root, wanted, at=g.clock.now())
    except REFUSED as refused:
        return _form(typed_of(request.form), refused), 422
    return redirect(url_for("storage.tree", tree_id=tree.id))


def _shown(planned: list[Planned], wanted: list[LevelWanted]) -> list[Shown]:
    by_level = groupby(sorted(planned, key=lambda one: one.level), key=lambda one: one.level)
    return [
        Shown(wanted[level].type.code, len(codes), codes[:SHOWN], codes[-1])
        for level, some in by_level
        if (codes := [one.code for one in some])
    ]


def _form(
    typed: Typed, refused: CryokeepError | None = None, shown: list[Shown] | None = None
) -> str:
    return render_template(
        "storage/tree_form.html",
        typed=typed,
        types=type_choices("rack", "box"),
        levels=LEVELS,
        shown_levels=SHOWN_LEVELS,
        shown=shown or [],
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/trees/<int:tree_id>")
@require("storage.edit")
def tree(tree_id: int) -> str:
    """Show how far a tree has come."""
    found = queries.container_tree(g.session, g.actor, "storage.edit", tree_id)
    trouble = json.loads(found.trouble) if found.trouble else None
    return render_template(
        "storage/tree.html",
        tree=found,
        root=found.root,
        steps=drawing.steps(queries.path_of(g.session, found.root)),
        page=drawing.PAGES[found.root.kind],
        trouble=Refusal(**{**trouble, "facts": facts_said(trouble["facts"])}) if trouble else None,
    )


@pages.post("/trees/<int:tree_id>/go-on")
@require("storage.edit")
def go_on_with_tree(tree_id: int) -> Response:
    """Make the next slice of a tree now; the worker makes the others."""
    found = queries.container_tree(g.session, g.actor, "storage.edit", tree_id)
    trees.make_slice(g.session, g.actor, found, at=g.clock.now())
    return redirect(url_for("storage.tree", tree_id=tree_id))


@pages.post("/trees/<int:tree_id>/take-back")
@require("storage.edit")
def take_back_tree(tree_id: int) -> Response:
    """Retire what was made of a tree, where nothing is in it yet."""
    found = queries.container_tree(g.session, g.actor, "storage.edit", tree_id)
    left = trees.take_back(g.session, g.actor, found, at=g.clock.now())
    if not left:
        notices.tell(gettext("All of it has been taken back."))
    return redirect(url_for("storage.tree", tree_id=tree_id))
