"""Audits of positions: how much of each freezer was checked, a sample drawn, each position looked at."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.handling.models import AuditedPosition, PositionAudit
from server.handling.queries import audits as queries
from server.handling.queries import discrepancies as differing
from server.handling.rules.stocktakes import HOW_WORDS
from server.handling.service import audits
from server.handling.views.audit_forms import AgainForm, CheckForm, DrawForm, TargetForm
from server.handling.views.blueprints import pages
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage.queries import box_contents, container, path_of
from server.storage.views import drawing

WORK = "storage.move"
RULES = "storage.policy"
MISTAKES = (Invalid, Conflict, NotFound)
NO_TUBE = Refusal("no_tube", N_("Scan the tube, or say that it cannot be read."))
NOT_OF_IT = Refusal("not_of_it", N_("This position is not one of this audit."))
A_WALK = 50


@pages.get("/position-audits")
@require("storage.read")
def position_audits() -> str:
    """Show what was audited of each freezer within a year, and the audits."""
    return render_template(
        "handling/audits.html",
        rows=queries.coverage(g.session, g.actor, g.clock.now()),
        audits=queries.audits(g.session, g.actor),
        a_walk=A_WALK,
    )


@pages.get("/position-audits/new")
@require(WORK)
def new_position_audit() -> str:
    """Ask how many positions of which freezer are drawn."""
    asked = {name: request.args.get(name, "") for name in ("freezer", "wanted")}
    return _new(Typed(asked))


@pages.post("/position-audits/new")
@require(WORK)
def draw_position_audit() -> Response | tuple[str, int]:
    """Draw a sample."""
    try:
        form = DrawForm.read(request.form)
        freezer = container(g.session, g.actor, WORK, form.freezer)
        made = audits.draw(g.session, g.actor, freezer, form.wanted, form.seed, at=g.clock.now())
    except MISTAKES as refused:
        g.session.rollback()
        return _new(typed_of(request.form), refused), 422
    return redirect(url_for("handling.position_audit", code=made.code))


def _new(typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    return render_template("handling/new_audit.html", typed=typed, errors=errors)


@pages.get("/position-audits/<code>")
@require("storage.read")
def position_audit(code: str) -> str:
    """Show the next position of an audit, its box, and what was found so far."""
    return _page(queries.position_audit(g.session, g.actor, "storage.read", code))


def _page(made: PositionAudit, refused: CryokeepError | None = None) -> str:
    lines = queries.lines_of(g.session, made)
    waiting = [line for line in lines if line.state == "waiting"]
    line = waiting[0] if waiting and made.state == "open" else None
    return render_template(
        "handling/audit.html",
        made=made,
        lines=lines,
        waiting=waiting,
        line=line,
        steps=drawing.steps(path_of(g.session, line.box)) if line else [],
        cells=_cells(line) if line else [],
        accuracy=queries.accuracy_of(lines),
        differing=differing.of_source(g.session, queries.KIND, made.id),
        how_words=HOW_WORDS,
        may_work=g.actor.may(WORK, made.org_id),
        errors=errors_of(refused) if refused else {},
        done=request.args.get("done", ""),
    )


def _cells(line: AuditedPosition) -> list[drawing.Cell]:
    """Return the box with the position marked and not a word of what should be in it."""
    label = line.box.shape.label(line.ordinal)
    drawn = drawing.cells(line.box, box_contents(g.session, line.box), None)
    blind = [
        {"label": cell["label"], "say": cell["label"], "marks": []} if cell["label"] else cell
        for cell in drawn
    ]
    return [cell | {"marks": ["this"]} if cell["label"] == label else cell for cell in blind]


@pages.post("/position-audits/<code>/check")
@require(WORK)
def check_position(code: str) -> Response | tuple[str, int]:
    """Write down what is at a position."""
    made = queries.position_audit(g.session, g.actor, WORK, code)
    try:
        form = CheckForm.read(request.form)
        if form.seen == "tube" and not form.tube:
            raise Invalid(NO_TUBE, field="tube")
        line = _line(made, form.position)
        tube, unread = form.tube if form.seen == "tube" else "", form.seen == "unread"
        audits.check(g.session, g.actor, made, line, tube, unread=unread, at=g.clock.now())
    except MISTAKES as refused:
        g.session.rollback()
        with g.reader() as session:
            g.session = session
            return _page(queries.position_audit(session, g.actor, WORK, code), refused), 422
    label = f"{line.box.code} {line.box.shape.label(line.ordinal)}"
    return redirect(url_for("handling.position_audit", code=made.code, done=label), 303)


@pages.post("/position-audits/<code>/again")
@require(WORK)
def look_again(code: str) -> Response:
    """Let a position be looked at once more."""
    made = queries.position_audit(g.session, g.actor, WORK, code)
    line = _line(made, AgainForm.read(request.form).position)
    audits.look_again(g.session, g.actor, made, line, at=g.clock.now())
    label = f"{line.box.code} {line.box.shape.label(line.ordinal)}"
    notices.tell(gettext("%(position)s is looked at again.", position=label))
    return redirect(url_for("handling.position_audit", code=made.code), 303)


def _line(made: PositionAudit, number: int) -> AuditedPosition:
    found: AuditedPosition | None = g.session.get(AuditedPosition, number)
    if found is None or found.audit_id != made.id:
        raise NotFound(NOT_OF_IT)
    return found


@pages.post("/position-audits/<code>/close")
@require(WORK)
def close_position_audit(code: str) -> Response:
    """Close an audit; positions that were not looked at are left."""
    made = queries.position_audit(g.session, g.actor, WORK, code)
    left = audits.close_audit(g.session, g.actor, made, at=g.clock.now())
    notices.tell(gettext("The audit is closed. Positions left: %(count)s.", count=left))
    return redirect(url_for("handling.position_audit", code=made.code), 303)


@pages.get("/position-audits/targets/<freezer>")
@require(RULES)
def coverage_target(freezer: str) -> str:
    """Ask how much of a freezer is to be audited in a year."""
    return _target(freezer)


@pages.post("/position-audits/targets/<freezer>")
@require(RULES)
def set_coverage_target(freezer: str) -> Response | tuple[str, int]:
    """Set how much of a freezer is to be audited in a year."""
    try:
        form = TargetForm.read(request.form)
    except Invalid as refused:
        return _target(freezer, typed_of(request.form), refused), 422
    found = container(g.session, g.actor, RULES, freezer, "freezer")
    audits.set_target(g.session, g.actor, found, form.percent, at=g.clock.now())
    notices.tell(gettext("The target of %(freezer)s has been saved.", freezer=found.code))
    return redirect(url_for("handling.position_audits"))


def _target(freezer: str, typed: Typed | None = None, refused: CryokeepError | None = None) -> str:
    found = container(g.session, g.actor, RULES, freezer, "freezer")
    (row,) = queries.covered(g.session, [found], g.clock.now())
    return render_template(
        "handling/target.html",
        row=row,
        typed=typed or Typed({"percent": row.percent}),
        errors=errors_of(refused) if refused else {},
    )
