"""Events that agents saw become rows; none is thinned or dropped."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from edge_agent.wire.messages import Events
from edge_agent.wire.ranges import Ranges
from server.telemetry.dating import SINCE_BOOT, Dating
from server.telemetry.models import Channel, DeviceEvent

PRESSED = "local_alarm_acknowledged"
"""The kind of event that a press of the button makes."""


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody at a freezer pressed the button while this alarm of the agent's own stood."""

    agent_id: int
    stream: str
    channel: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Happened:
    """One new event as it has been stored; `facts` are as the agent told them, without its kind."""

    agent_id: int
    freezer_id: int | None
    kind: str
    facts: Mapping[str, Any]
    at_ms: int
    drill: str = ""


def take(
    session: Session, dating: Dating, agent_id: int, message: Events, holes: Ranges
) -> list[Happened]:
    """Store the new events, and return them in their order.

    One that dates a boot takes effect at `dating.date_what_waits()`.
    """
    rows: list[dict[str, Any]] = []
    happened: list[Happened] = []
    for first, last in holes:
        for seq in range(first, last + 1):
            i = seq - message.seq
            event = message.ev[i]
            if event["kind"] == "clock":
                dating.date(agent_id, event["boot"], event["zero_ms"])
            rows.append(_row(session, dating, agent_id, message, i))
            happened.append(_happened(event, rows[-1]))
    if rows:
        session.execute(insert(DeviceEvent), rows)
    return happened


def presses(happened: Iterable[Happened]) -> list[Press]:
    """Return the presses of buttons among these events, those of drills left out."""
    pressed = [one for one in happened if one.kind == PRESSED and not one.drill]
    return [press for one in pressed if (press := _press(one)) is not None]


def _press(one: Happened) -> Press | None:
    stream, channel = one.facts.get("stream"), one.facts.get("channel")
    if not isinstance(stream, str) or not isinstance(channel, str):
        return None
    return Press(one.agent_id, stream, channel, one.at_ms)


def _happened(event: Mapping[str, Any], row: Mapping[str, Any]) -> Happened:
    facts = {name: fact for name, fact in event.items() if name != "kind"}
    return Happened(
        row["agent_id"], row["freezer_id"], row["kind"], facts, row["at_ms"], row["drill"]
    )


def _row(
    session: Session, dating: Dating, agent_id: int, message: Events, i: int
) -> dict[str, Any]:
    event = dict(message.ev[i])
    kind = event.pop("kind")
    at_ms = message.t0 + message.dt[i]
    if not message.clk.s:
        event[SINCE_BOOT] = at_ms
        at_ms = dating.when(agent_id, message.boot, at_ms)
    return {
        "agent_id": agent_id,
        "freezer_id": _freezer(session, agent_id, event),
        "boot": message.boot,
        "seq": message.seq + i,
        "at_ms": at_ms,
        "kind": kind,
        "facts": json.dumps(event, ensure_ascii=False),
        "drill": message.drill or "",
    }


def _freezer(session: Session, agent_id: int, event: dict[str, Any]) -> int | None:
    """The freezer of the channel or stream that the event names, or the agent's only freezer."""
    query = select(Channel.freezer_id).where(
        Channel.agent_id == agent_id, Channel.freezer_id.is_not(None)
    )
    named = {"stream": Channel.stream, "channel": Channel.key}
    for fact, column in named.items():
        if isinstance(event.get(fact), str):
            query = query.where(column == event[fact])
    found = session.scalars(query.distinct().limit(2)).all()
    return found[0] if len(found) == 1 else None
