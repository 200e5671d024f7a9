"""The ingest path on both databases: what arrives is stored exactly once, or told why not."""

import json
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from edge_agent.wire import codec
from edge_agent.wire.messages import Ack, Bad
from server.alarms.models import AlarmRule, Episode, RuleState
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock, to_ms
from server.core.db import Database
from server.parties.models import Organisation
from server.storage.models import Container, Room, Site
from server.telemetry import reports, service
from server.telemetry.known import CHANNELS_AN_AGENT
from server.telemetry.models import (
    Agent,
    Boot,
    Channel,
    DeviceEvent,
    HourDue,
    RejectedMessage,
    Settled,
    drill_reading,
    reading,
    undated_reading,
)  # fmt: skip
from server.worker.client import Incoming
from server.worker.ingest import Desk, on_messages, one_by_one

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
T0 = to_ms(NOW) - 60_000
BOOT = "k3v9x2m4q7ab"
ACTOR = Actor.system("tests")


def rows(seq: int, values: list[float | None], **more: Any) -> dict[str, Any]:
    """A message with one channel; its rows are a second apart, by their numbers."""
    n = len(values)
    return {
        "v": 1, "boot": BOOT, "seq": seq, "t0": T0 + seq * 1000, "clk": {"s": True}, "ch": ["top_c"],
        "dt": [i * 1000 for i in range(n)], "rows": [[value] for value in values],
    } | more  # fmt: skip


class Bench:
    """A desk with one enrolled agent, main/tank-1."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        self.desk = Desk(database, self.clock)
        with database.writing() as session:
            bank = Organisation(code="BANK", name="Bank", created_at=NOW)
            session.add(bank)
            session.flush()
            self.org_id = bank.id
            service.enrol(session, ACTOR, "main", "tank-1", bank.id, at=NOW)

    def send(self, *messages: dict[str, Any] | bytes, kind: str = "t/tank") -> list[Ack | Bad]:
        """Hand the messages over as one group and return the answers."""
        payloads = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
        group = [
            Incoming(f"ck1/main/tank-1/{kind}", payload, i + 1, 1)
            for i, payload in enumerate(payloads)
        ]
        try:
            answers = on_messages(self.desk, group)
        except Exception:  # noqa: BLE001  as the loop does
            answers = one_by_one(self.desk, group)
        return [codec.decode_answer(answer.payload) for answer in answers]

    def values(self, table: Any = reading) -> list[float | None]:
        """All stored values in the order of their times."""
        with self.database.reading() as session:
            return list(
                session.scalars(select(table.c.value).order_by(table.c.at_ms, table.c.value))
            )

    def all(self, model: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(model)))

    def rule(self, **more: Any) -> None:
        """A critical high limit at -150 on the top probe, without a delay unless told otherwise."""
        with self.database.writing() as session:
            channel = session.scalars(select(Channel)).one()
            given = {
                "kind": "high",
                "severity": "critical",
                "value": -150.0,
                "hysteresis": 5.0,
            } | more
            session.add(
                AlarmRule(org_id=self.org_id, channel_id=channel.id, created_at=NOW, **given)
            )


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


def test_the_same_row_packed_differently_is_stored_once(bench: Bench) -> None:
    bench.send(rows(1, [-180.0, -181.0, -182.0]))
    bench.send(rows(2, [-181.0, -182.0, -183.0]), rows(3, [-182.0]), kind="h/tank")
    answers = bench.send(rows(1, [-180.0, -181.0, -182.0, -183.0, -184.0]))

    assert bench.values() == [-180.0, -181.0, -182.0, -183.0, -184.0]
    assert answers == [Ack(BOOT, "tank", 5, (), (), to_ms(NOW))]


def test_after_a_lost_ack_the_same_message_is_acknowledged_again_and_changes_nothing(
    bench: Bench,
) -> None:
    first = bench.send(rows(1, [-180.0]))
    again = bench.send(rows(1, [-180.0]))

    assert first == again
    assert bench.values() == [-180.0]


def test_a_restarted_worker_knows_what_was_stored(bench: Bench) -> None:
    bench.send(rows(1, [-180.0, -181.0]))
    bench.desk = Desk(bench.database, bench.clock)
    bench.send(rows(2, [-181.0, -182.0]))

    assert bench.values() == [-180.0, -181.0, -182.0]


def test_an_agent_restarted_in_the_middle_numbers_anew_and_delivers_the_rest_of_the_old_boot(
    bench: Bench,
) -> None:
    bench.send(rows(1, [-180.0]))
    bench.send(rows(1, [-170.0], boot="newboot00001"), rows(2, [-181.0]))

    assert sorted(v for v in bench.values() if v is not None) == [-181.0, -180.0, -170.0]
    assert {(s.boot, s.ranges) for s in bench.all(Settled)} == {
        (BOOT, "[[1,2]]"),
        ("newboot00001", "[[1,1]]"),
    }


def test_holes_are_answered_and_voids_close_them(bench: Bench) -> None:
    hole = bench.send(rows(4, [-180.0]), rows(9, [-181.0]))
    closed = bench.send(rows(10, [], void=[[1, 3], [5, 8]]))

    assert hole == [Ack(BOOT, "tank", 0, ((4, 4), (9, 9)), (), to_ms(NOW))]
    assert closed == [Ack(BOOT, "tank", 9, (), (), to_ms(NOW))]
    assert bench.send(rows(2, [-1.0])) == [Ack(BOOT, "tank", 9, (), (), to_ms(NOW))]
    assert bench.values() == [-180.0, -181.0]


def test_a_message_without_rows_is_answered(bench: Bench) -> None:
    assert bench.send(rows(1, [])) == [Ack(BOOT, "tank", 0, (), (), to_ms(NOW))]


BROKEN = {
    "no JSON": (b"{not json", "bad_json"),
    "cut off": (json.dumps(rows(1, [-180.0])).encode()[:-5], "bad_json"),
    "something else": (b"hello", "not_readable"),
    "nothing": (b"", "not_readable"),
    "not a number": (json.dumps(rows(1, [-180.0])).encode().replace(b"-180.0", b"NaN"), "bad_json"),
    "oversized": (b"{" + b" " * 140_000 + b"}", "too_large"),
    "a compressed bomb": (zlib.compress(b"{" + b" " * 20_000_000 + b"}"), "unpacks_too_large"),
    "damaged zlib": (
        zlib.compress(json.dumps(rows(1, [-180.0])).encode())[:-6] + b"xxxxxx",
        "bad_zlib",
    ),
    "of another version": (json.dumps(rows(1, [-180.0], v=2)).encode(), "unknown_version"),
    "before the year 2000": (json.dumps(rows(1, [-180.0], t0=5)).encode(), "out_of_range"),
}


@pytest.mark.parametrize(("payload", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_payload_is_kept_with_the_reason_and_answered_bad(
    bench: Bench, payload: bytes, code: str
) -> None:
    answers = bench.send(payload, rows(1, [-180.0]))
    bench.send(payload)

    assert [a.crc for a in answers if isinstance(a, Bad)] == [codec.crc(payload)]
    kept = bench.all(RejectedMessage)
    assert [(m.code, m.times, m.size, len(m.payload) <= 4096) for m in kept] == [
        (code, 2, len(payload), True)
    ]
    assert bench.all(Agent)[0].rejected == 2
    assert bench.values() == [-180.0]


def test_compressed_and_cbor_payloads_are_taken(bench: Bench) -> None:
    cbor2 = pytest.importorskip("cbor2")
    bench.send(
        zlib.compress(json.dumps(rows(1, [-180.0])).encode()), cbor2.dumps(rows(2, [-181, 2**63]))
    )

    assert bench.values() == [-180.0, -181.0, 2.0**63]


def test_a_poisonous_message_never_blocks_the_good_ones(bench: Bench) -> None:
    bench.send(rows(1, [-180.0]))
    poison = _poison(bench.database)

    answers = bench.send(rows(2, [-181.0]), rows(3, [666.0]), rows(4, [-182.0]))

    poison()
    assert [type(a) for a in answers] == [Ack, Bad, Ack]
    assert bench.values() == [-180.0, -181.0, -182.0]
    assert [m.code for m in bench.all(RejectedMessage)] == ["not_storable"]
    assert bench.send(rows(3, [-183.0])) == [Ack(BOOT, "tank", 4, (), (), to_ms(NOW))]


def _poison(database: Database) -> Callable[[], None]:
    """Let the database refuse the value 666, as a disk page or a trigger might."""
    sqlite = (
        "CREATE TRIGGER poison BEFORE INSERT ON reading WHEN NEW.value = 666 "
        "BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    check = "ALTER TABLE reading ADD CONSTRAINT poison CHECK (value <> 666)"
    with database.writing() as session:
        session.execute(text(sqlite if database.dialect == "sqlite" else check))

    def cure() -> None:
        drop = (
            "DROP TRIGGER poison"
            if database.dialect == "sqlite"
            else "ALTER TABLE reading DROP CONSTRAINT poison"
        )
        with database.writing() as session:
            session.execute(text(drop))

    return cure


def test_a_group_that_is_rolled_back_leaves_nothing_in_the_worker_s_memory(bench: Bench) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    event.listen(bench.database.engine, "commit", fail)
    with pytest.raises(RuntimeError):
        on_messages(
            bench.desk,
            [Incoming("ck1/main/tank-1/t/tank", json.dumps(rows(1, [-180.0])).encode(), 1, 1)],
        )
    event.remove(bench.database.engine, "commit", fail)

    assert bench.all(Channel) == []
    assert bench.send(rows(1, [-180.0]))
    assert bench.values() == [-180.0]


def test_rows_of_an_unknown_or_revoked_agent_are_neither_stored_nor_answered(bench: Bench) -> None:
    bench.send(rows(1, [-180.0]))
    with bench.database.writing() as session:
        service.revoke(session, ACTOR, session.scalars(select(Agent)).one(), at=NOW)
    assert bench.send(rows(2, [-181.0])) == []
    assert bench.send(rows(3, [-181.0])) == []
    stranger = Incoming("ck1/main/stranger/t/tank", json.dumps(rows(1, [-1.0])).encode(), 1, 1)
    assert on_messages(bench.desk, [stranger]) == []

    assert bench.values() == [-180.0]
    assert {(m.code, m.times) for m in bench.all(RejectedMessage)} == {
        ("revoked_agent", 2),
        ("unknown_agent", 1),
    }
    with bench.database.writing() as session:
        service.enrol(session, ACTOR, "main", "tank-1", bench.org_id, at=NOW)
    bench.send(rows(2, [-181.0, -182.0]))
    assert bench.values() == [-180.0, -181.0, -182.0]


def test_rows_with_more_channels_than_any_agent_has_are_refused_until_they_are_void(
    bench: Bench,
) -> None:
    with bench.database.writing() as session:
        agent = session.scalars(select(Agent)).one()
        session.add_all(
            Channel(agent_id=agent.id, stream="tank", key=f"x{i}_c")
            for i in range(CHANNELS_AN_AGENT)
        )
    refused = bench.send(rows(1, [-180.0, -181.0]))
    again = bench.send(rows(1, [-180.0, -181.0]))
    void = bench.send(rows(3, [], void=[[1, 2]]))

    assert isinstance(refused[0], Ack)
    assert [(r.seq, r.n) for r in refused[0].refused] == [(1, 2)]
    assert refused[0].upto == 0
    assert again == refused
    assert void == [Ack(BOOT, "tank", 2, (), (), to_ms(NOW))]
    assert bench.values() == []
    kept = [(m.code, m.why, m.times) for m in bench.all(RejectedMessage)]
    assert kept == [("too_many_channels", refused[0].refused[0].why, 2)]


def test_an_unknown_channel_is_created_unconfirmed_and_the_catalogue_says_what_it_is(
    bench: Bench,
) -> None:
    bench.send(rows(1, [-180.0]))
    assert [(c.key, c.confirmed) for c in bench.all(Channel)] == [("top_c", False)]

    described = {
        "stream": "tank",
        "key": "top_c",
        "serial": "PT-1",
        "calibration_due": "2027-01-31",
        "certificate": "K-2026-117",
        "interval_s": 5,
    }
    bench.send({"v": 1, "boot": BOOT, "version": "1", "channels": [described]}, kind="catalog")

    channel = bench.all(Channel)[0]
    assert (channel.probe_serial, channel.calibration_due, channel.interval_s) == (
        "PT-1",
        "2027-01-31",
        5.0,
    )
    assert channel.certificate == "K-2026-117"


def test_a_channel_placed_by_the_catalogue_is_audited_once(bench: Bench) -> None:
    with bench.database.writing() as session:
        session.add(
            Container(
                org_id=bench.org_id, code="TANK-1", kind="freezer", rows=1, columns=4, created_at=NOW,
                room=Room(code="B1.04", site=Site(org_id=bench.org_id, code="S1", name="Site")),
            )
        )  # fmt: skip
    described = {"stream": "tank", "key": "top_c", "freezer": "TANK-1"}
    catalogue = {"v": 1, "boot": BOOT, "channels": [described]}
    bench.send(catalogue, kind="catalog")
    bench.send(catalogue, kind="catalog")

    assert bench.all(Channel)[0].freezer_id is not None
    placed = [e for e in bench.all(AuditEntry) if e.action == "channel.described"]
    assert [(e.actor_kind, e.actor_name, e.subject_code) for e in placed] == [
        ("agent", "main/tank-1", "tank-1/tank/top_c")
    ]
    assert json.loads(placed[0].facts)["freezer"] == "TANK-1"


def test_a_catalogue_adds_no_more_channels_than_an_agent_may_have(bench: Bench) -> None:
    described = [{"stream": "tank", "key": f"x{i}_c"} for i in range(CHANNELS_AN_AGENT + 3)]
    for first in range(0, len(described), 100):
        part = {"v": 1, "boot": BOOT, "channels": described[first : first + 100]}
        bench.send(part, kind="catalog")

    assert len(bench.all(Channel)) == CHANNELS_AN_AGENT
    assert [m.code for m in bench.all(RejectedMessage)] == ["too_many_channels"]


def test_the_latest_value_is_the_youngest_reading_and_backlog_does_not_replace_it(
    bench: Bench,
) -> None:
    bench.send(rows(5, [-180.0, -170.0]))
    bench.send(rows(1, [-199.0, -198.0]), kind="h/tank")
    open_probe = rows(7, [None], q=[[16]])
    bench.send(open_probe)

    channel = bench.all(Channel)[0]
    assert (channel.latest_value, channel.latest_quality) == (None, 16)
    assert channel.latest_at_ms == T0 + 7000
    assert channel.number_at_ms == T0 + 6000


def test_a_clock_that_runs_ahead_hides_neither_silence_nor_what_comes_after(bench: Bench) -> None:
    bench.send(rows(1, [-180.0], t0=to_ms(NOW) + 86_400_000))

    channel = bench.all(Channel)[0]
    assert (channel.latest_at_ms, channel.number_at_ms) == (to_ms(NOW), to_ms(NOW))


def test_late_readings_mark_their_hour_each_time_and_present_ones_once(bench: Bench) -> None:
    old = rows(1, [-180.0], t0=T0 - 86_400_000)
    bench.send(rows(2, [-180.0]), old)
    assert len(bench.all(HourDue)) == 2
    with bench.database.writing() as session:
        session.execute(text("DELETE FROM hour_due"))
    bench.send(rows(3, [-180.0], t0=T0 - 86_400_000 + 1000))

    assert len(bench.all(HourDue)) == 1


def test_undated_rows_wait_and_move_to_their_place_when_the_boot_is_dated(bench: Bench) -> None:
    undated = {"clk": {"s": False}}
    bench.send(rows(1, [-180.0, -181.0], t0=5_000, **undated))
    assert bench.values() == []
    assert bench.all(Channel)[0].latest_value == -181.0

    zero_ms = T0 - 100_000
    clock = {"v": 1, "boot": BOOT, "seq": 1, "t0": T0, "clk": {"s": True}, "dt": [0],
             "ev": [{"kind": "clock", "boot": BOOT, "zero_ms": zero_ms}]}  # fmt: skip
    bench.send(clock, kind="ev")
    bench.send(
        {**clock, "seq": 2, "ev": [{"kind": "clock", "boot": BOOT, "zero_ms": 1_700_000_000_000}]},
        kind="ev",
    )
    bench.send(rows(3, [-182.0], t0=9_000, **undated), kind="h/tank")

    with bench.database.reading() as session:
        stored = session.execute(
            select(reading.c.at_ms, reading.c.value).order_by(reading.c.at_ms)
        ).all()
        kept = session.scalar(select(func.count()).select_from(undated_reading))
    assert [tuple(row) for row in stored] == [
        (zero_ms + 5_000, -180.0), (zero_ms + 6_000, -181.0), (zero_ms + 9_000, -182.0),
    ]  # fmt: skip
    assert kept == 3
    assert [b.zero_ms for b in bench.all(Boot)] == [zero_ms]


def test_events_are_kept_with_their_facts_once(bench: Bench) -> None:
    message = {"v": 1, "boot": BOOT, "seq": 1, "t0": T0, "clk": {"s": True}, "dt": [0, 10],
               "ev": [{"kind": "door_opened"}, {"kind": "fill_started", "level_mm": 180}]}  # fmt: skip
    bench.send(message, kind="ev")
    answers = bench.send(message, kind="ev")

    assert [(e.kind, e.at_ms, json.loads(e.facts)) for e in bench.all(DeviceEvent)] == [
        ("door_opened", T0, {}), ("fill_started", T0 + 10, {"level_mm": 180}),
    ]  # fmt: skip
    assert answers == [Ack(BOOT, "ev", 2, (), (), to_ms(NOW))]


def test_a_drill_has_rows_and_alarms_of_its_own_and_no_history(bench: Bench) -> None:
    bench.send(rows(1, [-180.0]))
    bench.rule()
    bench.send(rows(2, [-90.0], drill="autumn"))

    assert bench.values() == [-180.0]
    assert bench.values(drill_reading) == [-90.0]
    assert bench.all(Channel)[0].latest_value == -180.0
    assert [e.drill for e in bench.all(Episode)] == ["autumn"]


def test_a_warm_reading_raises_and_a_cold_one_clears_in_the_same_group(bench: Bench) -> None:
    bench.send(rows(1, [-180.0]))
    bench.rule()
    bench.send(rows(2, [-140.0]), rows(3, [-120.0, -130.0]), rows(5, [-170.0]))

    episode = bench.all(Episode)[0]
    assert (episode.raised_value, to_ms(episode.raised_at)) == (-140.0, T0 + 2000)
    assert episode.cleared_at is not None
    assert episode.worst_value == -120.0
    assert [s.phase for s in bench.all(RuleState) if s.phase != "normal"] == []


def test_a_rule_made_or_changed_elsewhere_is_seen_by_the_next_group(bench: Bench) -> None:
    bench.send(rows(1, [-140.0]))
    bench.rule(enabled=False)
    bench.send(rows(2, [-140.0]))
    assert bench.all(Episode) == []
    with bench.database.writing() as session:
        session.scalars(select(AlarmRule)).one().enabled = True
    bench.send(rows(3, [-140.0]))

    assert len(bench.all(Episode)) == 1


def test_backlog_raises_for_what_happened_and_does_not_end_what_is_now(bench: Bench) -> None:
    bench.send(rows(50, [-180.0]))
    bench.rule()
    bench.send(rows(51, [-100.0]))
    bench.send(rows(1, [-180.0, -181.0]), kind="h/tank")

    assert [e.cleared_at for e in bench.all(Episode)] == [None]


def test_presence_heartbeat_and_farewell(bench: Bench) -> None:
    bench.send({"v": 1, "online": True, "boot": BOOT}, kind="state")
    bench.send({"v": 1, "boot": BOOT, "at": T0, "depth": 7, "version": "0.1"}, kind="hb")
    agent = bench.all(Agent)[0]
    assert (agent.online, agent.boot, json.loads(agent.heartbeat)["depth"]) == (True, BOOT, 7)

    bench.send({"v": 1, "online": False, "boot": "oldboot00000"}, kind="state")
    assert bench.all(Agent)[0].online
    bench.send({"v": 1, "online": False, "boot": BOOT}, kind="state")
    assert not bench.all(Agent)[0].online


def test_what_the_broker_kept_and_a_will_are_no_signs_of_life(bench: Bench) -> None:
    online = {"v": 1, "online": True, "boot": BOOT}
    beat = {"v": 1, "boot": BOOT, "at": T0}
    on_messages(
        bench.desk,
        [
            Incoming(f"ck1/main/tank-1/{kind}", json.dumps(said).encode(), 1, 1, retained=True)
            for kind, said in (("state", online), ("hb", beat))
        ],
    )
    bench.send({"v": 1, "online": False, "boot": BOOT}, kind="state")
    agent = bench.all(Agent)[0]
    assert (agent.online, agent.seen_at) == (False, None)

    bench.send(online, kind="state")
    agent = bench.all(Agent)[0]
    assert (agent.online, agent.seen_at) == (True, NOW)


def test_an_agent_that_says_nothing_for_three_minutes_is_offline(bench: Bench) -> None:
    bench.send({"v": 1, "boot": BOOT, "at": T0}, kind="hb")
    later = NOW + timedelta(minutes=4)
    with bench.database.writing() as session:
        assert reports.is_any_silent(session, now=later)
        assert reports.presence(session, now=later) == 1
    assert not bench.all(Agent)[0].online


@pytest.fixture
def second(bench: Bench) -> Iterator[Desk]:
    """A second worker on the same database."""
    other = Database(bench.database.url.render_as_string(hide_password=False))
    yield Desk(other, bench.clock)
    other.close()


def test_two_workers_that_take_the_same_messages_at_once_store_each_row_once(
    bench: Bench, second: Desk
) -> None:
    import threading

    payloads = [json.dumps(rows(i + 1, [-180.0 - i % 7])).encode() for i in range(200)]
    group = [Incoming("ck1/main/tank-1/t/tank", p, 0, 0) for p in payloads]

    def work(desk: Desk) -> None:
        for i in range(0, 200, 10):
            on_messages(desk, group[i : i + 10])

    threads = [threading.Thread(target=work, args=(desk,)) for desk in (bench.desk, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(bench.values()) == 200
    assert [s.ranges for s in bench.all(Settled)] == ["[[1,200]]"]


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
def test_a_whole_number_that_no_database_takes_is_stored_and_blinds_no_neighbour(
    bench: Bench, number: int
) -> None:
    message = rows(1, [-180.0]) | {"ch": ["top_c", "odd_v"], "rows": [[-180.0, number]]}

    (ack,) = bench.send(message)

    assert isinstance(ack, Ack)
    assert (ack.upto, ack.refused) == (1, ())
    assert sorted(bench.values()) == sorted([-180.0, float(number)])  # type: ignore[type-var]  # both are numbers


def test_a_freezer_that_warms_behind_a_clock_that_was_set_back_a_day_still_alarms(
    bench: Bench,
) -> None:
    bench.send(rows(1, [-180.0, -180.0]))
    bench.rule()
    yesterday = {"t0": T0 - 86_400_000}

    bench.send(rows(3, [-120.0], **yesterday, hist=True), kind="h/tank")
    assert bench.all(Episode) == []  # history: judged in its place
    bench.send(rows(4, [-121.0, -119.0], **yesterday))

    (episode,) = bench.all(Episode)
    assert (episode.raised_at, episode.raised_value) == (NOW - timedelta(seconds=1), -121.0)
    bench.send(rows(6, [-180.0], **yesterday))
    (episode,) = bench.all(Episode)
    assert episode.cleared_at == NOW
