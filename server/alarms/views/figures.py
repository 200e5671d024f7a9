"""Responder figures: the page, the file, and which time and place an address asks about."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, g, render_template, request
from sqlalchemy import Select, select

from server.alarms import figures, load
from server.alarms.figures import Asked, Figures
from server.alarms.response import Times
from server.alarms.views.blueprints import pages
from server.core.errors import Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit.door import require
from server.kit.i18n import language
from server.parties import queries as parties
from server.parties.models import Organisation
from server.storage.models import Container, Site
from server.storage.views.exporting import harmless

PAGE: Final = "/alarms/figures"
READ: Final = "alarms.read"
DAYS: Final = (7, 30, 92)
BAD_DAYS: Final = N_("days: “%(found)s” was found, one of %(expected)s is expected.")
NO_SITE: Final = N_("No site of %(org)s has the code %(code)s.")
NO_FREEZER: Final = N_("No freezer of %(org)s has the code %(code)s.")
HEAD: Final = ("figure", "of", "n", "value", "unit")


@pages.get(PAGE)
@require(READ)
def figures_page() -> str:
    """Show what alarms asked of people, and how soon they answered."""
    asked = asked_for()
    orgs = g.session.scalars(parties.seen_by(g.actor, READ).order_by(Organisation.name)).all()
    return render_template(
        "alarms/figures.html",
        asked=asked,
        found=figures.of(g.session, asked),
        limits=load,
        days=DAYS,
        orgs=[(one.code, one.name) for one in orgs],
        sites=_choices(_sites(asked.org.id)),
        freezers=_choices(_freezers(asked.org.id)),
        file=f"{PAGE}.csv?{urlencode(request.args)}",
    )


@pages.get(f"{PAGE}.csv")
@require(READ)
def figures_file() -> Response:
    """Hand the same figures out as a file, one a line."""
    asked = asked_for()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    for row in rows(figures.of(g.session, asked)):
        writer.writerow([harmless(str(cell)) for cell in row])
    name = f"alarm-figures-{asked.org.code}-{asked.days}d-{asked.until:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = "\N{ZERO WIDTH NO-BREAK SPACE}" + out.getvalue()
    return Response(text, mimetype="text/csv; charset=utf-8", headers=headers)


def asked_for() -> Asked:
    """Return what the address asks about; refuses days, organisations, sites and freezers that there are not."""
    given = request.args
    code = given.get("organisation", "").strip()
    org = (
        parties.by_code(g.session, g.actor, READ, code)
        if code
        else g.session.get_one(Organisation, parties.own_organisation(g.session, g.actor, READ))
    )
    site = _one(_sites(org.id), Site.code, "site", NO_SITE, org.name)
    freezer = _one(_freezers(org.id), Container.code, "freezer", NO_FREEZER, org.name)
    return Asked(org, _days(given.get("days", "")), g.clock.now(), site, freezer)


def rows(found: Figures) -> Iterator[tuple[object, ...]]:
    """Yield the lines of the file: figure, of what, how many, the value and its unit."""
    whole = found.load
    yield "alarms", "", whole.alarms, whole.alarms, ""
    yield "alarms that called nobody", "", found.silent, found.silent, ""
    yield "alarms an hour", "", whole.alarms, round(whole.per_hour, 4), "1/h"
    yield "hours with more than 30", "", "", round(whole.hours_over, 6), "share"
    yield "ten minutes with more than 10", "", "", round(whole.spans_over, 6), "share"
    yield "most in ten minutes", "", "", whole.most_in_span, ""
    yield "time in flood", "", "", round(whole.in_flood, 6), "share"
    yield "never answered", "", found.never, found.never, ""
    for severity, n in found.by_severity.items():
        yield "alarms", severity, n, n, ""
    for one in (*found.rules, *found.freezers):
        yield "raised", one.name.text(language()), one.alarms, round(one.share, 6), "share"
    for person, n in found.told:
        yield "told", person, n, n, ""
    yield from _times("to acknowledge", found.answered)
    yield from _times("to acknowledge by person", found.by_person)
    yield from _times("to first notice", found.noticed)
    yield "drills missed", "", found.drills_held, found.drills_missed, ""
    if found.drills.p50 is not None and found.drills.p95 is not None:
        drill = Times("", found.drills.n, found.drills.p50, found.drills.p95)
        yield from _times("drill to answer", [drill])


def _times(figure: str, times: Iterable[Times]) -> Iterator[tuple[object, ...]]:
    for one in times:
        yield f"{figure} p50", one.of, one.n, one.p50, "s"
        yield f"{figure} p95", one.of, one.n, one.p95, "s"


def _days(found: str) -> int:
    if not found:
        return DAYS[1]
    if found not in map(str, DAYS):
        facts = {"found": found, "expected": ", ".join(map(str, DAYS))}
        raise Invalid(Refusal("bad_days", BAD_DAYS, facts), field="days")
    return int(found)


def _sites(org_id: int) -> Select[Any]:
    return select(Site).where(Site.org_id == org_id).order_by(Site.code)


def _freezers(org_id: int) -> Select[Any]:
    mine = Container.org_id == org_id, Container.kind == "freezer"
    return select(Container).where(*mine).order_by(Container.code)


def _choices(query: Select[Any]) -> list[tuple[str, str]]:
    return [
        (one.code, getattr(one, "name", "") or one.code) for one in g.session.scalars(query).all()
    ]


def _one(query: Select[Any], column: Any, name: str, because: str, org: str) -> Any:  # noqa: ANN401  a site or freezer
    """Return what the address names by its code, None where it names nothing."""
    code = request.args.get(name, "").strip()
    if not code:
        return None
    found = g.session.scalars(query.where(column == code.upper())).first()
    if found is None:
        raise NotFound(Refusal(f"no_such_{name}", because, {"org": org, "code": code}))
    return found
