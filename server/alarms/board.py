"""The board: every alarm that still needs somebody, in the order of trust, with what is at stake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session

from server.alarms import rules, wording
from server.alarms.kinds import KINDS
from server.alarms.models import AlarmRule, Episode, FreezerStake
from server.alarms.wording import Neighbours, Place, Sighting, Stake
from server.core.clock import from_ms, to_ms
from server.core.words import N_
from server.notify.models import Notice
from server.notify.queries import Told, told_about
from server.notify.rules import Sentence, unpacked
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel, reading

Orgs = frozenset[int] | None
TREND_MS = 10 * 60 * 1000
MOST_ROWS = 200


@dataclass(frozen=True)
class Alarm:
    """One episode with all that a page says of it; sentences wait for their language."""

    episode: Episode
    state: str
    place: Place
    key: str
    label: str
    title: Sentence
    figure: Sentence
    note: Sentence
    sentence: Sentence
    stake: Stake | None
    told: Sequence[Told]
    seconds: float

    @property
    def acknowledged(self) -> bool:
        """Say whether a person has answered."""
        return self.episode.acknowledged_at is not None

    @property
    def over(self) -> bool:
        """Say whether the condition is gone."""
        return self.episode.cleared_at is not None

    @property
    def where(self) -> str:
        """Return the freezer and where it stands: LN2-03 · Pudong B1.04."""
        there = " ".join(part for part in (self.place.site, self.place.room) if part)
        return f"{self.place.freezer} · {there}" if there else self.place.freezer


_WITH_PLACE: Any = (
    select(
        Episode,
        Channel.key,
        Channel.label,
        Channel.latest_value,
        Channel.latest_at_ms,
        Channel.number_at_ms,
        Container.code.label("freezer"),
        Site.name.label("site"),
        Site.time_zone,
        Room.code.label("room"),
        FreezerStake.vials,
        FreezerStake.last_copies,
        FreezerStake.reserved,
        AlarmRule.delay_on_s,
        Agent.code.label("agent"),
        Agent.site.label("agent_site"),
    )
    .outerjoin(Channel, Channel.id == Episode.channel_id)
    .outerjoin(Agent, Agent.id == Episode.agent_id)
    .join(AlarmRule, AlarmRule.id == Episode.rule_id)
    .outerjoin(Container, Container.id == Episode.freezer_id)
    .outerjoin(Room, Room.id == Container.room_id)
    .outerjoin(Site, or_(Site.id == Room.site_id, Site.id == Episode.site_id))
    .outerjoin(FreezerStake, FreezerStake.freezer_id == Episode.freezer_id)
)
_UNFINISHED = or_(
    Episode.cleared_at.is_(None),
    Episode.acknowledged_at.is_(None),
    Episode.latched,
    Episode.confirm_due,
)


def unfinished(session: Session, orgs: Orgs, now: datetime) -> list[Alarm]:
    """Return what is going on or unanswered in these organisations, as the board shows it."""
    query = narrowed(_WITH_PLACE.where(_UNFINISHED), orgs).order_by(Episode.id.desc())
    alarms = _alarms(session, query.limit(MOST_ROWS), now)
    return sorted(alarms, key=lambda a: rules.order(a.state, a.acknowledged, a.episode.raised_at))


def of_freezer(session: Session, freezer_id: int, now: datetime, limit: int = 8) -> list[Alarm]:
    """Return the freezer's latest alarms: the unfinished ones first, then the newest."""
    query = _WITH_PLACE.where(Episode.freezer_id == freezer_id)
    return _alarms(session, query.order_by(_UNFINISHED.desc(), Episode.id.desc()).limit(limit), now)


def history(
    session: Session, orgs: Orgs, now: datetime, where: Sequence[Any], limit: int, offset: int
) -> tuple[list[Alarm], int]:
    """Return a page of all alarms that meet the conditions, newest first, and how many there are."""
    query = narrowed(_WITH_PLACE.where(*where), orgs)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = query.order_by(Episode.raised_at.desc(), Episode.id.desc()).limit(limit).offset(offset)
    return _alarms(session, page, now), total


def page(
    session: Session, orgs: Orgs, now: datetime, where: Sequence[Any], limit: int
) -> list[Alarm]:
    """Return the latest alarms that meet the conditions, by descending number."""
    query = narrowed(_WITH_PLACE.where(*where), orgs)
    return _alarms(session, query.order_by(Episode.id.desc()).limit(limit), now)


def one(session: Session, orgs: Orgs, alarm_id: int, now: datetime) -> Alarm | None:
    """Return one alarm that these organisations may see, or None."""
    query = narrowed(_WITH_PLACE.where(Episode.id == alarm_id), orgs)
    return next(iter(_alarms(session, query, now)), None)


def narrowed(query: Select[Any], orgs: Orgs) -> Select[Any]:
    """Narrow a query of episodes to these organisations; None means all."""
    return query if orgs is None else query.where(Episode.org_id.in_(sorted(orgs)))


def stamp(session: Session) -> tuple[object, ...]:
    """Return something that changes whenever the board's rows do: cheap to look at."""
    alarms = session.execute(
        select(func.count(), func.max(Episode.id), func.sum(Episode.version)).where(_UNFINISHED)
    ).one()
    return (*alarms, session.scalar(select(func.max(Notice.id))))


def _alarms(session: Session, query: Select[Any], now: datetime) -> list[Alarm]:
    rows = session.execute(query).all()
    told = told_about(session, "alarm", [row.Episode.id for row in rows]) if rows else {}
    return [_alarm(session, row, told[row.Episode.id], now) for row in rows]


def _alarm(session: Session, row: Row[Any], told: Sequence[Told], now: datetime) -> Alarm:
    episode: Episode = row.Episode
    place, key = _place(row), row.key or ""
    label = (row.label or "") if row.key else _name(row)
    going_on = episode.cleared_at is None
    seconds = ((episode.cleared_at or now) - episode.raised_at).total_seconds()
    value = row.latest_value if going_on and not episode.drill else episode.worst_value
    seen = Sighting(
        episode.kind, episode.severity, key, label, episode.limit_value,
        value if episode.kind in {"high", "low"} else None, episode.raised_at, episode.drill,
        unpacked(episode.detail),
    )  # fmt: skip
    live = going_on and not episode.drill
    per_min = _trend(session, episode, now) if live and seen.value is not None else None
    around = neighbours(session, episode, now) if live else Neighbours()
    return Alarm(
        episode=episode,
        state=rules.state_of(episode.kind, episode.severity),
        place=place,
        key=key,
        label=label,
        title=wording.title(episode.kind, key, label, seen.detail),
        figure=_figure(seen, seconds) if going_on else _present(episode, row),
        note=_note(seen, row, place, per_min) if going_on else _worst(seen, seconds),
        sentence=wording.sentence(seen, place, per_min, around)
        if episode.cleared_at is None
        else wording.over_sentence(
            seen, place, episode.cleared_at, acknowledged=episode.acknowledged_at is not None
        ),
        stake=None if row.vials is None else Stake(row.vials, row.last_copies, row.reserved),
        told=told,
        seconds=seconds,
    )


def _trend(session: Session, episode: Episode, now: datetime) -> float | None:
    return None if episode.channel_id is None else trend(session, episode.channel_id, now)


def _name(row: Row[Any]) -> str:
    """What an alarm that is of no channel is about."""
    return row.agent or row.freezer or row.site or "Cryokeep"


def _place(row: Row[Any]) -> Place:
    if row.key is None and row.freezer is None:
        return Place(_name(row), row.agent_site or "", "", row.time_zone or "UTC")
    return Place(row.freezer or "?", row.site or "", row.room or "", row.time_zone or "UTC")


def _figure(seen: Sighting, seconds: float) -> Sentence:
    if seen.kind == "stale":
        return Sentence(N_("silent"))
    if seen.kind == "door":
        return wording.span(seconds)
    if not KINDS[seen.kind].has_value:
        return wording.span(seconds)
    if seen.value is None:
        return Sentence(N_("no number"))
    return Sentence(wording.figure(seen.key, seen.value))


def _present(episode: Episode, row: Row[Any]) -> Sentence:
    """Return how the channel stands now that the condition is gone; a drill's never stood anywhere."""
    if episode.drill or row.latest_value is None:
        return Sentence(N_("over"))
    if rules.is_door(row.key or ""):
        return Sentence(N_("lid open") if row.latest_value >= 0.5 else N_("lid closed"))
    return Sentence(wording.figure(row.key, row.latest_value))


def _worst(seen: Sighting, seconds: float) -> Sentence:
    if seen.kind == "stale":
        return Sentence(N_("was silent for %(span)s"), {"span": wording.span(seconds)})
    if seen.kind == "door":
        return Sentence(N_("was open for %(span)s"), {"span": wording.span(seconds)})
    if not KINDS[seen.kind].has_value:
        return Sentence(N_("lasted %(span)s"), {"span": wording.span(seconds)})
    facts = {"limit": wording.number(seen.limit)}
    if seen.value is None:
        return Sentence(N_("limit %(limit)s"), facts)
    worst = wording.figure(seen.key, seen.value)
    return Sentence(N_("worst %(worst)s, limit %(limit)s"), {"worst": worst, **facts})


def _note(seen: Sighting, row: Row[Any], place: Place, per_min: float | None) -> Sentence:
    if seen.kind == "stale":
        return _last_heard(seen, row, place)
    if seen.kind == "door":
        return Sentence(N_("allowed %(span)s"), {"span": wording.span(row.delay_on_s)})
    if not KINDS[seen.kind].has_value:
        return wording.distance(seen)
    limit = wording.number(seen.limit)
    if per_min is None:
        return Sentence(N_("limit %(limit)s"), {"limit": limit})
    facts = {"limit": limit, "rate": wording.rate(seen.key, per_min)}
    return Sentence(N_("limit %(limit)s, %(rate)s"), facts)


def _last_heard(seen: Sighting, row: Row[Any], place: Place) -> Sentence:
    if row.number_at_ms is None:
        return Sentence(N_("never gave a reading"))
    at = wording.clock_time(from_ms(row.number_at_ms), place)
    if row.latest_value is None:
        return Sentence(N_("last heard at %(at)s"), {"at": at})
    facts = {"value": wording.figure(seen.key, row.latest_value), "at": at}
    return Sentence(N_("last %(value)s at %(at)s"), facts)


def trend(session: Session, channel_id: int, now: datetime) -> float | None:
    """Return how the channel has changed a minute over the last ten minutes; None where too little is known."""
    rows = session.execute(
        select(reading.c.at_ms, reading.c.value)
        .where(
            reading.c.channel_id == channel_id,
            reading.c.at_ms >= to_ms(now) - TREND_MS,
            reading.c.value.is_not(None),
        )
        .order_by(reading.c.at_ms)
    ).all()
    return rules.slope_per_min([(row.at_ms, row.value) for row in rows])


def neighbours(session: Session, episode: Episode, now: datetime) -> Neighbours:
    """Return how the lid and the level of the same freezer stand."""
    if episode.freezer_id is None:
        return Neighbours()
    rows = session.execute(
        select(Channel.id, Channel.key, Channel.latest_value).where(
            Channel.freezer_id == episode.freezer_id,
            Channel.key.in_(("lid_open", "door_open", "level_mm")),
            Channel.id != episode.channel_id,
        )
    ).all()
    lid: bool | None = None
    level: float | None = None
    for row in rows:
        if rules.is_door(row.key) and row.latest_value is not None:
            lid = row.latest_value >= 0.5
        elif row.key == "level_mm":
            level = trend(session, row.id, now)
    return Neighbours(lid, level)
