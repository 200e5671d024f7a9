"""The page for a phone or tablet at the tank, which goes on without a network; and what could not be done by itself."""

from datetime import datetime
from typing import Any

import msgspec
from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound
from server.genealogy.rules import CAUSES
from server.handling.models import OfflineAct
from server.handling.queries import offline as queries
from server.handling.queries import picks
from server.handling.service import offline_settling
from server.handling.views.blueprints import pages
from server.kit import csrf, forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext

WORK = "storage.move"
MISTAKES = (Invalid, Conflict, NotFound)


class Contact(msgspec.Struct):
    """What a device asks for each time that it reaches the server."""

    now: datetime
    person: int
    name: str
    csrf: str
    conflicts: int
    lists: list["OpenList"]


class OpenList(msgspec.Struct):
    """A list that can be taken along."""

    code: str
    kind: str
    title: str
    waiting: int


class DropForm(Form):
    """Why an act is dropped."""

    reason: str = forms.text(most=500)


@pages.get("/tank")
@require(WORK)
def tank() -> str:
    """Show the page; the open lists are links where there is no script."""
    return _page(kept=False)


@pages.get("/tank/offline")
@require(WORK)
def tank_offline() -> str:
    """Show the page as a device keeps it: without what goes out of date (alarms, numbers, navigation)."""
    return _page(kept=True)


def _page(*, kept: bool) -> str:
    stripped: dict[str, Any] = (
        {"strip": None, "strip_stream": None, "nav": [], "nav_more": []} if kept else {}
    )
    return render_template(
        "handling/tank.html",
        lists=[] if kept else _open_lists(),
        conflicts=0 if kept else queries.how_many_wait(g.session, g.actor),
        kept=kept,
        hold_words={f"hold_{cause}": gettext(words) for cause, words in CAUSES.items()},
        scan_action="",
        **stripped,
    )


def _open_lists() -> list[OpenList]:
    return [
        OpenList(row.work.code, row.work.kind, row.work.title, row.tubes - row.settled)
        for row in picks.work_lists(g.session, g.actor)
        if row.work.state == "open" and g.actor.may(WORK, row.work.org_id)
    ]


@pages.get("/tank/contact")
@require(WORK)
def tank_contact() -> Contact:
    """Tell the time, who is signed in, the token of forms, and which lists are open."""
    return Contact(
        now=g.clock.now(),
        person=g.actor.id or 0,
        name=g.actor.name,
        csrf=csrf.token(),
        conflicts=queries.how_many_wait(g.session, g.actor),
        lists=_open_lists(),
    )


@pages.get("/tank/conflicts")
@require(WORK)
def tank_conflicts() -> str:
    """Show what was done without a network and quarrels with what is there now, with both facts."""
    return _conflicts()


def _conflicts(refused: CryokeepError | None = None, number: int = 0) -> str:
    errors = errors_of(refused) if refused else {}
    return render_template(
        "handling/tank_conflicts.html",
        waiting=queries.waiting_acts(g.session, g.actor),
        errors=errors,
        number=number,
        typed=typed_of(request.form) if request.form else Typed(),
    )


@pages.post("/tank/conflicts/<int:number>/late")
@require(WORK)
def record_late(number: int) -> Response | tuple[str, int]:
    """Record the act after all, at the time at which it happened."""
    row = queries.one_act(g.session, g.actor, number)
    try:
        offline_settling.record_late(g.session, g.actor, row, at=g.clock.now())
    except MISTAKES as refused:
        return _again(refused, number)
    return _decided(row, gettext("%(vial)s: recorded late.", vial=_code(row)))


@pages.post("/tank/conflicts/<int:number>/drop")
@require(WORK)
def drop_act(number: int) -> Response | tuple[str, int]:
    """Drop the act, with a reason."""
    row = queries.one_act(g.session, g.actor, number)
    try:
        form = DropForm.read(request.form)
        offline_settling.drop(g.session, g.actor, row, form.reason, at=g.clock.now())
    except MISTAKES as refused:
        return _again(refused, number)
    return _decided(row, gettext("%(vial)s: dropped; the reason is kept.", vial=_code(row)))


def _code(row: OfflineAct) -> str:
    return row.vial.code if row.vial is not None else queries.waiting(g.session, row).act.tube


def _decided(row: OfflineAct, told: str) -> Response:
    notices.tell(told)
    return redirect(url_for("handling.tank_conflicts"), 303)


def _again(refused: CryokeepError, number: int) -> tuple[str, int]:
    g.session.rollback()
    with g.reader() as session:
        g.session = session
        return _conflicts(refused, number), 422
