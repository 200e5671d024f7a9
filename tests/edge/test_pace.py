"""The backlog leaves the link free for a share of the time; the clock's jumps are told."""

from edge_agent.clock import Moment
from edge_agent.clock_watch import ClockWatch
from edge_agent.pace import Pace
from edge_agent.wire.messages import Clk

SET, UNSET = Clk(s=True), Clk(s=False)


def burst(pace, now_ms, n=4):
    sent = 0
    while sent < 9 and pace.may_send(now_ms, sent, n):
        pace.sent(now_ms)
        sent += 1
    return sent


def test_a_burst_is_followed_by_a_pause_as_long_as_its_share_asks():
    pace = Pace(0.8)
    assert burst(pace, 1_000) == 4
    pace.answered(2_000, 3)
    assert not pace.may_send(2_000, 3, 4), "the burst is not over yet"
    pace.answered(5_000, 0)
    assert list(pace.pause_ends_ms()) == [6_000]
    assert not pace.may_send(5_999, 0, 4)
    assert burst(pace, 6_000) == 4


def test_half_of_the_time_is_half_of_the_time():
    pace, now, busy = Pace(0.5), 0, 0
    for _ in range(100):
        assert burst(pace, now) == 4
        now, busy = now + 700, busy + 700
        pace.answered(now, 0)
        (now,) = pace.pause_ends_ms()
    assert busy / now == 0.5


def test_with_the_whole_share_nothing_is_held_up():
    pace = Pace(1.0)
    assert pace.may_send(0, 3, 4)
    assert not pace.may_send(0, 4, 4)
    pace.answered(10, 0)
    assert list(pace.pause_ends_ms()) == []


def test_a_pause_that_is_over_is_not_asked_for_again():
    pace = Pace(0.5)
    burst(pace, 0)
    pace.answered(100, 0)
    assert pace.may_send(200, 0, 4)
    assert list(pace.pause_ends_ms()) == [], "or the loop would spin"


def test_a_burst_of_which_nothing_is_under_way_any_more_does_not_block():
    pace = Pace(0.5)
    burst(pace, 0)
    assert pace.may_send(50, 0, 4), "all four were refused, which is no answer of theirs"
    burst(pace, 60)
    pace.reset()
    assert pace.may_send(61, 0, 4)


def test_a_jump_of_the_clock_is_told_once_and_slewing_is_not():
    watch, day = ClockWatch(), 86_400_000
    assert watch.look(Moment(1_000_000, 1_000), SET) == []
    assert watch.look(Moment(1_001_900, 2_000), SET) == []
    assert watch.look(Moment(1_002_900 + day, 3_000), SET) == [
        {"kind": "clock_jumped", "by_ms": day}
    ]
    assert watch.look(Moment(1_003_900 + day, 4_000), SET) == []
    assert watch.look(Moment(1_004_900, 5_000), SET) == [{"kind": "clock_jumped", "by_ms": -day}]


def test_the_first_setting_is_no_jump():
    watch = ClockWatch()
    watch.look(Moment(0, 1_000), UNSET)
    assert watch.look(Moment(1_763_800_000_000, 2_000), SET) == []
    assert watch.look(Moment(1_763_800_001_000, 3_000), SET) == []
