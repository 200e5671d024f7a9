"""The button at the freezer: whoever presses it has answered, for everybody who would be called."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.alarms import service
from server.alarms.models import Episode
from server.core.actor import Actor
from server.core.clock import from_ms
from server.core.words import N_
from server.telemetry.device_events import Press
from server.telemetry.models import Channel

WHO: Final = N_("somebody at the freezer, by the button")
_AT_THE_BUTTON: Final = Actor(id=None, name=WHO, kind="agent", door="worker")


def acknowledge(session: Session, presses: Sequence[Press], *, now: datetime) -> int:
    """Acknowledge what stood on these channels when the button was pressed; returns how many episodes.

    An alarm that began after the press, one of a drill, and one that has been acknowledged stay as they
    are. A press for a channel that nobody knows changes nothing.
    """
    found = [episode for press in presses for episode in _stood(session, press)]
    unique = {episode.id: episode for episode in found}
    for episode in unique.values():
        service.acknowledge(session, _AT_THE_BUTTON, episode, "", at=now)
    return len(unique)


def _stood(session: Session, press: Press) -> Sequence[Episode]:
    at = from_ms(press.at_ms)
    wanted = (
        select(Episode)
        .join(Channel, Channel.id == Episode.channel_id)
        .where(Channel.agent_id == press.agent_id)
        .where(Channel.stream == press.stream, Channel.key == press.channel)
        .where(Episode.drill == "", Episode.acknowledged_at.is_(None), Episode.raised_at <= at)
        .where(or_(Episode.cleared_at.is_(None), Episode.cleared_at >= at))
        .order_by(Episode.id)
        .with_for_update(of=Episode)
    )
    return session.scalars(wanted).all()
