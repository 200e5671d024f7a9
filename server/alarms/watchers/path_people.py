"""Whether somebody would be told: call list and chains, on-call schedules, mail, and letters that do not leave."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server.alarms import paths, wording
from server.notify import reached, rotas
from server.notify.queries import ChainRow, ask_steps, chains_in
from server.notify.rules import Sentence
from server.outbox.carrying import carries
from server.outbox.models import Letter
from server.storage.models import Site


def nobody(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say that nobody can be called now."""
    lists = {
        one.name: _reach(session, one, org_id, now) for one in chains_in(ask_steps(session, org_id))
    }
    if lists.get("") is None and any(lists.values()):
        lists.pop("", None)  # the chains stand for the call list
    return paths.nobody(lists)


def _reach(session: Session, chain: ChainRow, org_id: int, now: datetime) -> int | None:
    """How many people and addresses this list reaches now; None where it has no steps."""
    if not chain.steps:
        return None
    people = sum(len(reached.people_of(session, one, org_id, now)) for one in chain.steps)
    return people + sum(bool(one.webhook) for one in chain.steps)


def gap(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say when nobody is on call within a day, in a schedule that a list calls."""
    called = {
        step.schedule_id
        for chain in chains_in(ask_steps(session, org_id))
        for step in chain.steps
        if step.schedule_id is not None
    }
    if not called:
        return None
    zone = time_zone(session, org_id)
    found = rotas.gaps_of(session, org_id, now, now + paths.AHEAD)
    return paths.listed(
        [
            paths.gap(
                one.name,
                wording.zoned_time(shift.begins_at, zone) if shift.begins_at > now else "",
                wording.zoned_time(shift.until, zone) if shift.until < now + paths.AHEAD else "",
            )
            for one, shift in found
            if one.id in called
        ]
    )


def mail(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say that mail is not set up although people are told by it."""
    persons = {
        one.id
        for chain in chains_in(ask_steps(session, org_id))
        for step in chain.steps
        for one in reached.people_of(session, step, org_id, now)
    }
    return paths.mail(carries(session, "smtp"), len(persons))


def letters(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say that notices of this bank do not leave: a dead mail server, a webhook that fails."""
    old = Letter.created_at <= now - paths.LETTER_MAY_WAIT
    mine = (Letter.org_id == org_id, Letter.urgent)
    waits = (*mine, Letter.state == "waiting", old)
    lost = (*mine, Letter.state == "given_up", Letter.created_at > now - timedelta(days=8))
    waiting = session.scalar(select(func.count()).select_from(Letter).where(*waits)) or 0
    given_up = session.scalar(select(func.count()).select_from(Letter).where(*lost)) or 0
    if not waiting and not given_up:
        return None
    told = select(Letter.last_error).where(
        *mine, or_(Letter.state == "given_up", old), Letter.last_error != ""
    )
    error = session.scalar(told.order_by(Letter.id.desc()).limit(1)) or ""
    return paths.letters(waiting, given_up, error[:200])


def time_zone(session: Session, org_id: int) -> wording.Place:
    """Return where the organisation's times are told."""
    zone = session.scalar(
        select(Site.time_zone).where(Site.org_id == org_id).order_by(Site.id).limit(1)
    )
    return wording.Place("", time_zone=zone or "UTC")
