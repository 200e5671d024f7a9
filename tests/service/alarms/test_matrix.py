"""Rule kinds x edge cases: every kind that judges what arrives, through the one way on which it is judged.

The columns are the same for each kind: its first word is beyond, it stands at the very limit, there is no number, one
comes late, comes twice, comes from a clock that runs ahead, belongs to a drill, a worker starts anew in between, a delay
runs out with nothing new, and the rule was changed meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from server.alarms import happenings, jobs, service, timers
from server.alarms.ingest import Judge
from server.alarms.models import AlarmRule, Episode
from server.alarms.watchers import events, rates
from server.alarms.wishes import params_text
from server.core.actor import Actor
from server.core.clock import FixedClock, to_ms
from server.core.errors import Invalid
from server.telemetry.columns import Column
from server.telemetry.device_events import Happened
from server.telemetry.models import Agent, Channel, DeviceEvent, drill_reading, reading
from tests.service.alarms.bank import NOON, Bank, later, make_bank

SYSTEM = Actor.system("tests")


class House:
    """A bank with one rule, and how what is told reaches its judge."""

    def __init__(self, database, kind: "Kind") -> None:
        self.database, self.kind = database, kind
        self.bank: Bank = make_bank(database, keys=("top_c", "lid_open", "room_o2pct"))
        self.judge = Judge()
        self.seq = 0
        with database.writing() as session:
            rule = AlarmRule(
                org_id=self.bank.org_id, created_at=NOON, **kind.of(self.bank, session)
            )
            session.add(rule)
            session.flush()
            self.rule_id = rule.id

    def tell(
        self, at_s: float, said: object, *, now_s: float | None = None, drill: str = ""
    ) -> None:
        """Let the thing say this, of this second; the server hears it at `now_s`."""
        now = later(at_s if now_s is None else now_s)
        self.kind.tell(self, later(at_s), said, now, drill)

    def restart(self) -> None:
        """Forget all that a worker keeps in its memory."""
        self.judge = Judge()

    def wait(self, until_s: float) -> None:
        """Let time pass with nothing new."""
        now = later(until_s)
        with self.database.writing() as session:
            timers.tick(session, now)
        for look in (events.findings, rates.findings):
            jobs.watcher(look)(self.database, FixedClock(now))

    def change(self, **wish: object) -> None:
        """Change the rule, as a person does."""
        with self.database.writing() as session:
            rule = session.get_one(AlarmRule, self.rule_id)
            service.change_rule(
                session, SYSTEM, rule, replace(service.wish_of(rule), **wish), at=later(1)
            )

    def stand(self, drill: str = "") -> list[bool]:
        """Whether each episode of the rule is over, the oldest first."""
        with self.database.reading() as session:
            found = session.scalars(
                select(Episode).where(Episode.drill == drill).order_by(Episode.id)
            ).all()
            assert {one.rule_id for one in found} <= {self.rule_id}
            return [one.cleared_at is not None for one in found]


@dataclass(frozen=True)
class Kind:
    """A kind of rule: how it is set, what is beyond and inside and at its limit, and which way it is told."""

    name: str
    rule: dict[str, object]
    beyond: object
    inside: object
    tell: Callable[[House, datetime, object, datetime, str], None]
    at_limit: object = None
    nothing: object = None
    key: str = "top_c"
    thing: str = "channel"

    def of(self, bank: Bank, session) -> dict[str, object]:
        """Return the columns of its rule."""
        if self.thing == "channel":
            return {"severity": "high", **self.rule, "channel_id": bank.channels[self.key]}
        if self.thing == "agent":
            return {
                "severity": "high",
                **self.rule,
                "agent_id": session.scalars(select(Agent.id)).one(),
            }
        return {"severity": "high", **self.rule, "freezer_id": bank.freezer_id}


def by_reading(house: House, at: datetime, said: object, now: datetime, drill: str) -> None:
    """A reading (value, quality) is judged as it is stored."""
    value, quality = said if isinstance(said, tuple) else (said, 0)
    channel_id = house.bank.channels[house.kind.key]
    with house.database.writing() as session:
        column = Column(channel_id, drill, [to_ms(at)], [value], [quality])
        house.judge.consider(session, [column], now=now)


def by_silence(house: House, at: datetime, said: object, now: datetime, drill: str) -> None:
    """The channel's last number, or none; the clock judges."""
    if drill:
        return
    with house.database.writing() as session:
        channel = session.get_one(Channel, house.bank.channels["top_c"])
        if said is not None:
            channel.number_at_ms = min(to_ms(at), to_ms(now)) - round(float(said) * 1000)
        timers.tick(session, now)


def by_event(house: House, at: datetime, said: object, now: datetime, drill: str) -> None:
    """An event is judged as it is stored."""
    if said is None:
        return
    kind, facts = said
    house.seq += 1
    with house.database.writing() as session:
        agent_id = session.scalars(select(Agent.id)).one()
        session.add(
            DeviceEvent(
                agent_id=agent_id, freezer_id=house.bank.freezer_id, boot="b", seq=house.seq,
                at_ms=to_ms(at), kind=kind, facts=facts, drill=drill,
            )
        )  # fmt: skip
        code = {"alarm": "level low", "code": "LL"} if "LL" in facts else {}
        one = Happened(agent_id, house.bank.freezer_id, kind, code, to_ms(at), drill)
        happenings.consider(session, [one], now=now)


def by_slope(house: House, at: datetime, said: object, now: datetime, drill: str) -> None:
    """Ten minutes of readings that change by so much a minute, and a look at them."""
    table = drill_reading if drill else reading
    slope = said
    rows = [
        {
            "channel_id": house.bank.channels["top_c"], "quality": 0,
            "at_ms": to_ms(at - timedelta(seconds=back)),
            "value": None if slope is None else -150.0 - float(slope) * back / 60,
            **({"drill": drill} if drill else {}),
        }
        for back in range(0, 600, 60)
    ]  # fmt: skip
    with house.database.writing() as session:
        session.execute(insert(table), rows)
    jobs.watcher(rates.findings)(house.database, FixedClock(now))


FILL = ("fill_started", "{}"), ("fill_ended", "{}")
POWER = ("power_lost", "{}"), ("power_back", "{}")
CODE = ("controller_alarm", '{"code": "LL"}'), ("controller_alarm_over", '{"code": "LL"}')
BY_READING = [
    Kind("high", {"kind": "high", "value": -150.0, "hysteresis": 2.0}, -149.9, -152.1, by_reading, -150.0),
    Kind("low", {"kind": "low", "value": -190.0, "hysteresis": 2.0}, -190.1, -187.9, by_reading, -190.0),
    Kind("oxygen", {"kind": "low", "value": 18.0, "alarm_class": "safety"}, 17.9, 18.1, by_reading, 18.0, key="room_o2pct"),
    Kind("door", {"kind": "door", "value": 0.5}, 1.0, 0.0, by_reading, 0.49, key="lid_open"),
    Kind("probe_fault", {"kind": "probe_fault", "value": 0.0}, (None, 16), (-180.0, 0), by_reading, (-180.0, 33)),
    Kind("implausible", {"kind": "probe_fault", "value": 0.0}, (-180.0, 52), (-180.0, 32), by_reading, (-180.0, 1)),
]  # fmt: skip
BY_EVENT = [
    Kind("power", {"kind": "power", "value": 0.5}, *POWER, by_event, thing="agent"),
    Kind("event", {"kind": "event", "value": 0.5, "params": params_text(code="LL")}, *CODE, by_event, thing="freezer"),
]  # fmt: skip
STALE = Kind("stale", {"kind": "stale", "value": 30.0}, 30.1, 0.0, by_silence, 30.0)
RATE = Kind("rate", {"kind": "rate", "value": 1.0}, 1.5, 0.0, by_slope, 1.0)
FILL_LONG = Kind(
    "fill_long", {"kind": "fill_long", "value": 600.0}, *FILL, by_event, thing="freezer"
)
AT_ONCE = [*BY_READING, *BY_EVENT, STALE, RATE]
"""The kinds that one word decides; a fill takes its time."""
ALL = [*AT_ONCE, FILL_LONG]


def kinds(which: list[Kind]):
    return pytest.mark.parametrize("kind", which, ids=lambda kind: kind.name)


@kinds(AT_ONCE)
def test_the_first_word_is_beyond(database, kind):
    house = House(database, kind)

    house.tell(1000, kind.beyond)
    assert house.stand() == [False]
    house.tell(2000, kind.inside)
    assert house.stand() == [True]


@kinds([one for one in ALL if one.at_limit is not None])
def test_at_the_very_limit_nothing_begins(database, kind):
    house = House(database, kind)

    house.tell(1000, kind.at_limit)

    assert house.stand() == []


NUMBERS = [one for one in BY_READING if not isinstance(one.beyond, tuple)]


@kinds([*NUMBERS, RATE])
def test_no_number_neither_begins_nor_ends_anything(database, kind):
    house = House(database, kind)

    house.tell(1000, (None, 16) if kind.tell is by_reading else None)
    assert house.stand() == []
    house.tell(2000, kind.beyond)
    house.tell(2010, (None, 16) if kind.tell is by_reading else None)
    assert house.stand() == [False]


def test_no_number_at_all_is_silence(database):
    house = House(database, STALE)

    house.tell(29, None)
    assert house.stand() == []
    house.tell(31, None)
    assert house.stand() == [False]


@kinds(NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_limit(database, kind, value):
    house = House(database, kind)

    with pytest.raises(Invalid):
        house.change(value=value, hysteresis=value)


@kinds([*BY_READING, *BY_EVENT])
def test_a_late_word_ends_nothing_that_began_after_it(database, kind):
    house = House(database, kind)
    house.tell(1000, kind.beyond)

    house.tell(500, kind.inside, now_s=1001)

    assert house.stand() == [False]


@kinds(ALL)
def test_the_same_word_twice_is_one_alarm(database, kind):
    house = House(database, kind)

    for second in (1000, 1000, 1001):
        house.tell(second, kind.beyond)
    house.wait(1700)

    assert house.stand() == [False]


@kinds(AT_ONCE)
def test_a_clock_that_runs_ahead_hides_neither_beginning_nor_end(database, kind):
    house = House(database, kind)

    house.tell(86_400, kind.beyond, now_s=1000)
    assert house.stand() == [False]
    house.tell(2000, kind.inside)
    assert house.stand() == [True]


@kinds([*BY_READING, *BY_EVENT])
def test_a_drill_has_its_own_and_the_real_one_is_not_touched(database, kind):
    house = House(database, kind)

    house.tell(1000, kind.beyond)
    house.tell(1001, kind.beyond, drill="weekly")
    house.tell(1002, kind.inside, drill="weekly")

    assert (house.stand(), house.stand("weekly")) == ([False], [True])


@kinds([STALE, RATE])
def test_a_drill_raises_nothing_where_no_drill_is_judged(database, kind):
    house = House(database, kind)

    house.tell(1000, kind.beyond, drill="weekly")

    assert (house.stand(), house.stand("weekly")) == ([], [])


@kinds(AT_ONCE)
def test_a_restart_in_between_forgets_nothing_and_tells_nothing_twice(database, kind):
    house = House(database, kind)

    house.tell(1000, kind.beyond)
    house.restart()
    house.tell(1010, kind.beyond)
    assert house.stand() == [False]
    house.restart()
    house.tell(2000, kind.inside)
    assert house.stand() == [True]


@kinds([*BY_READING, *BY_EVENT])
def test_a_delay_runs_out_with_nothing_new_also_after_a_restart(database, kind):
    house = House(database, replace(kind, rule={**kind.rule, "delay_on_s": 60.0}))

    house.tell(1000, kind.beyond)
    house.restart()
    house.wait(1059)
    assert house.stand() == []
    house.wait(1061)
    assert house.stand() == [False]


@kinds([*BY_READING, *BY_EVENT])
def test_what_is_gone_before_its_delay_alarms_nobody(database, kind):
    house = House(database, replace(kind, rule={**kind.rule, "delay_on_s": 60.0}))

    house.tell(1000, kind.beyond)
    house.tell(1030, kind.inside)
    house.wait(2000)

    assert house.stand() == []


@kinds([*BY_READING, *BY_EVENT])
def test_the_delay_off_runs_out_with_nothing_new(database, kind):
    house = House(database, replace(kind, rule={**kind.rule, "delay_off_s": 60.0}))

    house.tell(1000, kind.beyond)
    house.tell(1010, kind.inside)
    house.wait(1069)
    assert house.stand() == [False]
    house.wait(1071)
    assert house.stand() == [True]


def test_a_fill_s_longest_time_runs_out_with_nothing_new(database):
    house = House(database, FILL_LONG)

    house.tell(1000, FILL_LONG.beyond)
    house.restart()
    house.wait(1599)
    assert house.stand() == []
    house.wait(1601)
    assert house.stand() == [False]
    house.tell(1700, FILL_LONG.inside)
    assert house.stand() == [True]


@kinds(BY_READING)
def test_a_rule_that_was_changed_meanwhile_ends_and_counts_from_the_next_word(database, kind):
    lasts = 10.0 if kind.name == "door" else 0.0
    house = House(database, replace(kind, rule={**kind.rule, "delay_on_s": lasts}))
    house.tell(1000, kind.beyond)
    house.tell(1020, kind.beyond)

    house.change(severity="warning")
    assert house.stand() == [True]
    house.tell(1100, kind.beyond)
    house.tell(1120, kind.beyond)
    assert house.stand() == [True, False]


@kinds([*BY_EVENT, RATE, STALE])
def test_a_rule_that_was_changed_meanwhile_is_found_again_by_a_look(database, kind):
    house = House(database, kind)
    house.tell(1000, kind.beyond)

    house.change(severity="warning")
    assert house.stand() == [True]
    house.wait(1010)
    assert house.stand() == [True, False]


@kinds(ALL)
def test_a_rule_that_is_off_hears_nothing(database, kind):
    house = House(database, replace(kind, rule={**kind.rule, "enabled": False}))

    house.tell(1000, kind.beyond)
    house.wait(9000)

    assert house.stand() == []
