"""How soon alarms were told and answered, worked out by the database: p50 and p95 by nearest rank.

The p-th percentile of n times is the one at rank ceil(p / 100 * n) of them in order, so at least p % of all were no
longer (nearest-rank method; NIST/SEMATECH e-Handbook 7.2.6.2 has the others). It always is a time that occurred.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, Subquery, case, func, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.alarms.models import Acknowledgement
from server.alarms.rules import SEVERITIES
from server.core.moments import ms_between
from server.notify.models import Call, Notice
from server.outbox.models import Letter

MOST_PEOPLE: Final = 50
_ORDER: Final = {severity: at for at, severity in enumerate(SEVERITIES)}


@dataclass(frozen=True)
class Times:
    """How long something took, in seconds, for one severity or person."""

    of: str
    n: int
    p50: float
    p95: float


def by_severity(session: Session, timed: Subquery) -> Sequence[Times]:
    """Return from the alarm to the first answer, by severity; `timed` are alarms with id, severity and recorded_at."""
    given = (Acknowledgement.episode_id == timed.c.id) & (Acknowledgement.round == 0)
    return _times(session, _first(timed, Acknowledgement, given, Acknowledgement.at))


def by_person(session: Session, timed: Subquery) -> Sequence[Times]:
    """Return from the alarm to each person's answer, by name; who answered most comes first.

    Answers after an acknowledgement ran out are left out: their time began anew.
    """
    who = func.coalesce(Person.name, Acknowledgement.by_name)
    times = (
        select(who.label("of"), ms_between(timed.c.recorded_at, Acknowledgement.at).label("ms"))
        .select_from(timed)
        .join(Acknowledgement, Acknowledgement.episode_id == timed.c.id)
        .outerjoin(Person, Person.id == Acknowledgement.person_id)
        .where(Acknowledgement.round == 0)
    )
    found = _times(session, times)
    return sorted(found, key=lambda one: (-one.n, one.of))[:MOST_PEOPLE]


def to_notice(session: Session, timed: Subquery) -> Sequence[Times]:
    """Return from the alarm until the first receiver had taken a notice of it, by severity.

    What is told in the digest of a flood has no notice of its own, and is left out.
    """
    about = (Letter.about_kind == "alarm") & (Letter.about_id == timed.c.id)
    return _times(
        session, _first(timed, Letter, about & Letter.sent_at.is_not(None), Letter.sent_at)
    )


def told(session: Session, timed: Subquery) -> Sequence[tuple[str, int]]:
    """Return of how many alarms each person was told by a letter, the most first."""
    alarms = func.count(Call.about_id.distinct())
    wanted = (
        select(Person.name, alarms)
        .select_from(Call)
        .join(Notice, Notice.call_id == Call.id)
        .join(Person, Person.id == Notice.person_id)
        .where(
            Call.about_kind == "alarm",
            Call.about_id.in_(select(timed.c.id)),
            Notice.letter_id.is_not(None),
        )
        .group_by(Person.id, Person.name)
        .order_by(alarms.desc(), Person.name)
        .limit(MOST_PEOPLE)
    )
    return [(row[0], row[1]) for row in session.execute(wanted)]


def _first(timed: Subquery, of: Any, which: Any, at: Any) -> Select[Any]:  # noqa: ANN401  a table, a condition, a column
    """The severity of each alarm, and its milliseconds to the first of something."""
    took = ms_between(timed.c.recorded_at, func.min(at))
    return (
        select(timed.c.severity.label("of"), took.label("ms"))
        .join(of, which)
        .group_by(timed.c.id, timed.c.severity, timed.c.recorded_at)
    )


def _times(session: Session, times: Select[*tuple[Any, ...]]) -> Sequence[Times]:
    """The two percentiles of rows (of, ms); a clock that was put back makes no time shorter than none."""
    each = times.subquery()
    ranked = select(
        each.c.of,
        each.c.ms,
        func.row_number().over(partition_by=each.c.of, order_by=each.c.ms).label("rank"),
        func.count().over(partition_by=each.c.of).label("n"),
    ).subquery()
    at = [
        func.min(case((ranked.c.rank * 100 >= ranked.c.n * percent, ranked.c.ms)))
        for percent in (50, 95)
    ]
    rows = session.execute(select(ranked.c.of, ranked.c.n, *at).group_by(ranked.c.of, ranked.c.n))
    found = [Times(row[0], row[1], max(row[2], 0) / 1000, max(row[3], 0) / 1000) for row in rows]
    return sorted(found, key=lambda one: (_ORDER.get(one.of, 0), one.of))
