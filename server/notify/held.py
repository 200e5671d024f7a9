"""Tells persons, in one letter, what waited for the end of their quiet hours or of too many notices at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from server.core.words import N_
from server.notify import limits, reached
from server.notify.holding import SEVERITIES
from server.notify.letters import PUBLIC_URL, mail_body
from server.notify.models import Call, HeldNotice, Notice
from server.notify.reached import Reachable
from server.notify.rules import Sentence, Words
from server.outbox.service import post

Held = Row[HeldNotice, Call]
Over = Callable[[Session, Collection[int]], set[int]]
AT_ONCE: Final = 500
PUT_OFF: Final = timedelta(hours=1)
"""For somebody who is away when it is time."""
TOLD, IS_OVER, SWITCHED_OFF = "told", "over", "switched_off"
_SUBJECT: Final = N_("%(count)s alarms that had to wait")
_WENT_ON: Final = N_("%(when)s  %(subject)s: nobody has answered yet")
_ANSWERED: Final = N_("%(when)s  %(subject)s: somebody has answered")
_over: dict[str, Over] = {}


def know_over(kind: str, over: Over) -> None:
    """Let `over(session, ids)` say which of the things of this kind have ended by themselves."""
    _over[kind] = over


def is_any_due(session: Session, now: datetime) -> bool:
    """Say whether `release` would do anything now; only reads."""
    due = select(HeldNotice.id).where(
        HeldNotice.released_at.is_(None), HeldNotice.release_at <= now
    )
    return session.scalar(due.limit(1)) is not None


def release(session: Session, now: datetime) -> int:
    """Tell what is due, one letter to each person's every address; returns how many persons were told.

    What is over and answered is left out: there is nothing left to tell. Who is away is told later.
    """
    rows = session.execute(
        select(HeldNotice, Call)
        .join(Call, Call.id == HeldNotice.call_id)
        .where(HeldNotice.released_at.is_(None), HeldNotice.release_at <= now)
        .order_by(HeldNotice.person_id, HeldNotice.id)
        .limit(AT_ONCE)
        .with_for_update(of=HeldNotice, skip_locked=True)
    ).all()
    over = _over_among(session, [row.Call for row in rows])
    people = reached.by_id(session, {row.HeldNotice.person_id for row in rows}, now)
    away = reached.away(session, list(people), now)
    told = 0
    for person_id, group in groupby(rows, key=lambda row: row.HeldNotice.person_id):
        mine = list(group)
        if person_id in away:
            _put_off(mine, now)
            continue
        left = [row for row in mine if row.Call.id not in over]
        person = people.get(person_id)
        _settle(mine, over, now, SWITCHED_OFF if person is None else TOLD)
        if person and left:
            _tell(session, person, left, now)
            told += 1
    return told


def _over_among(session: Session, calls: Sequence[Call]) -> set[int]:
    """Return the calls that are answered and about something that is over."""
    found: set[int] = set()
    for kind, over in _over.items():
        answered = {c.about_id: c.id for c in calls if c.about_kind == kind and c.ended_at}
        found |= {answered[about] for about in over(session, list(answered))} if answered else set()
    return found


def _put_off(rows: Sequence[Held], now: datetime) -> None:
    for row in rows:
        row.HeldNotice.release_at = now + PUT_OFF


def _settle(rows: Sequence[Held], over: Collection[int], now: datetime, outcome: str) -> None:
    for row in rows:
        row.HeldNotice.released_at = now
        row.HeldNotice.outcome = IS_OVER if row.Call.id in over else outcome


def _tell(session: Session, person: Reachable, rows: Sequence[Held], now: datetime) -> None:
    calls = [row.Call for row in rows]
    worst = max((call.severity for call in calls), key=_badness)
    zones = limits.quiet_of(session, [person.id])[person.id]
    words = _digest(calls, zones[0].zone if zones else ZoneInfo("UTC"))
    first: int | None = None
    for to in person.addresses(worst):
        letter_id = post(
            session, to.channel, to.address, words.subject.text(to.language),
            mail_body(words, to.language), at=now, org_id=calls[0].org_id,
        )  # fmt: skip
        first = first or letter_id
    session.execute(
        update(Notice)
        .where(
            Notice.call_id.in_([call.id for call in calls]),
            Notice.person_id == person.id,
            Notice.letter_id.is_(None),
        )
        .values(letter_id=first)
        .execution_options(synchronize_session=False)
    )


def _badness(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _digest(calls: Sequence[Call], zone: ZoneInfo) -> Words:
    lines = []
    for call in calls:
        about = Words.unpacked(call.words)
        facts: Mapping[str, object] = {
            "when": call.began_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z"),
            "subject": about.subject,
        }
        lines.append(Sentence(_ANSWERED if call.ended_at else _WENT_ON, facts))
        lines.append(Sentence("%(link)s", {"link": f"{PUBLIC_URL}{about.path}"}))
    return Words(Sentence(_SUBJECT, {"count": len(calls)}), tuple(lines))
