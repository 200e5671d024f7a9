"""What can be done with the vials that were chosen in the list: a table that higher features add to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Invalid, NotFound, Refusal
from server.core.words import N_, N_n
from server.genealogy.rules import CAUSES
from server.kit import notices
from server.kit.door import require
from server.kit.filters import site_zone
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.parties.models import Project
from server.storage import queries
from server.storage.models import FieldDefinition, Vial
from server.storage.queries import vial_list
from server.storage.rules import vial_filters
from server.storage.service import many
from server.storage.service.many import MOST_AT_ONCE
from server.storage.views import exporting
from server.storage.views.blueprints import pages

Page = Response | str | tuple[str, int]
Does = Callable[[Sequence[Vial]], Response]
NO_ACT = N_("“%(found)s” is not something that can be done with many vials.")


@dataclass(frozen=True)
class Act:
    """One thing to do: its word, who may, the fields that it asks for (a template), and what it does."""

    name: str
    label: str
    permission: str
    template: str
    does: Does
    facts: Callable[[], dict[str, Any]] = dict


_ACTS: dict[str, Act] = {}


def offer(act: Act) -> None:
    """Let chosen vials be treated so."""
    _ACTS[act.name] = act


def offered(actor: Actor) -> list[Act]:
    """Return what this actor may do somewhere."""
    return [act for act in _ACTS.values() if actor.may(act.permission)]


def fields(session: Session, actor: Actor) -> list[FieldDefinition]:
    """Return the custom fields of vials and lots by which the list can be narrowed."""
    wanted = select(FieldDefinition).where(
        FieldDefinition.subject.in_(("vial", "lot")), FieldDefinition.retired_at.is_(None)
    )
    wanted = visible(wanted, actor, "storage.read", FieldDefinition.org_id)
    return list(session.scalars(wanted.order_by(FieldDefinition.place, FieldDefinition.code)))


@pages.post("/vials/act")
@require("storage.read")
def choose_act() -> Page:
    """Ask what the act needs to know; nothing is changed yet."""
    if request.form.get("act") in ("csv", "xlsx"):
        return exporting.sheet(request.form["act"], _wanted(), _codes())
    return _ask(_act(request.form.get("act", "")), Typed())


@pages.post("/vials/act/<name>")
@require("storage.read")
def act_on(name: str) -> Page:
    """Do it with all that were chosen or with none; many thousands go step by step, each of them whole."""
    act = _act(name)
    try:
        step = _step()
        if refusals := _why_not(step):
            raise AllRefused(refusals)
        chosen = many.chosen_vials(g.session, g.actor, act.permission, step.ids)
        answer = act.does(chosen)
    except (Invalid, Conflict, NotFound) as refused:
        g.session.rollback()
        return _ask(act, typed_of(request.form), errors_of(refused)), 422
    if step.count <= len(step.ids):
        return answer
    return _ask(act, typed_of(request.form), onward=step)


@dataclass(frozen=True)
class Step:
    """What is acted on now: the first thousand, by code, of those that are left."""

    found: Sequence[tuple[int, str]]
    """(id, code)"""
    count: int
    """How many are left with these, counted to a cap."""
    missing: Sequence[str] = ()
    """Ticked codes that are no vial's to see (any more)."""
    done: int = 0

    @property
    def ids(self) -> list[int]:
        """Return the ids of those that are acted on."""
        return [number for number, _code in self.found]


def _why_not(step: Step) -> list[Refusal]:
    """Return why the act cannot be done with these: none, gone, or others than were shown."""
    if step.missing:
        because = N_("No vial has the code %(vial)s.")
        return [Refusal("no_such_vial", because, {"vial": code}) for code in step.missing]
    shown = request.form.get("count", type=int)
    if refusal := vial_filters.why_not_act_on(step.count, shown):
        return [refusal]
    return []


def _ask(act: Act, typed: Typed, errors: Any = None, onward: Step | None = None) -> str:  # noqa: ANN401  refusals by field
    step = _step(onward)
    return render_template(
        "storage/vials_act.html", act=act, typed=typed, errors=errors or {}, codes=_codes(),
        every=_every(), written=_wanted().written(), step=step, counted_to=vial_list.COUNTED,
        some=[code for _id, code in step.found[:12]], after=_after(onward),
        refusal=vial_filters.why_not_act_on(step.count, None), **act.facts(),
    )  # fmt: skip


def _act(name: str) -> Act:
    act = _ACTS.get(name)
    if act is None or not g.actor.may(act.permission):
        raise NotFound(Refusal("no_such_act", NO_ACT, {"found": name}))
    return act


def _wanted() -> vial_filters.VialFilter:
    """Return the filter of the list; refused where a part cannot be read, for all else would fit more."""
    written = request.form.get("wanted", "")
    if len(written) > vial_filters.LONGEST_WANTED:
        because = N_("This filter is too long; narrow the list by fewer words.")
        raise Invalid(Refusal("long_filter", because))
    wanted, errors = vial_filters.read(parse_qsl(written))
    if refusal := next(iter(errors.values()), None):
        raise Invalid(refusal)
    return wanted


def _every() -> bool:
    return request.form.get("every") == "yes"


def _codes() -> list[str]:
    return [] if _every() else request.form.getlist("vial")[:MOST_AT_ONCE]


def _after(onward: Step | None) -> str:
    """Return the code after which this step begins."""
    return onward.found[-1][1] if onward else request.form.get("after", "")


def _step(onward: Step | None = None) -> Step:
    """Return what is acted on now, or after the step `onward` has been done."""
    codes = _codes()
    done = onward.done + len(onward.found) if onward else request.form.get("done", 0, type=int)
    if not codes and not _every():
        return Step([], 0)
    conditions = (
        [Vial.code.in_(codes)] if codes
        else vial_list.narrowed(g.session, g.actor, _wanted(), site_zone())
    )  # fmt: skip
    if _every() and (after := _after(onward)):
        conditions = [*conditions, Vial.code > after]
    query = vial_list.base(g.actor, conditions)
    rows = g.session.execute(
        query.with_only_columns(Vial.id, Vial.code).order_by(Vial.code).limit(MOST_AT_ONCE)
    )
    found = [(row[0], row[1]) for row in rows]
    missing = [] if _every() else sorted(set(codes) - {code for _id, code in found})
    count = vial_list.counted(g.session, query) if len(found) == MOST_AT_ONCE else len(found)
    return Step(found, count, missing, done)


def _done(sentence: str, **facts: object) -> Response:
    notices.tell(gettext(sentence, **facts))
    return redirect(url_for("storage.vials") + "?" + _wanted().written())


def _move(chosen: Sequence[Vial]) -> Response:
    code = request.form.get("box", "").strip()
    box = queries.container(g.session, g.actor, "storage.move", code, "box")
    many.move_into(g.session, g.actor, chosen, box, at=g.clock.now())
    return _done(
        N_n("1 vial is in %(box)s now.", "%(count)s vials are in %(box)s now.", "count"),
        count=len(chosen),
        box=box.code,
    )


def _hold(chosen: Sequence[Vial]) -> Response:
    cause, note = request.form.get("cause", ""), request.form.get("note", "")
    many.hold_all(g.session, g.actor, chosen, cause, note, at=g.clock.now())
    return _done(
        N_n("A hold was laid on 1 vial.", "A hold was laid on each of %(count)s vials.", "count"),
        count=len(chosen),
    )


def _give(chosen: Sequence[Vial]) -> Response:
    project = project_of(request.form.get("project", ""))
    changed = many.give_to_project(g.session, g.actor, chosen, project, at=g.clock.now())
    return _done(
        N_n(
            "1 vial was given to another project.",
            "%(count)s vials were given to another project.",
            "count",
        ),
        count=changed,
    )


def project_of(code: str) -> Project | None:
    """Return the project that vials are given to, None for none; refused where there is none of this code."""
    project = next((one for one in _projects() if one.code == code), None)
    if code and project is None:
        because = N_("There is no project with the code %(code)s.")
        raise Invalid(Refusal("no_such_project", because, {"code": code}), field="project")
    return project


def _projects() -> list[Project]:
    wanted = select(Project).where(Project.active).order_by(Project.code)
    return list(g.session.scalars(visible(wanted, g.actor, "storage.read", Project.org_id)))


offer(Act("move", N_("Move into a box"), "storage.move", "storage/acts/move.html", _move))
offer(
    Act(
        "hold", N_("Lay a hold"), "holds.manage", "storage/acts/hold.html", _hold,
        lambda: {"causes": list(CAUSES.items())},
    )
)  # fmt: skip
offer(
    Act(
        "project", N_("Give to a project"), "storage.edit", "storage/acts/project.html", _give,
        lambda: {"projects": _projects()},
    )
)  # fmt: skip
