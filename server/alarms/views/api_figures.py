"""The API of responder figures."""

from datetime import datetime

from flask import g

from server.alarms import figures
from server.alarms.figures import Culprit, Figures
from server.alarms.response import Times
from server.alarms.views.blueprints import api
from server.alarms.views.figures import READ, asked_for
from server.kit.api import Answer, describes
from server.kit.door import require
from server.kit.i18n import language


class CulpritOut(Answer):
    """A rule (id) or freezer that raises many alarms, and its share of all, from 0 to 1."""

    id: int
    name: str
    alarms: int
    share: float


class TimesOut(Answer):
    """How long something took, in seconds, for one severity or person; percentiles by nearest rank."""

    of: str
    n: int
    p50_s: float
    p95_s: float


class ToldOut(Answer):
    """Of how many alarms a person was told by a letter."""

    name: str
    alarms: int


class AsideOut(Answer):
    """What is set aside now: until when, by whom and why."""

    what: str
    mode: str
    because: str
    by_name: str
    until: datetime
    left_s: float


class FiguresOut(Answer):
    """Responder figures; shares are from 0 to 1, times rest on the latest `timed` alarms."""

    organisation: str
    since: datetime
    until: datetime
    alarms: int
    alarms_silent: int
    alarms_an_hour: float
    hours_over_30: float
    ten_minutes_over_10: float
    most_in_ten_minutes: int
    in_flood: float
    by_severity: dict[str, int]
    rules: list[CulpritOut]
    freezers: list[CulpritOut]
    timed: int
    to_acknowledge: list[TimesOut]
    to_acknowledge_by_person: list[TimesOut]
    to_first_notice: list[TimesOut]
    told: list[ToldOut]
    never_answered: int
    set_aside: list[AsideOut]
    drills: int
    drills_missed: int
    drills_to_answer: TimesOut | None = None


@api.get("/alarms/figures")
@require(READ)
@describes(
    "Responder figures of an organisation",
    answers={200: FiguresOut},
    query={
        "organisation": "Its code; the own one, else the first, unless given.",
        "days": "7, 30 or 92 days back; 30 unless given.",
        "site": "The code of a site, for its alarms only.",
        "freezer": "The code of a freezer, for its alarms only.",
    },
)
def figures_by_program() -> FiguresOut:
    """Answer with the figures of a time."""
    asked = asked_for()
    found = figures.of(g.session, asked)
    whole = found.load
    return FiguresOut(
        organisation=asked.org.code, since=asked.since, until=asked.until, alarms=whole.alarms,
        alarms_silent=found.silent, alarms_an_hour=whole.per_hour, hours_over_30=whole.hours_over,
        ten_minutes_over_10=whole.spans_over, most_in_ten_minutes=whole.most_in_span,
        in_flood=whole.in_flood, by_severity=dict(found.by_severity),
        rules=[_culprit(one) for one in found.rules],
        freezers=[_culprit(one) for one in found.freezers], timed=found.timed,
        to_acknowledge=[_times(one) for one in found.answered],
        to_acknowledge_by_person=[_times(one) for one in found.by_person],
        to_first_notice=[_times(one) for one in found.noticed],
        told=[ToldOut(name=name, alarms=n) for name, n in found.told],
        never_answered=found.never, set_aside=_set_aside(found), drills=found.drills_held,
        drills_missed=found.drills_missed, drills_to_answer=_drills(found),
    )  # fmt: skip


def _culprit(one: Culprit) -> CulpritOut:
    name = one.name.text(language())
    return CulpritOut(id=one.id, name=name, alarms=one.alarms, share=one.share)


def _times(one: Times) -> TimesOut:
    return TimesOut(of=one.of, n=one.n, p50_s=one.p50, p95_s=one.p95)


def _drills(found: Figures) -> TimesOut | None:
    took = found.drills
    if took.p50 is None or took.p95 is None:
        return None
    return TimesOut(of="", n=took.n, p50_s=took.p50, p95_s=took.p95)


def _set_aside(found: Figures) -> list[AsideOut]:
    return [
        AsideOut(
            what=one.name.text(language()), mode=one.suspension.mode, left_s=one.seconds_left,
            because=one.suspension.because, by_name=one.suspension.by_name,
            until=one.suspension.until,
        )
        for one in found.aside
    ]  # fmt: skip
