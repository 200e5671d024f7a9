"""The demo bank's agents, their passwords, what they measure, and thirty days of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from server.alarms import service as alarms
from server.alarms.models import Acknowledgement, AlarmRule, Episode
from server.cli.demo_context import Making, Row, table_of
from server.cli.demo_history import (
    BAD_HOURS,
    CHANNELS,
    HOUR_MS,
    Past,
    Warming,
    events,
    hours,
    readings,
)
from server.cli.demo_people import BANK
from server.cli.demo_places import AGENT_SITES, FREEZERS, DemoFreezer
from server.core.actor import Actor
from server.core.clock import Clock, from_ms, to_ms
from server.core.db import Database
from server.parties.models import Organisation
from server.telemetry import service as telemetry
from server.telemetry import six_hours
from server.telemetry.models import Channel, DeviceEvent, HourDue, ReadingHour, reading

FILE = "demo-agents.json"


@dataclass(frozen=True)
class DemoTank:
    """One stream of an agent: the freezer that it reads, and the level from which it goes on."""

    stream: str
    freezer: str
    level_mm: float


@dataclass(frozen=True)
class DemoAgent:
    """One edge agent to start: its names in the topics, its password, its tanks."""

    site: str
    code: str
    password: str
    tanks: tuple[DemoTank, ...]


def agents(passwords: dict[str, str]) -> list[DemoAgent]:
    """Return the agents in the order of their names; `passwords` by "site/code"."""
    return [
        DemoAgent(
            site,
            code,
            passwords[f"{site}/{code}"],
            tuple(DemoTank(f.stream, f.code, f.level_mm) for f in tanks),
        )
        for (site, code), tanks in _by_agent().items()
    ]


def _by_agent() -> dict[tuple[str, str], list[DemoFreezer]]:
    found: dict[tuple[str, str], list[DemoFreezer]] = {}
    for freezer in FREEZERS:
        if freezer.agent:
            found.setdefault((AGENT_SITES[freezer.site], freezer.agent), []).append(freezer)
    return found


def passwords(database: Database, clock: Clock, folder: Path) -> dict[str, str]:
    """Return the agents' passwords from their file; where it is missing the agents are enrolled anew.

    The database keeps only hashes, so the file, readable for its owner alone, is the one place
    from which a later start of the demo can take them.
    """
    file = folder / FILE
    if file.exists():
        kept: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return kept
    made = _enrol(database, clock)
    folder.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(made, indent=2), encoding="utf-8")
    return made


def _enrol(database: Database, clock: Clock) -> dict[str, str]:
    made: dict[str, str] = {}
    actor = Actor.system("demo bank", "demo")
    for site, code in _by_agent():
        with database.writing() as session:
            org_id = session.scalars(select(Organisation.id).where(Organisation.code == BANK)).one()
            made[f"{site}/{code}"] = telemetry.enrol(
                session, actor, site, code, org_id, at=clock.now()
            )
    return made


def channels(making: Making) -> None:
    """Bind the agents' channels to the freezers and give them their usual alarm rules."""
    making.add("channel", Channel, list(_channel_rows(making)), by=("agent_id", "stream", "key"))
    with making.database.writing() as session:
        for channel in session.scalars(select(Channel).order_by(Channel.id)):
            alarms.default_rules(session, making.actor, channel, at=making.now)


def _channel_rows(making: Making) -> Iterator[Row]:
    for agent_id, freezer in _read_freezers(making):
        for key, label in CHANNELS:
            yield {
                "agent_id": agent_id,
                "stream": freezer.stream,
                "key": key,
                "freezer_id": making.id("container", freezer.code),
                "confirmed": True,
                "label": label,
                "probe_serial": f"{key.split('_')[0].upper()}-{freezer.code[-2:]}",
                "calibration_due": f"{making.now.year + 1}-06-30",
                "interval_s": 10.0,
            }


def _read_freezers(making: Making) -> Iterator[tuple[int, DemoFreezer]]:
    for (site, code), tanks in _by_agent().items():
        for freezer in tanks:
            yield making.id("agent", f"{site}/{code}"), freezer


def history(making: Making) -> None:
    """Write the readings of the last thirty days, as if the agents had been there."""
    for agent_id, freezer in _read_freezers(making):
        past = Past(freezer.code, freezer.level_mm, to_ms(making.now))
        ids = {
            key: making.id("channel", f"{agent_id}/{freezer.stream}/{key}") for key, _ in CHANNELS
        }
        hourly = list(hours(past, ids))
        making.pour(table_of(ReadingHour), hourly)
        with making.database.writing() as session:
            six_hours.mark(session, ((row["channel_id"], row["hour_ms"]) for row in hourly))
        making.pour(reading, readings(past, ids))
        this_hour = to_ms(making.now) // HOUR_MS * HOUR_MS
        due = [{"channel_id": channel_id, "hour_ms": this_hour} for channel_id in ids.values()]
        making.pour(table_of(HourDue), due)
        freezer_id = making.id("container", freezer.code)
        making.pour(table_of(DeviceEvent), events(past, agent_id, freezer_id))
        _latest(making, past, ids)
    making.note("history.imported", "freezer", freezers=len(FREEZERS) - 1, days=30)


def _latest(making: Making, past: Past, ids: dict[str, int]) -> None:
    with making.database.writing() as session:
        for key, value in past.reading(past.now_ms).items():
            now = {
                "latest_at_ms": past.now_ms,
                "latest_value": value,
                "latest_quality": 0,
                "number_at_ms": past.now_ms,
            }
            session.execute(update(Channel).where(Channel.id == ids[key]).values(**now))


def past_alarm(making: Making) -> None:
    """Record the one bad hour as an episode that was raised, answered and cleared."""
    for freezer, bad in BAD_HOURS.items():
        began = from_ms(
            (to_ms(making.now) - round(bad.days_ago * 24 * HOUR_MS)) // HOUR_MS * HOUR_MS
        ) + timedelta(minutes=14)
        with making.database.writing() as session:
            wanted = select(AlarmRule).join(Channel, Channel.id == AlarmRule.channel_id)
            wanted = wanted.where(
                Channel.freezer_id == making.id("container", freezer),
                Channel.key == "top_c",
                AlarmRule.kind == "high",
            )
            rule = session.scalars(wanted.order_by(AlarmRule.value.desc())).first()
            if rule is not None:
                episode = _episode(making, rule, began, bad)
                session.add(episode)
                session.flush()  # reason: its answer names it by its number
                session.add(_answer(episode))


def _episode(making: Making, rule: AlarmRule, began: datetime, bad: Warming) -> Episode:
    return Episode(
        org_id=rule.org_id,
        rule_id=rule.id,
        channel_id=rule.channel_id,
        freezer_id=rule.channel.freezer_id if rule.channel else None,
        kind=rule.kind,
        severity=rule.severity,
        limit_value=rule.value,
        raised_at=began,
        recorded_at=began + timedelta(seconds=1),
        raised_value=rule.value + 0.4,
        worst_value=bad.top_c,
        acknowledged_at=began + timedelta(minutes=6),
        acknowledged_by=making.id("person", "tech1@bank.example"),
        acknowledged_by_name="Li Ran",
        comment="Lid left ajar after the delivery; closed.",
        cleared_at=began + timedelta(minutes=41),
    )


def _answer(episode: Episode) -> Acknowledgement:
    return Acknowledgement(
        episode_id=episode.id,
        person_id=episode.acknowledged_by,
        by_name=episode.acknowledged_by_name,
        door="page",
        comment=episode.comment,
        at=episode.acknowledged_at,
    )
