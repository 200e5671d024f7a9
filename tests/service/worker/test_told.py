"""What an agent tells reaches the rules that it decides, in the transaction that stores it, exactly once."""

import json

import pytest
from sqlalchemy import select

from server.alarms.models import AlarmRule, Episode
from server.core.clock import SystemClock, to_ms
from server.core.db import Database
from server.notify.rules import unpacked
from server.telemetry.models import Agent, DeviceEvent
from server.worker.client import Incoming
from server.worker.ingest import Desk, on_messages
from tests.service.alarms.bank import make_bank


@pytest.fixture
def desk(database: Database) -> Desk:
    make_bank(database)
    with database.writing() as session:
        agent = session.scalars(select(Agent)).one()
        session.add(
            AlarmRule(
                org_id=agent.org_id, agent_id=agent.id, kind="power", severity="high", value=0.5,
                created_at=SystemClock().now(),
            )
        )  # fmt: skip
    return Desk(database, SystemClock())


def events(seq: int, *told: dict[str, object], drill: str = "") -> Incoming:
    now_ms = to_ms(SystemClock().now())
    body = {
        "v": 1, "boot": "k3v9x2m4q7ab", "seq": seq, "t0": now_ms, "clk": {"s": True},
        "dt": [0] * len(told), "ev": [{"stream": "ln2-03", **one} for one in told],
        **({"drill": drill} if drill else {}),
    }  # fmt: skip
    return Incoming("ck1/sh/pi-1/ev", json.dumps(body).encode(), seq, 1)


def stand(desk: Desk) -> list[tuple[str, object, str, bool]]:
    """Return (kind, code, drill, is it over) of each episode, by kind."""
    with desk.database.reading() as session:
        found = session.scalars(select(Episode).order_by(Episode.kind, Episode.id)).all()
        return [
            (one.kind, unpacked(one.detail).get("code", ""), one.drill, one.cleared_at is not None)
            for one in found
        ]


LOW = {"kind": "controller_alarm", "alarm": "level low", "code": "LL"}
OVER = {**LOW, "kind": "controller_alarm_over"}


def test_a_code_and_a_loss_of_power_alarm_as_they_are_stored(desk: Desk) -> None:
    on_messages(desk, [events(1, LOW, {"kind": "power_lost"})])
    assert stand(desk) == [("event", "LL", "", False), ("power", "", "", False)]

    on_messages(desk, [events(3, OVER, {"kind": "power_back"})])
    assert stand(desk) == [("event", "LL", "", True), ("power", "", "", True)]


def test_what_comes_twice_is_told_once(desk: Desk) -> None:
    message = events(1, LOW, OVER)

    on_messages(desk, [message])
    on_messages(desk, [events(1, LOW, OVER)])

    assert stand(desk) == [("event", "LL", "", True)]
    with desk.database.reading() as session:
        assert len(session.scalars(select(DeviceEvent)).all()) == 2


def test_a_drill_of_events_is_marked(desk: Desk) -> None:
    on_messages(desk, [events(1, LOW, drill="weekly")])

    assert stand(desk) == [("event", "LL", "weekly", False)]


def test_nonsense_in_an_event_stops_nothing(desk: Desk) -> None:
    odd = [
        {"kind": "controller_alarm", "alarm": 7, "code": []},
        {"kind": "controller_standing", "alarms": {"a": 1}},
        {"kind": "fill_started", "level_mm": "much"},
    ]

    on_messages(desk, [events(1, *odd, LOW)])

    assert ("event", "LL", "", False) in stand(desk)
