"""Secret addresses from which calendars read who is on call."""

from datetime import timedelta

from flask import Response, g, redirect, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from server.accounts import secrets
from server.accounts.models import Person
from server.core.errors import NotFound, Refusal
from server.core.words import N_, say
from server.kit.door import PUBLIC, require
from server.notify import calendars, rotas, schedules
from server.notify.models import Feed, Schedule
from server.notify.rota import Shift, shifts
from server.notify.views.blueprints import pages
from server.notify.views.common import MANAGE, names_of, person_of
from server.notify.views.schedule import show

BACK, AHEAD = timedelta(days=7), timedelta(days=60)
NOBODY = N_("Nobody is on call")
GONE = N_("There is no calendar at this address any more.")


@pages.post("/on-call/<int:schedule_id>/feeds")
@require(MANAGE)
def make_feed(schedule_id: int) -> str:
    """Make an address and show it, this once."""
    found = schedules.find(g.session, g.actor.orgs(MANAGE), schedule_id)
    whose = request.form.get("whose", "")
    person = person_of(found.org_id, whose, "whose") if whose else None
    secret = schedules.make_feed(g.session, g.actor, found, person, at=g.clock.now())
    g.session.flush()  # reason: the page lists it
    g.secret_answer = True
    return show(found, fresh=f"/on-call/calendars/{secret}.ics")


@pages.post("/on-call/<int:schedule_id>/feeds/<int:feed_id>/revoke")
@require(MANAGE)
def revoke_feed(schedule_id: int, feed_id: int) -> AnyResponse:
    """Let an address give nothing any more."""
    found = schedules.find(g.session, g.actor.orgs(MANAGE), schedule_id)
    feed = schedules.part_of(found, g.session.get(Feed, feed_id))
    schedules.revoke_feed(g.session, g.actor, feed, at=g.clock.now())
    return redirect(f"/on-call/{found.id}")


@pages.get("/on-call/calendars/<secret>.ics")
@require(PUBLIC)
def calendar(secret: str) -> AnyResponse:
    """Answer with the calendar of this address, in the language of who made it."""
    query = select(Feed).where(Feed.token_hash == secrets.digest(secret), Feed.revoked_at.is_(None))
    feed = g.session.scalars(query).one_or_none()
    schedule = g.session.get(Schedule, feed.schedule_id) if feed else None
    if feed is None or schedule is None or schedule.ended_at:
        raise NotFound(Refusal("no_such_calendar", GONE))
    answer = Response(_written(feed, schedule), mimetype="text/calendar; charset=utf-8")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _written(feed: Feed, schedule: Schedule) -> bytes:
    now = g.clock.now()
    maker = g.session.get(Person, feed.made_by_id) if feed.made_by_id else None
    language = maker.language if maker else "en"
    rota = rotas.load(g.session, [schedule.id], now - BACK, now + AHEAD)[schedule.id]
    found = shifts(rota, now - BACK, now + AHEAD)
    if feed.person_id is not None:
        found = [one for one in found if feed.person_id in one.people]
    names = names_of([person for one in found for person in one.people])

    def title(shift: Shift) -> str:
        who = ", ".join(names.get(person, "?") for person in shift.people)
        return who or say(language, NOBODY)

    entries = [(one, title(one), one.why.sentence().text(language)) for one in found]
    return calendars.feed(schedule.name, str(schedule.id), entries, now)
