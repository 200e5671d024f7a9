"""Reads of alarms that more than one caller needs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.board import Alarm, unfinished
from server.alarms.models import FreezerStake
from server.alarms.wording import Place, Stake
from server.core.actor import Actor
from server.storage.models import Container, Room, Site
from server.telemetry.models import Channel


@dataclass(frozen=True)
class Surroundings:
    """What an alarm on a channel has to say of the place: one statement's answer."""

    key: str
    label: str
    freezer_id: int | None
    place: Place
    stake: Stake | None


_SURROUNDINGS = (
    select(
        Channel.key,
        Channel.label,
        Channel.freezer_id,
        Container.code,
        Site.name,
        Room.code.label("room"),
        Site.time_zone,
        FreezerStake.vials,
        FreezerStake.last_copies,
        FreezerStake.reserved,
    )
    .outerjoin(Container, Container.id == Channel.freezer_id)
    .outerjoin(Room, Room.id == Container.room_id)
    .outerjoin(Site, Site.id == Room.site_id)
    .outerjoin(FreezerStake, FreezerStake.freezer_id == Channel.freezer_id)
)


def surroundings(session: Session, channel_id: int) -> Surroundings:
    """Return what stands around a channel: which freezer, where, and what is in it."""
    row = session.execute(_SURROUNDINGS.where(Channel.id == channel_id)).one()
    place = Place(row.code or "?", row.name or "", row.room or "", row.time_zone or "UTC")
    stake = None if row.vials is None else Stake(row.vials, row.last_copies, row.reserved)
    return Surroundings(row.key, row.label, row.freezer_id, place, stake)


def board(session: Session, actor: Actor, now: datetime) -> list[Alarm]:
    """Return the alarms that the actor may see and that still need somebody, in the order of trust."""
    return unfinished(session, actor.orgs("alarms.read"), now)
