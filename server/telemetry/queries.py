"""Reads of telemetry that more than one caller needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.clock import from_ms as moment
from server.core.clock import to_ms as milliseconds
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.telemetry import quantities
from server.telemetry.history import Track, history, silence_ms
from server.telemetry.models import Agent, Channel
from server.telemetry.warmest import Warmest, warmest

__all__ = [
    "Channelled", "Latest", "Track", "Warmest", "agents_seen_by", "channel", "channelled", "channels_seen_by", "history", "latest", "warmest",
]  # fmt: skip


@dataclass(frozen=True)
class Latest:
    """The newest reading of one channel of a freezer; `number_at` is when it last gave a number."""

    channel_id: int
    freezer_id: int
    key: str
    label: str
    interval_s: float
    value: float | None
    quality: int | None
    at: datetime | None
    number_at: datetime | None

    def is_silent(self, now: datetime) -> bool:
        """Say whether three intervals have passed without a number: its value is unknown."""
        if self.number_at is None:
            return True
        return milliseconds(now) - milliseconds(self.number_at) > silence_ms(self.interval_s)

    def known(self, now: datetime) -> float | None:
        """Return the value, or None where it is unknown."""
        return None if self.is_silent(now) else self.value


def latest(session: Session, freezer_ids: Sequence[int]) -> dict[int, list[Latest]]:
    """Return the newest reading of every confirmed channel, by freezer; unmeasured freezers have none."""
    wanted = (
        select(Channel)
        .where(Channel.freezer_id.in_(freezer_ids), Channel.confirmed)
        .order_by(Channel.freezer_id, Channel.key, Channel.id)
    )
    found: dict[int, list[Latest]] = {freezer_id: [] for freezer_id in freezer_ids}
    for one in session.scalars(wanted):
        if one.freezer_id is not None:
            found[one.freezer_id].append(_latest(one, one.freezer_id))
    return found


def _latest(one: Channel, freezer_id: int) -> Latest:
    return Latest(
        one.id, freezer_id, one.key, one.label, one.interval_s, one.latest_value, one.latest_quality,
        None if one.latest_at_ms is None else moment(one.latest_at_ms),
        None if one.number_at_ms is None else moment(one.number_at_ms),
    )  # fmt: skip


@dataclass(frozen=True)
class Channelled:
    """A channel with its value now; None where that is unknown."""

    channel: Channel
    value: float | None
    at: datetime | None
    """When it last gave a number."""

    @property
    def word(self) -> str:
        """Return what it measures, to be translated."""
        return quantities.word_of(self.channel.key)

    @property
    def figure(self) -> str:
        """Return the value with its unit; empty where it is unknown."""
        return "" if self.value is None else quantities.figure(self.channel.key, self.value)


def channelled(one: Channel, now: datetime) -> Channelled:
    """Return the channel with its value, unless three intervals have passed without a number."""
    newest = _latest(one, one.freezer_id or 0)
    return Channelled(one, newest.known(now), newest.number_at)


def agents_seen_by(actor: Actor, permission: str = "telemetry.read") -> Select[Any]:
    """Return the query of the agents that the actor may see; what stands for logs is none."""
    return visible(select(Agent).where(~Agent.of_logs), actor, permission, Agent.org_id)


def channels_seen_by(actor: Actor, permission: str = "telemetry.read") -> Select[Any]:
    """Return the query of the channels that the actor may see: those of the agents that they may see."""
    wanted = select(Channel).join(Agent, Agent.id == Channel.agent_id)
    return visible(wanted, actor, permission, Agent.org_id)


def channel(
    session: Session, actor: Actor, channel_id: int, permission: str = "telemetry.read"
) -> Channel:
    """Return the channel; NotFound where there is none that the actor may see."""
    wanted = channels_seen_by(actor, permission).where(Channel.id == channel_id)
    found: Channel | None = session.scalars(wanted).first()
    if found is None:
        because = N_("There is no channel %(number)s. The page of its agent lists the channels.")
        raise NotFound(Refusal("no_such_channel", because, {"number": channel_id}))
    return found
