"""Responder figures: what alarms asked of an organisation's people over some days, and how soon they answered.

Counted are alarms that called somebody, by the server's time: no drills, nothing found in late readings, nothing
that was set aside or that another alarm explains.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import Session

from server.alarms import board, drills, load, response, standing
from server.alarms.board import Alarm
from server.alarms.drills import Took
from server.alarms.floods import WINDOW
from server.alarms.load import Load
from server.alarms.models import Acknowledgement, AlarmRule, Drill, Episode, Suspension
from server.alarms.response import Times
from server.alarms.standing import Aside
from server.core.moments import ms_of
from server.notify.rules import Sentence
from server.parties.models import Organisation
from server.storage.models import Container, Room, Site
from server.telemetry.models import Channel

WORST: Final = 10
SHOWN: Final = 20
"""So many alarms that nobody answered are shown, the latest."""
CALLS: Final = ("", "flood")
"""What `Episode.silenced` says of one that called somebody, alone or in a digest."""
MOST_TIMED: Final = 10_000
"""The times of so many alarms are looked at, the latest: that many in 92 days are 4.5 an hour."""
SPAN_MS: Final = WINDOW // timedelta(milliseconds=1)


@dataclass(frozen=True)
class Asked:
    """Of which organisation, from when until when; perhaps only of a site or a freezer."""

    org: Organisation
    days: int
    until: datetime
    site: Site | None = None
    freezer: Container | None = None

    @property
    def lasts(self) -> timedelta:
        """Return how long the time is."""
        return timedelta(days=self.days)

    @property
    def since(self) -> datetime:
        """Return when the time begins."""
        return self.until - self.lasts


@dataclass(frozen=True)
class Culprit:
    """A rule or a freezer that raises many alarms."""

    id: int
    name: Sentence
    alarms: int
    share: float
    """Of all alarms of the time, from 0 to 1."""


class _Key(NamedTuple):
    """What alarms are counted by."""

    severity: str
    rule_id: int
    freezer_id: int | None
    silenced: str


@dataclass(frozen=True)
class Figures:
    """What a page shows of a time."""

    load: Load
    by_severity: Mapping[str, int]
    silent: int
    """How many more called nobody: set aside, expected, or explained by another alarm."""
    rules: Sequence[Culprit]
    freezers: Sequence[Culprit]
    timed: int
    """On how many alarms the times rest: the latest 10,000 at most."""
    answered: Sequence[Times]
    by_person: Sequence[Times]
    noticed: Sequence[Times]
    told: Sequence[tuple[str, int]]
    """Of how many alarms each person was told, the most first."""
    unanswered: Sequence[Alarm]
    never: int
    """How many nobody has ever answered."""
    aside: Sequence[Aside]
    """What of the organisation is set aside now."""
    drills: Took
    drills_held: int
    drills_missed: int

    @property
    def worst_share(self) -> float:
        """Return the share of all alarms that the ten worst rules raise."""
        return sum(one.share for one in self.rules)


def of(session: Session, asked: Asked) -> Figures:
    """Return the figures of a time."""
    counts = _counts(session, asked)
    called = {key: n for key, n in counts.items() if key.silenced in CALLS}
    alarms = sum(n for n, _never in called.values())
    timed = _timed(asked)
    held, missed, took = _drills(session, asked)
    return Figures(
        load=load.load(_spans(session, asked), asked.lasts),
        by_severity=_sums(called, "severity"),
        silent=sum(n for n, _never in counts.values()) - alarms,
        rules=_worst_rules(session, _sums(called, "rule_id"), alarms),
        freezers=_worst_freezers(session, _sums(called, "freezer_id"), alarms),
        timed=min(alarms, MOST_TIMED),
        answered=response.by_severity(session, timed), by_person=response.by_person(session, timed),
        noticed=response.to_notice(session, timed), told=response.told(session, timed),
        unanswered=_unanswered(session, asked), never=sum(never for _n, never in called.values()),
        aside=standing.listed(session, _aside_of(asked), asked.until),
        drills=took, drills_held=held, drills_missed=missed,
    )  # fmt: skip


def _recorded(asked: Asked) -> tuple[ColumnElement[bool], ...]:
    """Every alarm of the time that is no drill and was not found late."""
    found: list[ColumnElement[bool]] = [
        Episode.org_id == asked.org.id, Episode.recorded_at > asked.since,
        Episode.recorded_at <= asked.until, Episode.drill == "", Episode.historical.is_(False),
    ]  # fmt: skip
    if asked.freezer is not None:
        found.append(Episode.freezer_id == asked.freezer.id)
    if asked.site is not None:
        there = select(Container.id).join(Room).where(Room.site_id == asked.site.id)
        found.append(or_(Episode.site_id == asked.site.id, Episode.freezer_id.in_(there)))
    return tuple(found)


def _counted(asked: Asked) -> tuple[ColumnElement[bool], ...]:
    return (*_recorded(asked), Episode.silenced.in_(CALLS))


def _counts(session: Session, asked: Asked) -> dict[_Key, tuple[int, int]]:
    """How many alarms of which kind were recorded, and how many of them nobody has ever answered."""
    by = (Episode.severity, Episode.rule_id, Episode.freezer_id, Episode.silenced)
    never = func.sum(case((_is_never(), 1), else_=0))
    rows = session.execute(select(*by, func.count(), never).where(*_recorded(asked)).group_by(*by))
    return {_Key(*row[:4]): (row[4], row[5]) for row in rows}


def _is_never() -> ColumnElement[bool]:
    given = select(Acknowledgement.id).where(Acknowledgement.episode_id == Episode.id)
    return and_(Episode.acknowledged_at.is_(None), ~given.exists())


def _sums(called: Mapping[_Key, tuple[int, int]], by: str) -> dict[Any, int]:
    """How many alarms by one part of the key, those without it left out; the most first."""
    found: Counter[Any] = Counter()
    for key, (n, _never) in called.items():
        found[getattr(key, by)] += n
    found.pop(None, None)
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _spans(session: Session, asked: Asked) -> dict[int, int]:
    """How many alarms came in which ten minutes since 1970 UTC."""
    span = (ms_of(Episode.recorded_at) // SPAN_MS).label("span")
    each = select(span).where(*_counted(asked)).subquery()
    rows = session.execute(select(each.c.span, func.count()).group_by(each.c.span))
    return {row[0]: row[1] for row in rows}


def _timed(asked: Asked) -> Subquery:
    """The alarms whose times are looked at."""
    wanted = select(Episode.id, Episode.severity, Episode.recorded_at).where(*_counted(asked))
    return wanted.order_by(Episode.recorded_at.desc()).limit(MOST_TIMED).subquery()


def _worst_rules(session: Session, counted: Mapping[int, int], alarms: int) -> list[Culprit]:
    most = list(counted.items())[:WORST]
    named = select(AlarmRule).where(AlarmRule.id.in_([number for number, _n in most]))
    rules = {rule.id: rule for rule in session.scalars(named)}
    return [
        Culprit(number, standing.rule_name(rules[number]), n, load.share(n, alarms))
        for number, n in most
    ]


def _worst_freezers(session: Session, counted: Mapping[int, int], alarms: int) -> list[Culprit]:
    most = list(counted.items())[:WORST]
    named = select(Container.id, Container.code).where(Container.id.in_([one for one, _n in most]))
    codes = {row.id: row.code for row in session.execute(named)}
    return [
        Culprit(number, Sentence(codes[number]), n, load.share(n, alarms)) for number, n in most
    ]


def _unanswered(session: Session, asked: Asked) -> list[Alarm]:
    """The latest alarms of the time that nobody has ever answered."""
    wanted = select(Episode.id).where(*_counted(asked), _is_never())
    latest = wanted.order_by(Episode.recorded_at.desc(), Episode.id.desc()).limit(SHOWN)
    ids = list(session.scalars(latest))
    mine = frozenset({asked.org.id})
    return board.page(session, mine, asked.until, [Episode.id.in_(ids)], SHOWN) if ids else []


def _aside_of(asked: Asked) -> Select[Any]:
    return select(Suspension).where(Suspension.org_id == asked.org.id)


def _drills(session: Session, asked: Asked) -> tuple[int, int, Took]:
    """How many drills were held and missed, and from the order to the answer."""
    query = select(Drill).where(
        Drill.org_id == asked.org.id,
        Drill.ordered_at > asked.since,
        Drill.ordered_at <= asked.until,
    )
    there = select(Channel.id).join(Container, Container.id == Channel.freezer_id)
    if asked.freezer is not None:
        query = query.where(Drill.channel_id.in_(there.where(Container.id == asked.freezer.id)))
    if asked.site is not None:
        at_site = there.join(Room).where(Room.site_id == asked.site.id)
        query = query.where(Drill.channel_id.in_(at_site))
    rows = session.scalars(query).all()
    missed = sum(one.outcome == "missed" for one in rows)
    return len(rows), missed, drills.took(rows)
