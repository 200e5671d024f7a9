"""The button at the freezer: whoever presses it has answered, for everybody who would be called."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Row, Select, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from server.alarms import service
from server.alarms.models import Acknowledgement, AlarmRule, Episode
from server.core.actor import Actor
from server.core.clock import from_ms, to_ms
from server.core.sets import among
from server.core.words import N_
from server.telemetry.device_events import Press
from server.telemetry.models import PRESSES, Channel, DeviceEvent

DOOR: Final = "button"
WHO: Final = N_("somebody at the freezer, by the button")
Found = Sequence[Row[Episode, Channel, float]]
"""Alarms, each with its channel and the delay of its rule."""
LATELY: Final = timedelta(minutes=10)
"""So long after its recording an alarm is still held against presses that were here before it."""
_AT_THE_BUTTON: Final = Actor(id=None, name=WHO, kind="agent", door="worker")

_PRESSED = (
    select(Acknowledgement.id)
    .where(
        Acknowledgement.episode_id == Episode.id,
        Acknowledgement.door == DOOR,
        Acknowledgement.ran_out_at.is_(None),
    )
    .exists()
)

_PRESSED_BEFORE: Final = select(Acknowledgement.episode_id).where(Acknowledgement.door == DOOR)
_ANY_PRESS: Final = select(
    exists().where(
        PRESSES, DeviceEvent.drill == "", DeviceEvent.at_ms >= bindparam("since", type_=BigInteger)
    )
)


def acknowledge(session: Session, presses: Sequence[Press], *, now: datetime) -> int:
    """Acknowledge what stood on these channels when the button was pressed; returns how many episodes.

    An alarm that began after the press, one of a drill, and one that has been acknowledged (by the button too,
    where it asks for several persons) stay as they are. A press for a channel that nobody knows changes nothing.
    """
    found = [episode for press in presses for episode in _stood(session, press)]
    unique = {episode.id: episode for episode in found}
    for episode in unique.values():
        service.acknowledge(session, _AT_THE_BUTTON, episode, "", at=now, door=DOOR)
    return len(unique)


def is_any_late(session: Session, now: datetime) -> bool:
    """Say whether `acknowledge_late` would answer an alarm; only reads.

    Nearly always nobody has pressed, and that is found out without looking at a single alarm.
    """
    since_ms = _earliest_ms(session, now)
    if since_ms is None or not session.scalar(_ANY_PRESS, {"since": since_ms}):
        return False
    return any(_was_answered(session, *found) for found in _of_pressed(session, _new(session, now)))


def acknowledge_late(session: Session, now: datetime) -> int:
    """Acknowledge new alarms whose press was here before the reading that raised them; returns how many.

    The press answers them when what they tell of had begun by then: a delay that still ran when somebody
    pressed the button is no reason to call others. A press that is newer is `acknowledge`'s.
    """
    new = _of_pressed(session, _new(session, now, lock=True))
    answered = [found[0] for found in new if _was_answered(session, *found)]
    for episode in answered:
        service.acknowledge(session, _AT_THE_BUTTON, episode, "", at=now, door=DOOR)
    return len(answered)


def _earliest_ms(session: Session, now: datetime) -> int | None:
    """Since when a press could answer one of the new alarms; None: there are none."""
    wanted = select(func.min(Episode.raised_at), func.max(AlarmRule.delay_on_s))
    first, delay_s = session.execute(_among_new(wanted.select_from(Episode), now)).one()
    return None if first is None else to_ms(first) - round(delay_s * 1000)


def _among_new(wanted: Select[*tuple[Any, ...]], now: datetime) -> Select[*tuple[Any, ...]]:
    """Return the query of unanswered alarms that were recorded lately, with their channel and their rule."""
    return (
        wanted.join(Channel, Channel.id == Episode.channel_id)
        .join(AlarmRule, AlarmRule.id == Episode.rule_id)
        .where(Episode.drill == "", Episode.acknowledged_at.is_(None))
        .where(Episode.recorded_at > now - LATELY, Episode.id.not_in(_PRESSED_BEFORE))
    )


def _new(session: Session, now: datetime, *, lock: bool = False) -> Found:
    """Unanswered alarms that were recorded lately, with their channel and the delay of their rule."""
    columns = select(Episode, Channel, AlarmRule.delay_on_s)
    wanted = _among_new(columns, now).order_by(Episode.id)
    return session.execute(wanted.with_for_update(of=Episode) if lock else wanted).all()


def _of_pressed(session: Session, found: Found) -> Found:
    """Those of agents whose button was pressed since the first of them can have begun: one question for thousands."""
    if not found:
        return found
    since = min(_began_ms(episode, delay_s) for episode, _channel, delay_s in found)
    wanted = select(DeviceEvent.agent_id).where(
        among(DeviceEvent.agent_id, {channel.agent_id for _episode, channel, _delay_s in found}),
        PRESSES,
        DeviceEvent.drill == "",
        DeviceEvent.at_ms >= since,
    )
    pressed = set(session.scalars(wanted.distinct()))
    return [row for row in found if row[1].agent_id in pressed]


def _began_ms(episode: Episode, delay_s: float) -> int:
    """When the condition of an alarm had begun at the latest, in milliseconds."""
    return to_ms(episode.raised_at) - round(delay_s * 1000)


def _was_answered(session: Session, episode: Episode, channel: Channel, delay_s: float) -> bool:
    """Say whether the button was pressed for this channel while the alarm's condition held."""
    until = episode.cleared_at or episode.recorded_at
    wanted = select(DeviceEvent.facts).where(
        DeviceEvent.agent_id == channel.agent_id,
        PRESSES,
        DeviceEvent.drill == "",
        DeviceEvent.at_ms.between(_began_ms(episode, delay_s), to_ms(until)),
    )
    presses = [json.loads(facts) for facts in session.scalars(wanted)]
    here = (channel.stream, channel.key)
    return any((press.get("stream"), press.get("channel")) == here for press in presses)


def _stood(session: Session, press: Press) -> Sequence[Episode]:
    at = from_ms(press.at_ms)
    wanted = (
        select(Episode)
        .join(Channel, Channel.id == Episode.channel_id)
        .where(Channel.agent_id == press.agent_id)
        .where(Channel.stream == press.stream, Channel.key == press.channel)
        .where(Episode.drill == "", Episode.acknowledged_at.is_(None), Episode.raised_at <= at)
        .where(~_PRESSED)
        .where(or_(Episode.cleared_at.is_(None), Episode.cleared_at >= at))
        .order_by(Episode.id)
        .with_for_update(of=Episode)
    )
    return session.scalars(wanted).all()
