"""Reads of alarms that more than one caller needs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from server.alarms.board import Alarm, unfinished
from server.alarms.models import FreezerStake
from server.alarms.wording import Place, Stake
from server.core.actor import Actor
from server.core.plain import Plain
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


_SURROUNDINGS = Plain(
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
    .where(Channel.id == bindparam("channel_id"))
)


def surroundings(session: Session, channel_id: int) -> Surroundings:
    """Return what stands around a channel: which freezer, where, and what is in it."""
    ((key, label, freezer_id, freezer, site, room, zone, *stake),) = _SURROUNDINGS.ask(
        session, channel_id=channel_id
    ).rows()
    place = Place(freezer or "?", site or "", room or "", zone or "UTC")
    return Surroundings(key, label, freezer_id, place, None if stake[0] is None else Stake(*stake))


def board(session: Session, actor: Actor, now: datetime) -> list[Alarm]:
    """Return the alarms that the actor may see and that still need somebody, in the order of trust."""
    return unfinished(session, actor.orgs("alarms.read"), now)
