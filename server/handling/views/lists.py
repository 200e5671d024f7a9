"""Work lists: made, walked tube by tube with every tube scanned, printed, closed."""

from collections.abc import Sequence

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound
from server.core.words import N_n
from server.genealogy.rules import CAUSES
from server.handling.models import WorkList
from server.handling.queries import picks as queries
from server.handling.queries.picks import Tube
from server.handling.rules.routes import Times, openings
from server.handling.service import picks, putting
from server.handling.views.blueprints import pages
from server.handling.views.list_forms import NewListForm, PutForm, TimesForm, TubeForm
from server.kit import notices
from server.kit.door import require
from server.kit.form_codes import lines_of
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage.models import Container
from server.storage.queries import box_contents, container, holds_on, own_org
from server.storage.rules.protection import USES
from server.storage.views import drawing

WORK = "storage.move"
MISTAKES = (Invalid, Conflict, NotFound)


@pages.get("/lists")
@require("storage.read")
def work_lists() -> str:
    """Show the lists, open ones first."""
    return render_template("handling/lists.html", rows=queries.work_lists(g.session, g.actor))


@pages.get("/lists/new")
@require(WORK)
def new_work_list() -> str:
    """Ask which tubes a new list has."""
    asked = {name: request.args.get(name, "") for name in ("kind", "codes", "title")}
    return _new(Typed({**asked, "kind": asked["kind"] or "pick", "policy": "together"}))


@pages.post("/lists/new")
@require(WORK)
def make_work_list() -> Response | tuple[str, int]:
    """Make a list; refused with every reason where one tube cannot be on it."""
    try:
        form = NewListForm.read(request.form)
        made = _make(form)
    except MISTAKES as refused:
        g.session.rollback()
        return _new(typed_of(request.form), refused), 422
    return redirect(url_for("handling.work_list", code=made.code))


def _make(form: NewListForm) -> WorkList:
    at, title = (
        g.clock.now(),
        form.title or gettext(N_n("1 tube", "%(count)s tubes", "count"), count=len(form.lines)),
    )
    if form.kind == "pick":
        org_id = own_org(g.session, g.actor, WORK)
        return picks.make_pick_list(
            g.session, g.actor, org_id, form.lines, title, use=form.use, at=at
        )
    policy, freezers = form.policy or "together", lines_of(form.freezers)
    plan = plan_put_away(form.lines, policy, freezers)
    return putting.make_put_away(g.session, g.actor, plan, title, at=at)


def plan_put_away(codes: Sequence[str], policy: str, freezers: Sequence[str]) -> putting.Planned:
    """Suggest positions in a reading session: nobody who writes waits for it."""
    with g.reader() as session:
        org_id = own_org(session, g.actor, WORK)
        into = [container(session, g.actor, WORK, code, "freezer") for code in freezers]
        return putting.plan_put_away(session, g.actor, org_id, codes, policy, into)


def _new(typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    uses = [(name, gettext(word)) for name, word in USES.items()]
    return render_template("handling/new_list.html", typed=typed, errors=errors, uses=uses)


@pages.get("/lists/<code>")
@require("storage.read")
def work_list(code: str) -> str:
    """Show the next tube of the walk, its box, and the rest of the list."""
    return _page(queries.work_list(g.session, g.actor, "storage.read", code))


def _page(work: WorkList, refused: CryokeepError | None = None, typed: Typed | None = None) -> str:
    lines = queries.lines_of(g.session, work)
    waiting = queries.walk(g.session, [line for line in lines if line.state == "waiting"])
    tube = waiting[0] if waiting and work.state == "open" else None
    box = _box(tube)
    times = queries.times_of(g.session, work.org_id)
    return render_template(
        "handling/list.html",
        work=work,
        lines=lines,
        held=holds_on(g.session, [line.vial_id for line in lines]),
        causes=CAUSES,
        waiting=waiting,
        settled=[line for line in lines if line.state != "waiting"],
        next_tube=tube,
        box=box,
        cells=_cells(box, tube) if box and tube else [],
        steps=_steps(tube) if tube else [],
        openings=openings([each.stop for each in waiting], times),
        use=USES.get(work.use, ""),
        gone=tube is not None and picks.is_gone(work, tube.line),
        may_work=g.actor.may(WORK, work.org_id),
        typed=typed or Typed(),
        errors=errors_of(refused) if refused else {},
        picked=request.args.get("done", ""),
    )


def _box(tube: Tube | None) -> Container | None:
    if tube is None:
        return None
    if tube.line.container is not None:
        return tube.line.container
    return g.session.get(Container, tube.path.box_id) if tube.path.box_id else None


def _steps(tube: Tube) -> list[tuple[str, str, str]]:
    """Return the way to the tube, or (put away) to the position where it goes."""
    steps = [(kind, name, "") for kind, name, _ in drawing.steps(tube.path)]
    box, place = tube.line.container, tube.line.ordinal
    if box is not None and place is not None:
        steps.append(("position", box.shape.label(place), ""))
    return steps


def _cells(box: Container, tube: Tube) -> list[drawing.Cell]:
    """Return the box with the place of this tube marked, where it is or where it goes."""
    drawn = drawing.cells(box, box_contents(g.session, box), tube.line.vial)
    place = tube.line.ordinal if tube.line.container_id else tube.path.ordinal
    if place is None:
        return drawn
    label = box.shape.label(place)
    goes = gettext("%(place)s, %(vial)s", place=label, vial=tube.code)
    return [
        {"label": label, "say": goes, "marks": ["this"]} if cell["label"] == label else cell
        for cell in drawn
    ]


@pages.post("/lists/<code>/scan")
@require(WORK)
def scan_tube(code: str) -> Response | tuple[str, int]:
    """Take the scanned tube out; a wrong one is refused with both codes."""
    work = queries.work_list(g.session, g.actor, WORK, code)
    try:
        form = TubeForm.read(request.form)
        line = picks.pick_tube(g.session, g.actor, work, form.tube, at=g.clock.now())
    except MISTAKES as refused:
        return _again(work, refused)
    return _onwards(work, line.vial.code)


@pages.post("/lists/<code>/put")
@require(WORK)
def put_tube(code: str) -> Response | tuple[str, int]:
    """Put the scanned tube into the scanned box."""
    work = queries.work_list(g.session, g.actor, WORK, code)
    try:
        form = PutForm.read(request.form)
        box = container(g.session, g.actor, WORK, form.box, "box")
        line = putting.put_tube(
            g.session, g.actor, work, form.tube, box, form.position, elsewhere=form.elsewhere,
            at=g.clock.now(),
        )  # fmt: skip
    except MISTAKES as refused:
        return _again(work, refused)
    return _onwards(work, line.vial.code)


@pages.post("/lists/<code>/not-there")
@require(WORK)
def tube_not_there(code: str) -> Response | tuple[str, int]:
    """Record that the expected tube is missing."""
    work = queries.work_list(g.session, g.actor, WORK, code)
    try:
        form = TubeForm.read(request.form)
        line = picks.not_there(g.session, g.actor, work, form.tube, at=g.clock.now())
    except MISTAKES as refused:
        return _again(work, refused)
    if line.state == "missing":
        said = gettext("%(vial)s is recorded as missing.", vial=line.vial.code)
        notices.tell(said, state="warning")
    else:
        notices.tell(gettext("%(vial)s is left; its record stays as it is.", vial=line.vial.code))
    return redirect(url_for("handling.work_list", code=work.code), 303)


@pages.post("/lists/<code>/close")
@require(WORK)
def close_work_list(code: str) -> Response:
    """Close the list; what still waits is left where it is."""
    work = queries.work_list(g.session, g.actor, WORK, code)
    left = picks.close_list(g.session, g.actor, work, at=g.clock.now())
    notices.tell(gettext("The list is closed. Tubes left: %(count)s.", count=left))
    return redirect(url_for("handling.work_list", code=work.code), 303)


def _again(work: WorkList, refused: CryokeepError) -> tuple[str, int]:
    g.session.rollback()
    with g.reader() as session:
        g.session = session
        fresh = queries.work_list(session, g.actor, WORK, work.code)
        return _page(fresh, refused, typed_of(request.form)), 422


def _onwards(work: WorkList, done: str) -> Response:
    return redirect(url_for("handling.work_list", code=work.code, done=done), 303)


@pages.get("/lists/times")
@require("storage.edit")
def handling_times() -> str:
    """Ask how long each movement keeps a lid open."""
    times = queries.times_of(g.session, own_org(g.session, g.actor, "storage.edit"))
    return _times(Typed({name: f"{value:g}" for name, value in vars(times).items()}))


@pages.post("/lists/times")
@require("storage.edit")
def set_handling_times() -> Response | tuple[str, int]:
    """Set how long each movement keeps a lid open."""
    try:
        form = TimesForm.read(request.form)
    except Invalid as refused:
        return _times(typed_of(request.form), refused), 422
    org_id = own_org(g.session, g.actor, "storage.edit")
    times = Times(form.lid_s, form.rack_s, form.box_s, form.tube_s)
    picks.set_times(g.session, g.actor, org_id, times, at=g.clock.now())
    notices.tell(gettext("The times have been saved."))
    return redirect(url_for("handling.work_lists"))


def _times(typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    return render_template("handling/times.html", typed=typed, errors=errors)
