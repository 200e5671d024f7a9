"""The protocol: over a link that loses, doubles and reorders, nothing is lost, doubled or sent for ever."""

import random
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.clock import Moment
from edge_agent.delivery import BACKLOG_AT_ONCE, Delivery
from edge_agent.rows import NewRow, event_row, new_boot
from edge_agent.spool import Boot, Spool
from edge_agent.wire import codec, ranges
from edge_agent.wire.messages import Ack, Bad, Clk, Refused

CLK = Clk(s=True, off_ms=3)
BASE_MS = 1_763_800_000_000


class Server:
    """A model of the server: settled ranges per boot and stream, and every row that it stored."""

    def __init__(self):
        self.settled = {}
        self.stored = Counter()
        self.unreadable = set()
        self.unwanted = set()
        self.deadly = set()
        self.silent = False

    def take(self, outgoing):
        """The answer to a payload, or None."""
        if self.silent:
            return None
        if outgoing.kind == "ev":
            message = codec.decode_events(outgoing.payload)
            values = [event["n"] for event in message.ev]
        else:
            message = codec.decode_rows(outgoing.payload, outgoing.stream)
            values = [row[0] for row in message.rows]
        if self.deadly & set(values):
            return None
        if self.unreadable & set(values):
            return Bad(codec.crc(outgoing.payload), "it cannot be read")
        key = (message.boot, message.stream)
        held = self.settled.get(key, ranges.NONE)
        refused = []
        for seq, value in enumerate(values, message.seq):
            if value in self.unwanted and not ranges.contains(held, seq):
                refused.append(Refused(seq, 1, "it is not wanted"))
            elif not ranges.contains(held, seq):
                self.stored[value] += 1
                held = ranges.add(held, seq, seq)
        held = ranges.add_all(held, message.void)
        self.settled[key] = held
        more = ranges.touching(held, message.pieces)
        return Ack(*key, ranges.upto(held), more, tuple(refused), BASE_MS)


class World:
    """An agent, a server, and what is between them."""

    def __init__(self, folder, seed=0):
        self.server = Server()
        self.spool = Spool(folder / "spool.db")
        self.random = random.Random(seed)
        self.now_ms = 0
        self.added = 0
        self.wire = []
        self.sent = []
        self.restart()

    def moment(self):
        return Moment(BASE_MS + self.now_ms, self.now_ms)

    def restart(self):
        self.spool.begin_boot(Boot(new_boot(), BASE_MS, "kernel", 0, dated=True))
        self.delivery = Delivery(self.spool, self.random.random)

    def connect(self):
        self.delivery.disconnected()
        self.delivery.connected()

    def add(self, n, stream="tank", ch=("top_c",)):
        rows = []
        for _ in range(n):
            self.added += 1
            at_ms = BASE_MS + self.now_ms + self.added
            if stream == "ev":
                rows.append(event_row(at_ms, CLK, "badge", n=self.added))
            else:
                rows.append(NewRow(stream, at_ms, CLK, ch, (self.added,) * len(ch)))
        self.spool.add(rows)

    def send(self):
        out = self.delivery.due(self.moment(), CLK)
        self.sent += out
        self.wire += [("up", outgoing) for outgoing in out]
        return out

    def carry(self, index=0):
        direction, item = self.wire.pop(index)
        if direction == "down":
            self.delivery.answer(item, self.moment())
        elif (answer := self.server.take(item)) is not None:
            self.wire.append(("down", answer))

    def carry_all(self):
        while self.wire:
            self.carry()

    def settle_down(self, rounds=400):
        """Run with a good link until nothing is left to say."""
        for _ in range(rounds):
            self.send()
            self.carry_all()
            if not self.spool.depth() and not any(map(self.spool.voids, self.spool.streams())):
                return
            self.now_ms = max(self.now_ms + 1, self.delivery.next_due_ms() or 0)
        raise AssertionError(f"{self.spool.depth()} rows are still in the spool")


@contextmanager
def worlds(seed=0):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), seed)
        try:
            yield world
        finally:
            world.spool.close()


@pytest.fixture
def world():
    with worlds() as made:
        yield made


ACTIONS = st.one_of(
    st.tuples(st.just("add"), st.integers(1, 6), st.sampled_from(["tank", "room", "ev"]), st.sampled_from([1, 2])),
    st.tuples(st.sampled_from(["send", "carry", "carry", "drop", "double", "late"]), st.integers(0, 9)),
    st.tuples(st.sampled_from(["connect", "drop link", "restart", "silence", "speak"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 5_000, 11_000, 400_000])),
    st.tuples(st.sampled_from(["unreadable", "unwanted", "deadly"]), st.integers(1, 40)),
)  # fmt: skip


def act(world, action, *facts):
    if action == "add":
        world.add(facts[0], facts[1], ("top_c", "level_mm")[: facts[2]])
    elif action == "send":
        world.send()
    elif action == "wait":
        world.now_ms += facts[0]
    elif action in {"connect", "restart"}:
        world.restart() if action == "restart" else world.connect()
    elif action == "drop link":
        world.delivery.disconnected()
        world.wire.clear()
    elif action in {"silence", "speak"}:
        world.server.silent = action == "silence"
    elif action in {"unreadable", "unwanted", "deadly"}:
        if world.server.stored[facts[0]] == 0:
            getattr(world.server, action).add(facts[0])
    elif world.wire:
        meddle(world, action, facts[0] % len(world.wire))


def meddle(world, action, index):
    if action == "carry":
        world.carry(index)
    elif action == "drop":
        world.wire.pop(index)
    elif action == "double":
        world.wire.append(world.wire[index])
    elif action == "late":
        world.wire.append(world.wire.pop(index))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=40), st.integers(0, 2**32))
def test_every_row_is_stored_once_or_set_aside_whatever_the_link_does(actions, seed):
    with worlds(seed) as world:
        world.connect()
        for action in actions:
            act(world, *action)
        world.server.silent = False
        world.connect()
        world.settle_down()
        never = world.server.unreadable | world.server.unwanted | world.server.deadly
        stored = world.server.stored
        assert max(stored.values(), default=0) <= 1
        assert set(range(1, world.added + 1)) - set(stored) <= never
        assert world.spool.refused() == world.added - len(stored)


def test_live_rows_go_before_the_backlog_and_are_not_held_up_by_it(world):
    for _ in range(8):
        world.add(2_000)
    world.connect()
    first = world.send()
    assert [o.kind for o in first] == ["t", "h", "h", "h", "h"]
    world.server.silent = True
    world.carry_all()
    world.add(1)
    assert [o.kind for o in world.send()] == ["t"]


def test_at_most_four_backlog_messages_are_unanswered_lowest_first(world):
    world.add(2_000 * 6)
    world.connect()
    sent = [codec.decode_rows(o.payload, "tank") for o in world.send() if o.kind == "h"]
    assert [message.seq for message in sent] == [1, 2_001, 4_001, 6_001]
    assert all(message.hist for message in sent)
    assert len(sent) == BACKLOG_AT_ONCE
    assert world.send() == []


def test_asked_for_one_at_a_time_the_backlog_leaves_room_for_sampling_between(world):
    world.add(2_000 * 6)
    world.connect()
    sent = []
    for turn in range(6):
        out = world.delivery.due(world.moment(), CLK, backlog=1)
        sent += [codec.decode_rows(o.payload, "tank").seq for o in out if o.kind == "h"]
        assert (world.delivery.next_due_ms() == 0) is (turn < 3)
    assert sent == [1, 2_001, 4_001, 6_001]
    world.delivery.disconnected()
    world.delivery.due(world.moment(), CLK, backlog=1)
    assert world.delivery.next_due_ms() is None


def test_a_live_row_that_stays_unanswered_becomes_backlog(world):
    world.connect()
    world.add(1)
    assert [o.kind for o in world.send()] == ["t"]
    world.wire.clear()
    world.now_ms = 13_000
    assert [o.kind for o in world.send()] == ["h"]
    world.carry_all()
    assert world.spool.depth() == 0


def test_waiting_doubles_from_ten_seconds_to_five_minutes(world):
    world.add(2)
    world.connect()
    world.server.silent = True
    waits = []
    for _ in range(9):
        world.send()
        flight = next(f for f in world.delivery._flights if f.open and not f.live)
        waits.append((flight.due_ms - world.now_ms) / 1000)
        world.now_ms = flight.due_ms
    for wait, least in zip(waits, [10, 20, 40, 80, 160, 300, 300, 300, 300], strict=True):
        assert least <= wait <= 1.2 * least


def test_after_a_reconnect_everything_unanswered_is_sent_at_once(world):
    world.connect()
    world.add(3)
    world.send()
    world.wire.clear()
    world.connect()
    assert sum(codec.decode_rows(o.payload, "tank").n for o in world.send()) == 3


def test_after_a_silence_the_first_answer_wakes_what_had_waited_long(world):
    world.add(2)
    world.connect()
    world.server.silent = True
    for _ in range(6):
        world.send()
        world.now_ms = world.delivery.next_due_ms()
    world.server.silent = False
    world.wire.clear()
    world.add(1)
    world.send()
    world.carry_all()
    assert (
        world.delivery.next_due_ms() is None
        or world.delivery.next_due_ms() - world.now_ms <= 10_000
    )
    world.now_ms += 13_000
    world.send()
    world.carry_all()
    assert world.spool.depth() == 0


def test_a_row_that_cannot_be_read_is_halved_out_set_aside_and_told_as_void(world):
    world.server.unreadable = {777}
    world.add(2_000)
    world.connect()
    began_ms = world.now_ms
    world.settle_down()
    assert world.now_ms - began_ms < 10_000, "each half starts at once"
    assert sum(world.server.stored.values()) == 1_999
    assert world.spool.refused() == 1
    (aside,) = world.delivery.set_aside()
    assert (aside.first, aside.last, aside.why) == (777, 777, "it cannot be read")
    assert ranges.upto(world.server.settled[aside.key]) == 2_000


def test_refused_rows_are_set_aside_and_told_as_void(world):
    world.server.unwanted = {2, 3}
    world.connect()
    world.add(5)
    world.settle_down()
    assert sorted(world.server.stored) == [1, 4, 5]
    assert world.spool.refused() == 2
    assert all(held == ((1, 5),) for held in world.server.settled.values())


def test_a_silent_server_is_asked_with_an_empty_message_and_loses_no_row(world):
    world.add(2)
    world.connect()
    world.server.silent = True
    for _ in range(30):
        world.send()
        world.wire.clear()
        world.now_ms = world.delivery.next_due_ms()
    probes = [o for o in world.sent if codec.decode_rows(o.payload, "tank").n == 0]
    assert probes
    assert codec.decode_rows(probes[0].payload, "tank").seq == 3
    assert world.spool.depth() == 2
    assert world.spool.refused() == 0


def test_a_row_that_kills_its_reader_is_found_and_set_aside(world):
    world.server.deadly = {3}
    world.add(8)
    world.connect()
    world.settle_down()
    assert sorted(world.server.stored) == [1, 2, 4, 5, 6, 7, 8]
    assert world.spool.refused() == 1


def test_an_ack_above_what_was_sent_settles_nothing_unsent(world):
    world.connect()
    world.add(2)
    world.send()
    world.add(3)
    world.delivery.answer(Ack(world.spool.boot, "tank", 100), world.moment())
    assert world.spool.depth() == 3


@pytest.mark.parametrize(
    "answer",
    [Ack("zzzzzzzzzzzz", "tank", 5), Ack("zzzzzzzzzzzz", "tank", 0, ((3, 9),)), Bad(1, "?")],
)
def test_an_answer_about_rows_that_are_not_held_is_ignored(world, answer):
    world.connect()
    world.add(2)
    world.send()
    world.delivery.answer(answer, world.moment())
    assert world.spool.depth() == 2


def test_rows_that_differ_in_channels_clock_or_drill_never_share_a_message(world):
    at = BASE_MS
    world.spool.add([
        NewRow("tank", at, CLK, ("top_c",), (1,)),
        NewRow("tank", at + 1, Clk(s=True, off_ms=90), ("top_c",), (2,)),
        NewRow("tank", 50, Clk(s=False), ("top_c",), (3,)),
        NewRow("tank", at + 2, CLK, ("level_mm",), (4,)),
        NewRow("tank", at + 3, CLK, ("level_mm",), (5,), drill="drill-1"),
    ])  # fmt: skip
    world.restart()
    world.connect()
    messages = [codec.decode_rows(o.payload, "tank") for o in world.send()]
    assert [(m.seq, m.n) for m in messages] == [(1, 2), (3, 1), (4, 1), (5, 1)]
    assert messages[3].drill == "drill-1"
    world.carry_all()
    assert world.spool.depth() == 0


def test_older_boots_go_first_and_keep_their_numbers(world):
    world.add(2)
    old = world.spool.boot
    world.restart()
    world.add(2)
    world.connect()
    messages = [codec.decode_rows(o.payload, "tank") for o in world.send()]
    assert [(m.boot, m.seq, m.hist) for m in messages] == [
        (world.spool.boot, 2, False),
        (old, 1, True),
        (world.spool.boot, 1, True),
    ]


def test_a_large_backlog_is_packed_into_few_messages_that_keep_the_limits(world):
    world.add(20_000, ch=("a_c", "b_c", "c_c", "d_c", "e_c"))
    world.restart()
    world.connect()
    world.settle_down()
    assert sum(world.server.stored.values()) == 20_000
    assert len(world.sent) < 30
    assert max(len(o.payload) for o in world.sent) <= 128 * 1024
