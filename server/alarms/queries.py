"""Reads of alarms that more than one caller needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from server.alarms.board import MOST_ROWS, Alarm, Board, look
from server.alarms.models import FreezerStake
from server.alarms.wording import Place, Stake
from server.core.actor import Actor
from server.core.plain import Plain
from server.storage.models import Container, Room, Site
from server.telemetry.models import Agent, Channel


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


class Watching(Protocol):
    """What says which thing a rule or an episode is about."""

    @property
    def channel_id(self) -> int | None:
        """The channel, or None."""

    @property
    def freezer_id(self) -> int | None:
        """The freezer itself, or None."""

    @property
    def agent_id(self) -> int | None:
        """The agent, or None."""

    @property
    def site_id(self) -> int | None:
        """The site, or None."""


def surroundings(session: Session, of: Watching) -> Surroundings:
    """Return what stands around the thing: which channel, freezer, agent or site, where, and what is in it."""
    if of.channel_id is None:
        return _of_other(session, of)
    ((key, label, freezer_id, freezer, site, room, zone, *stake),) = _SURROUNDINGS.ask(
        session, channel_id=of.channel_id
    ).rows()
    place = Place(freezer or "?", site or "", room or "", zone or "UTC")
    return Surroundings(key, label, freezer_id, place, None if stake[0] is None else Stake(*stake))


def _of_other(session: Session, of: Watching) -> Surroundings:
    """What stands around a freezer, agent or site; nothing around the system itself."""
    if of.freezer_id is not None:
        return _of_freezer(session, of.freezer_id)
    if of.agent_id is not None:
        agent = session.get_one(Agent, of.agent_id)
        return Surroundings("", agent.code, None, Place(agent.code, agent.site), None)
    if of.site_id is not None:
        site = session.get_one(Site, of.site_id)
        return Surroundings("", site.name, None, Place(site.name, "", "", site.time_zone), None)
    return Surroundings("", "Cryokeep", None, Place("Cryokeep"), None)


def _of_freezer(session: Session, freezer_id: int) -> Surroundings:
    row = session.execute(
        select(
            Container.code, Site.name, Room.code, Site.time_zone,
            FreezerStake.vials, FreezerStake.last_copies, FreezerStake.reserved,
        )
        .outerjoin(Room, Room.id == Container.room_id)
        .outerjoin(Site, Site.id == Room.site_id)
        .outerjoin(FreezerStake, FreezerStake.freezer_id == Container.id)
        .where(Container.id == freezer_id)
    ).one()  # fmt: skip
    place = Place(row[0], row[1] or "", row[2] or "", row[3] or "UTC")
    return Surroundings("", row[0], freezer_id, place, _stake(*row[4:]))


def _stake(vials: int | None, last_copies: int, reserved: int) -> Stake | None:
    return None if vials is None else Stake(vials, last_copies, reserved)


def board(session: Session, actor: Actor, now: datetime) -> list[Alarm]:
    """Return the alarms that the actor may see and that still need somebody, in the order of trust."""
    return list(seen(session, actor, now).alarms)


def seen(session: Session, actor: Actor, now: datetime, most: int = MOST_ROWS) -> Board:
    """Return the board that the actor may see, with at most so many rows."""
    return look(session, actor.orgs("alarms.read"), now, most)
