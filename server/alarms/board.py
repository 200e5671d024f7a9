"""The board: every alarm that still needs somebody, in the order of trust, with what is at stake."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from server.alarms import answered, machine, rules, wording
from server.alarms.around import Around, around
from server.alarms.kinds import KINDS
from server.alarms.models import Acknowledgement, AlarmRule, Episode, FreezerStake
from server.alarms.wording import Place, Sighting, Stake
from server.core.clock import from_ms
from server.core.words import N_
from server.notify.models import Notice
from server.notify.queries import Told, told_about
from server.notify.rules import Sentence, unpacked
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel

Orgs = frozenset[int] | None
MOST_ROWS = 100


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
    answers: Sequence[Acknowledgement] = ()
    """Every acknowledgement, the earliest first, those that ran out among them."""
    explains: Sequence[tuple[str, int]] = ()
    """How many alarms of which kind stand below it, the most frequent first."""
    to_do: Sentence | None = None
    """What its kind tells people to do while it goes on: leave the room, close the lid."""

    @property
    def below(self) -> int:
        """Return how many alarms it explains that still need somebody."""
        return sum(n for _kind, n in self.explains)

    @property
    def kinds_below(self) -> list[Sentence]:
        """Return how many of each kind: no readings 12, node silent 2."""
        facts = [{"kind": Sentence(KINDS[kind].word), "n": n} for kind, n in self.explains]
        return [Sentence(N_("%(kind)s %(n)s"), one) for one in facts]

    @property
    def acknowledged(self) -> bool:
        """Say whether a person has answered."""
        return self.episode.acknowledged_at is not None

    @property
    def held(self) -> bool:
        """Say whether nobody is called for it although it is not done with: acknowledged, or set aside."""
        return self.acknowledged or self.episode.silenced not in {"", "flood"}

    @property
    def silent(self) -> bool:
        """Say whether it goes on, unanswered, and is held only because it is set aside."""
        return self.held and not self.acknowledged and not self.over

    @property
    def rest(self) -> str:
        """Return what a person still has to do about one that is over, to be translated; empty while it goes on."""
        if not self.over:
            return ""
        if not self.acknowledged:
            return N_("over, not acknowledged")
        return N_("over, to be reset") if self.episode.latched else N_("over, to be confirmed")

    @property
    def aside(self) -> str:
        """Return why nobody is called, to be translated; empty where somebody is."""
        return machine.WORDS.get(self.episode.silenced, "")

    @property
    def standing(self) -> list[Acknowledgement]:
        """Return the acknowledgements that have not run out."""
        return [answer for answer in self.answers if answer.ran_out_at is None]

    @property
    def missing(self) -> int:
        """Return how many persons have yet to acknowledge it."""
        return 0 if self.acknowledged else answered.missing(self.episode, self.standing)

    @property
    def over(self) -> bool:
        """Say whether the condition is gone."""
        return self.episode.cleared_at is not None

    @property
    def where(self) -> str:
        """Return the freezer and where it stands: LN2-03 · Pudong B1.04."""
        there = " ".join(part for part in (self.place.site, self.place.room) if part)
        return f"{self.place.freezer} · {there}" if there else self.place.freezer


_OWN = aliased(Site)
_ZONE = (
    select(_OWN.time_zone)
    .where(_OWN.org_id == Episode.org_id)
    .order_by(_OWN.id)
    .limit(1)
    .correlate(Episode)
    .scalar_subquery()
)
"""The time of the organisation's first site, for what stands at none."""
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
        func.coalesce(Site.time_zone, _ZONE).label("time_zone"),
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
UNFINISHED = or_(
    Episode.cleared_at.is_(None),
    Episode.acknowledged_at.is_(None),
    Episode.latched,
    Episode.confirm_due,
)
_ASIDE = Episode.silenced.not_in(("", "flood"))
_TRUST = (
    or_(Episode.acknowledged_at.is_not(None), _ASIDE),
    case(
        (Episode.kind.in_([name for name, kind in KINDS.items() if kind.unknown]), rules.TRUST["unknown"]),
        *((Episode.severity == one, rules.TRUST[one]) for one in rules.SEVERITIES),
    ),
    Episode.raised_at,
    Episode.id,
)  # fmt: skip
"""The order of `rules.order`, as the database sorts."""


@dataclass(frozen=True)
class Board:
    """What needs somebody: the rows that a page shows, and how many of all there are."""

    alarms: Sequence[Alarm]
    waiting: Mapping[str, int]
    """For how many somebody is called, by the state that the eye sees."""
    acknowledged: int
    """How many a person has answered."""
    aside: int
    """How many are set aside, and not answered."""

    @property
    def together(self) -> int:
        """Return how many of the rows are over and may be acknowledged together with one answer."""
        return sum(
            alarm.over and not alarm.acknowledged and alarm.episode.acks_needed <= 1
            and alarm.episode.severity != "critical" and alarm.episode.alarm_class != "safety"
            and not alarm.episode.drill
            for alarm in self.alarms
        )  # fmt: skip

    @property
    def rest(self) -> int:
        """Return how many more there are than rows; in a flood the most urgent ones are the rows."""
        return sum(self.waiting.values()) + self.acknowledged + self.aside - len(self.alarms)


def look(session: Session, orgs: Orgs, now: datetime, most: int = MOST_ROWS) -> Board:
    """Return the board of these organisations with at most so many rows, in the order of trust.

    What another alarm explains has no row of its own: it is counted below that. The work is the same however
    many alarms there are.
    """
    mine = (UNFINISHED, Episode.silenced != "inhibited")
    chosen = narrowed(select(Episode.id).where(*mine), orgs).order_by(*_TRUST).limit(most)
    ids = list(session.scalars(chosen))
    alarms = _alarms(session, _WITH_PLACE.where(Episode.id.in_(ids)), now) if ids else []
    alarms.sort(key=lambda a: rules.order(a.state, a.held, a.episode.raised_at))
    by = (Episode.kind, Episode.severity, Episode.acknowledged_at.is_not(None), _ASIDE)
    counted = narrowed(select(*by, func.count()).where(*mine), orgs).group_by(*by)
    waiting: Counter[str] = Counter()
    answers = aside = 0
    for kind, severity, acknowledged, is_aside, n in session.execute(counted):
        if acknowledged:
            answers += n
        elif is_aside:
            aside += n
        else:
            waiting[rules.state_of(kind, severity)] += n
    return Board(alarms, waiting, answers, aside)


def unfinished(session: Session, orgs: Orgs, now: datetime) -> list[Alarm]:
    """Return the rows of the board of these organisations."""
    return list(look(session, orgs, now).alarms)


def of_freezer(session: Session, freezer_id: int, now: datetime, limit: int = 8) -> list[Alarm]:
    """Return the freezer's latest alarms: the unfinished ones first, then the newest."""
    query = _WITH_PLACE.where(Episode.freezer_id == freezer_id)
    return _alarms(session, query.order_by(UNFINISHED.desc(), Episode.id.desc()).limit(limit), now)


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


def narrowed(query: Select[*tuple[Any, ...]], orgs: Orgs) -> Select[*tuple[Any, ...]]:
    """Narrow a query of episodes to these organisations; None means all."""
    return query if orgs is None else query.where(Episode.org_id.in_(sorted(orgs)))


def stamp(session: Session) -> tuple[object, ...]:
    """Return something that changes whenever the board's rows do: cheap to look at."""
    alarms = session.execute(
        select(func.count(), func.max(Episode.id), func.sum(Episode.version)).where(UNFINISHED)
    ).one()
    return (*alarms, session.scalar(select(func.max(Notice.id))))


def _alarms(session: Session, query: Select[*tuple[Any, ...]], now: datetime) -> list[Alarm]:
    rows = session.execute(query).all()
    if not rows:
        return []
    ids = [row.Episode.id for row in rows]
    told, given = told_about(session, "alarm", ids), answered.of(session, ids)
    near, explained = around(session, [row.Episode for row in rows], now), _below(session, ids)
    return [
        _alarm(row, told[number], given[number], near, explained.get(number, ()), now)
        for number, row in zip(ids, rows, strict=True)
    ]


def _below(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """How many alarms of which kind each of these explains that still need somebody, the most frequent first."""
    rows = session.execute(
        select(Episode.cause_id, Episode.kind, func.count())
        .where(Episode.cause_id.in_(ids), Episode.silenced == "inhibited", UNFINISHED)
        .group_by(Episode.cause_id, Episode.kind)
        .order_by(func.count().desc(), Episode.kind)
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for cause_id, kind, n in rows:
        if cause_id is not None:
            found.setdefault(cause_id, []).append((kind, n))
    return found


def _alarm(
    row: Row[Any],
    told: Sequence[Told],
    given: Sequence[Acknowledgement],
    near: Around,
    explains: Sequence[tuple[str, int]],
    now: datetime,
) -> Alarm:
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
    per_min = near.per_min(episode) if seen.value is not None else None
    return Alarm(
        episode=episode,
        state=rules.state_of(episode.kind, episode.severity),
        place=place,
        key=key,
        label=label,
        title=wording.title(episode.kind, key, label, seen.detail),
        figure=_figure(seen, seconds) if going_on else _present(episode, row),
        note=_note(seen, row, place, per_min) if going_on else _worst(seen, seconds),
        sentence=wording.sentence(seen, place, per_min, near.neighbours(episode))
        if episode.cleared_at is None
        else wording.over_sentence(
            seen, place, episode.cleared_at, acknowledged=episode.acknowledged_at is not None
        ),
        stake=None if row.vials is None else Stake(row.vials, row.last_copies, row.reserved),
        told=told,
        seconds=seconds,
        answers=given,
        explains=tuple(explains),
        to_do=wording.what_to_do(seen) if going_on else None,
    )


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
