"""What telemetry below is told of alarms: which spans a chart shades, and which readings are kept for ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from server.alarms import rules, wording
from server.alarms.kinds import KINDS
from server.alarms.models import Episode
from server.core.clock import from_ms, to_ms
from server.core.words import N_
from server.notify.rules import Sentence, unpacked
from server.telemetry.excursions import Excursion
from server.telemetry.happened import Line
from server.telemetry.models import Channel
from server.telemetry.quantities import word_of

KEPT_AROUND = timedelta(hours=1)
"""Readings are kept so long before an alarm and after its end."""
MOST = 500


def of_channels(
    session: Session, channels: Sequence[Channel], from_ms_: int, to_ms_: int
) -> list[Excursion]:
    """Return the alarms of these channels and of their freezers themselves that touch this time; no drills."""
    ids = [channel.id for channel in channels]
    freezers = [channel.freezer_id for channel in channels if channel.freezer_id]
    whose = or_(
        Episode.channel_id.in_(ids),
        and_(Episode.freezer_id.in_(freezers), Episode.channel_id.is_(None)),
    )
    wanted = select(Episode).where(whose, _touches(from_ms(from_ms_), from_ms(to_ms_)))
    newest = wanted.order_by(Episode.raised_at.desc()).limit(MOST)
    words = {channel.id: Sentence(word_of(channel.key)) for channel in channels}
    return [_excursion(episode, words) for episode in session.scalars(newest)]


def _excursion(episode: Episode, words: dict[int, Sentence]) -> Excursion:
    kind = KINDS.get(episode.kind)
    return Excursion(
        to_ms(episode.raised_at),
        to_ms(episode.cleared_at) if episode.cleared_at else None,
        "unknown" if kind is not None and kind.unknown else episode.severity,
        words.get(episode.channel_id or 0, Sentence(kind.word if kind else episode.kind)),
        f"/alarms/{episode.id}",
    )


def kept(session: Session, channel: Channel, from_ms_: int, to_ms_: int) -> list[tuple[int, int]]:
    """Return the times of all alarms of the channel and its freezer, an hour before and after; no drills."""
    whose: ColumnElement[bool] = Episode.channel_id == channel.id
    if channel.freezer_id is not None:
        whose = or_(whose, Episode.freezer_id == channel.freezer_id)
    begin, end = from_ms(from_ms_) - KEPT_AROUND, from_ms(to_ms_) + KEPT_AROUND
    wanted = select(Episode.raised_at, Episode.cleared_at).where(whose, _touches(begin, end))
    return [
        (to_ms(raised - KEPT_AROUND), to_ms((cleared or end) + KEPT_AROUND))
        for raised, cleared in session.execute(wanted)
    ]


def _touches(begin: datetime, end: datetime) -> ColumnElement[bool]:
    still = or_(Episode.cleared_at.is_(None), Episode.cleared_at > begin)
    return and_(Episode.drill == "", Episode.raised_at < end, still)


def happened(session: Session, freezer_id: int, since: datetime) -> list[Line]:
    """Return the freezer's alarms as lines of what happened: begun, acknowledged, over; no drills."""
    wanted = (
        select(Episode, Channel.key)
        .outerjoin(Channel, Channel.id == Episode.channel_id)
        .where(Episode.freezer_id == freezer_id, Episode.drill == "")
        .where(or_(Episode.raised_at >= since, Episode.cleared_at >= since))
        .order_by(Episode.raised_at.desc())
        .limit(MOST)
    )
    return [
        line
        for episode, key in session.execute(wanted)
        for line in _lines(episode, key or "")
        if line.at >= since
    ]


def _lines(episode: Episode, key: str) -> list[Line]:
    url = f"/alarms/{episode.id}"
    what = wording.title(episode.kind, key, detail=unpacked(episode.detail))
    state = rules.state_of(episode.kind, episode.severity)
    shown = state if episode.cleared_at is None else "plain"  # what is over looks like the past
    found = [Line(episode.raised_at, what, shown, Sentence(rules.SEVERITY_WORDS[state]), url)]
    if episode.acknowledged_at is not None:
        who = Sentence(episode.acknowledged_by_name or "?")
        text = Sentence(N_("%(what)s: acknowledged by %(who)s"), {"what": what, "who": who})
        found.append(Line(episode.acknowledged_at, text, "", None, url))
    if episode.cleared_at is not None:
        text = Sentence(N_("%(what)s: over"), {"what": what})
        found.append(Line(episode.cleared_at, text, "", None, url))
    return found
