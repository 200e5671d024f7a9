"""Space that is kept for projects, and banks of which all vials would be lost at once."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from flask import g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import api as described
from server.kit import etag, forms, notices
from server.kit.api import Answer, Body, describes
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.kit.tasks import Task
from server.parties.models import Project
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container, SpaceReservation
from server.storage.queries.spread import NEWEST, banks, failure_domains
from server.storage.rules.spread import must_split, why_at_risk
from server.storage.service import space as service
from server.storage.views import drawing
from server.storage.views.blueprints import api, pages

REFUSED = (Invalid, Conflict, NotFound)
Page = Response | str | tuple[str, int]
DAY = timedelta(days=1)


class SpaceForm(Form):
    """For which project, which positions (all where none are named), and up to which day."""

    project: str = forms.code()
    first: str = forms.text(required=False, most=12)
    last: str = forms.text(required=False, most=12)
    until: datetime = forms.date()


@pages.get("/space/<code>")
@require("storage.read")
def space(code: str) -> str:
    """Show what is kept in a container, and for whom."""
    return _space(_container(code, "storage.read"), Typed())


@pages.post("/space/<code>")
@require("storage.edit")
def keep_space(code: str) -> Page:
    """Keep positions for a project until the end of a day."""
    found = _container(code, "storage.edit")
    try:
        form = SpaceForm.read(request.form)
        until = datetime.combine(form.until, time(), UTC) + DAY
        _keep(found, form.project, form.first, form.last, until)
    except REFUSED as refused:
        return _space(found, typed_of(request.form), refused), 422
    notices.tell(
        gettext("Space in %(box)s is kept for %(project)s.", box=code, project=form.project)
    )
    return redirect(url_for("storage.space", code=found.code))


@pages.post("/space/<int:number>/end")
@require("storage.edit")
def end_space(number: int) -> Response:
    """Give kept positions back to all."""
    kept = _kept(number)
    service.end_space(g.session, g.actor, kept, at=g.clock.now())
    notices.tell(gettext("The space is free for all again."))
    return redirect(url_for("storage.space", code=kept.container.code))


def _container(code: str, permission: str) -> Container:
    return queries.container(g.session, g.actor, permission, code)


def _kept(number: int) -> SpaceReservation:
    wanted = select(SpaceReservation).where(SpaceReservation.id == number)
    wanted = visible(wanted, g.actor, "storage.edit", SpaceReservation.org_id)
    found: SpaceReservation | None = g.session.scalars(wanted).first()
    if found is None:
        because = N_("No kept space has the number %(number)s.")
        raise NotFound(Refusal("no_such_space", because, {"number": number}))
    return found


def _keep(
    found: Container, project: str, first: str, last: str, until: datetime
) -> SpaceReservation:
    wanted = select(Project).where(Project.code == project, Project.org_id == found.org_id)
    for_project = g.session.scalars(wanted).first()
    if for_project is None:
        because = N_("No project has the code %(code)s.")
        raise Invalid(Refusal("no_such_project", because, {"code": project}), field="project")
    return service.reserve_space(
        g.session,
        g.actor,
        found,
        for_project,
        first=storage.position_in(g.session, found, first) if first else None,
        last=storage.position_in(g.session, found, last) if last else None,
        until=until,
        at=g.clock.now(),
    )


def _space(found: Container, typed: Typed, refused: CryokeepError | None = None) -> str:
    projects = select(Project).where(Project.org_id == found.org_id, Project.active.is_(True))
    kept = queries.spaces_of(g.session, found)
    above = queries.kept_spaces(g.session, [found.id], g.clock.now())[found.id]
    own = {one.id for one in kept}
    return render_template(
        "storage/space.html",
        box=found,
        back=url_for(drawing.PAGES[found.kind], code=found.code),
        steps=drawing.steps(queries.path_of(g.session, found)),
        kept=kept,
        above=[one for one in above if one.id not in own],
        projects=g.session.scalars(projects.order_by(Project.code)).all(),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


class Keep(Body):
    """Keep positions (all where none are named) for a project, by its code, until a moment."""

    project: str
    until: datetime
    first: str = ""
    last: str = ""


class SpaceOut(Answer):
    """Positions that are kept for a project."""

    id: int
    container: str
    project: str
    first: str | None
    last: str | None
    until: datetime
    ended_at: datetime | None
    version: int


class SpacesOut(Answer):
    """What is kept in a container itself."""

    items: list[SpaceOut]


def _out(kept: SpaceReservation) -> SpaceOut:
    shape = kept.container.shape
    return SpaceOut(
        id=kept.id,
        container=kept.container.code,
        project=kept.project.code,
        first=shape.label(kept.first_ordinal) if kept.first_ordinal else None,
        last=shape.label(kept.last_ordinal) if kept.last_ordinal else None,
        until=kept.until,
        ended_at=kept.ended_at,
        version=kept.version,
    )


@api.get("/containers/<code>/space")
@require("storage.read")
@describes("List what is kept in a container for projects", answers={200: SpacesOut})
def spaces_by_program(code: str) -> SpacesOut:
    """Answer what is kept."""
    found = _container(code, "storage.read")
    return SpacesOut(items=[_out(one) for one in queries.spaces_of(g.session, found)])


@api.post("/containers/<code>/space")
@require("storage.edit")
@describes("Keep positions for a project", body=Keep, answers={201: SpaceOut})
def keep_by_program(code: str) -> tuple[SpaceOut, int]:
    """Keep positions until a moment."""
    wanted = described.read(Keep)
    found = _container(code, "storage.edit")
    return _out(_keep(found, wanted.project, wanted.first, wanted.last, wanted.until)), 201


@api.post("/space/<int:number>/end")
@require("storage.edit")
@describes("Give kept positions back to all", answers={200: SpaceOut})
def end_by_program(number: int) -> SpaceOut:
    """End kept space; If-Match names its version."""
    kept = _kept(number)
    etag.check(kept.version)
    service.end_space(g.session, g.actor, kept, at=g.clock.now())
    g.session.flush()
    return _out(kept)


@pages.get("/spread")
@require("storage.read")
def spread() -> str:
    """List the banks, the newest first, and say which would be lost at once."""
    before = request.args.get("before", type=int)
    ids = banks(g.session, g.actor, before=before)
    found = failure_domains(g.session, ids)
    return render_template(
        "storage/spread.html",
        rows=[(found[one], why_at_risk(found[one])) for one in ids if one in found],
        more=ids[-1] if len(ids) == NEWEST else None,
    )


def spread_of_lot(lot: Lot) -> str:
    """Return the warning on a lot's page where all its vials would be lost at once; else nothing."""
    found = failure_domains(g.session, [lot.id]).get(lot.id)
    refusal = why_at_risk(found) if found else None
    if found is None or refusal is None:
        return ""
    return render_template("storage/spread_panel.html", refusal=refusal, split=must_split(found))


def banks_in_one_place(session: Session, actor: Actor) -> Iterable[Task]:
    """Give one row where some of the newest banks are in one freezer, on one supply, or in one room."""
    if not actor.may("storage.move"):
        return []
    found = failure_domains(session, banks(session, actor))
    risky = [one for one in found.values() if must_split(one)]
    if not risky:
        return []
    what = gettext("%(count)s of the newest banks would be lost at once: all vials in one place.", count=len(risky))  # fmt: skip
    note = ", ".join(one.lot for one in risky[:3])
    return [Task(25, gettext("when there is time"), what, url_for("storage.spread"), gettext("See which"), note=note)]  # fmt: skip
