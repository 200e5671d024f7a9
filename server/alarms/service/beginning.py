"""What a channel is watched for from its beginning: its limits, and the trends that fit what stands beside it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import trend_defaults
from server.alarms.models import AlarmRule
from server.alarms.service.configure import add_rule
from server.alarms.service.configure import default_rules as limits_of
from server.core.actor import Actor
from server.telemetry.models import Channel


def default_rules(
    session: Session, actor: Actor, channel: Channel, *, at: datetime
) -> list[AlarmRule]:
    """Give a channel that nobody watches yet the usual rules; none where it has any.

    A twin that was set up before this channel came is held against it from now on.
    """
    made = limits_of(session, actor, channel, at=at)
    if not made:
        return []
    beside = _beside(session, channel)
    wishes = trend_defaults.of_channel(channel.key, {other.key for other in beside})
    made += [add_rule(session, actor, channel, wish, at=at) for wish in wishes]
    for other in beside:
        if other.key in trend_defaults.named_by(channel.key):
            made += _pair(session, actor, other, channel, at)
    return made


def _beside(session: Session, channel: Channel) -> list[Channel]:
    """The other channels of its freezer."""
    if channel.freezer_id is None:
        return []
    wanted = select(Channel).where(
        Channel.freezer_id == channel.freezer_id, Channel.id != channel.id
    )
    return list(session.scalars(wanted.order_by(Channel.id)))


def _pair(
    session: Session, actor: Actor, earlier: Channel, channel: Channel, at: datetime
) -> list[AlarmRule]:
    """Hold a channel that is watched already against the one that came later, unless it is."""
    kinds = set(session.scalars(select(AlarmRule.kind).where(AlarmRule.channel_id == earlier.id)))
    return [
        add_rule(session, actor, earlier, wish, at=at)
        for wish in trend_defaults.of_twins(earlier.key, {channel.key})
        if kinds and wish.kind not in kinds
    ]
