"""Nothing stays switched off and forgotten: who did it and the bank's managers are reminded, and it ends.

Each day, and an hour before the end, of every suspension and of every rule that is switched off.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.accounts.models import Grant, Person
from server.alarms import asides, standing
from server.alarms.models import AlarmRule, Suspension
from server.alarms.service.calling import WATCH
from server.alarms.service.configure import switch_on
from server.audit import service as audit
from server.core.words import N_
from server.notify import service as notify
from server.notify.rules import Sentence
from server.storage.models import Site

AT_ONCE: Final = 50
"""So many are seen to in one transaction; the others follow at the next look."""
FOUND_WITHOUT_END: Final = timedelta(days=7)
"""So long a rule stays off of which nothing says until when."""
MANAGER: Final = "bank_manager"
PAGE: Final = "/alarms/shelved"


def is_anything_due(session: Session, now: datetime) -> bool:
    """Say whether `remind` or `end` would do anything now; only reads."""
    asked = (
        select(Suspension.id).where(*_suspension_due(now)),
        select(AlarmRule.id).where(_rule_due(now)),
    )
    return any(session.scalar(query.limit(1)) is not None for query in asked)


def tend(session: Session, now: datetime) -> int:
    """Remind of what is set aside or off, and watch again for what was off long enough; returns how many."""
    suspensions = session.scalars(
        select(Suspension)
        .where(*_suspension_due(now))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    rules = session.scalars(
        select(AlarmRule)
        .where(_rule_due(now))
        .limit(AT_ONCE)
        .with_for_update(of=AlarmRule, skip_locked=True)
    ).all()
    for row in suspensions:
        _remind_of_suspension(session, row, now)
    for rule in rules:
        _tend_rule(session, rule, now)
    return len(suspensions) + len(rules)


def _suspension_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (*standing.stands(now), Suspension.remind_at <= now)


def _rule_due(now: datetime) -> ColumnElement[bool]:
    off = AlarmRule.enabled.is_(False)
    return off & or_(
        AlarmRule.off_until.is_(None), AlarmRule.off_until <= now, AlarmRule.off_remind_at <= now
    )


def _remind_of_suspension(session: Session, row: Suspension, now: datetime) -> None:
    name = standing.name_of(standing.thing_of(session, row))
    mode = Sentence(asides.MODE_WORDS[row.mode])
    head = Sentence(N_("%(what)s: %(mode)s since %(since)s, by %(who)s."), {
        "what": name, "mode": mode, "since": _time(session, row.org_id, row.began_at), "who": row.by_name,
    })  # fmt: skip
    subject = Sentence(N_("Still set aside: %(what)s"), {"what": name})
    told = _tell(
        session,
        row.org_id,
        row.by_id,
        subject,
        [head, *_rest(session, row.org_id, row.because, row.until)],
        now,
    )
    row.remind_at = asides.next_reminder(now, row.until)
    audit.record(
        session, WATCH, "suspension.reminded", "suspension", str(row.id), at=now, org_id=row.org_id,
        reason=row.because, told=told,
    )  # fmt: skip


def _tend_rule(session: Session, rule: AlarmRule, now: datetime) -> None:
    if rule.off_until is None:
        rule.off_until = now + FOUND_WITHOUT_END
        rule.off_remind_at = now
    if rule.off_until <= now:
        _end(session, rule, now)
        return
    name = standing.rule_name(rule)
    head = Sentence(N_("%(what)s: switched off, nobody watches for it."), {"what": name})
    subject = Sentence(N_("Still switched off: %(what)s"), {"what": name})
    lines = [head, *_rest(session, rule.org_id, rule.off_because, rule.off_until)]
    told = _tell(session, rule.org_id, rule.off_by_id, subject, lines, now)
    rule.off_remind_at = asides.next_reminder(now, rule.off_until)
    audit.record(
        session, WATCH, "alarm_rule.reminded", "alarm_rule", str(rule.id), at=now, org_id=rule.org_id,
        reason=rule.off_because, told=told,
    )  # fmt: skip


def _end(session: Session, rule: AlarmRule, now: datetime) -> None:
    name, by_id = standing.rule_name(rule), rule.off_by_id
    switch_on(session, WATCH, rule, at=now)
    subject = Sentence(N_("Switched on again: %(what)s"), {"what": name})
    line = Sentence(N_("Its time was up: %(what)s is watched for again."), {"what": name})
    _tell(session, rule.org_id, by_id, subject, [line], now)


def _rest(session: Session, org_id: int, because: str, until: datetime) -> list[Sentence]:
    return [
        Sentence(N_("Reason: %(reason)s"), {"reason": because}),
        Sentence(N_("Nobody is called. This ends by itself at %(until)s, or there:"), {
            "until": _time(session, org_id, until),
        }),
    ]  # fmt: skip


def _tell(
    session: Session,
    org_id: int,
    by_id: int | None,
    subject: Sentence,
    lines: Sequence[Sentence],
    now: datetime,
) -> list[str]:
    """Write to who did it and to the bank's managers, each once; returns their names."""
    people = recipients(session, org_id, by_id)
    for person in people:
        notify.tell(session, person, subject, lines, PAGE, now)
    return [person.name for person in people]


def recipients(session: Session, org_id: int, by_id: int | None) -> list[Person]:
    """Return who is reminded: who did it, and the managers of this bank; nobody who is switched off."""
    managers = select(Grant.person_id).where(
        Grant.role == MANAGER,
        Grant.ended_at.is_(None),
        or_(Grant.org_id == org_id, Grant.org_id.is_(None)),
    )
    who = or_(Person.id.in_(managers), Person.id == by_id)
    return list(session.scalars(select(Person).where(Person.active, who).order_by(Person.id)))


def _time(session: Session, org_id: int, at: datetime) -> str:
    """Return the date and time as the bank's first site has it."""
    zone = select(Site.time_zone).where(Site.org_id == org_id).order_by(Site.id).limit(1)
    return standing.zoned(at, session.scalar(zone) or "UTC")
