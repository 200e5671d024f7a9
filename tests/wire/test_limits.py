"""What a limit means, as a table of stories, and the fast column against the slow row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire.limits import (
    NORMAL,
    JudgeState,
    Limit,
    judge,
    judge_column,
    judge_silence,
    tick,
)

HIGH = Limit("high", -150.0)
LAZY = Limit("high", -150.0, hysteresis=5.0, delay_on_ms=60_000, delay_off_ms=30_000)
LOW = Limit("low", 205.0, hysteresis=10.0)
DOOR = Limit("door", 0.0, delay_on_ms=120_000)


def told(limit, *readings):
    """The changes as (at, change) that readings of (at in seconds, value[, quality]) cause."""
    state, changes = NORMAL, []
    for at_s, value, *quality in readings:
        state, change = judge(limit, state, at_s * 1000, value, *(quality or [0]))
        if change:
            changes.append((at_s, change))
    return changes


@pytest.mark.parametrize(
    ("story", "limit", "readings", "expected"),
    [
        ("at the limit is not above it", HIGH, [(0, -150.0)], []),
        ("true at the first reading raises", HIGH, [(0, -149.9)], [(0, "raised")]),
        ("at the limit is not below it", HIGH, [(0, -100), (1, -150.0)], [(0, "raised")]),
        ("below clears", HIGH, [(0, -100), (1, -150.1)], [(0, "raised"), (1, "cleared")]),
        ("a number of 0 is a number", HIGH, [(0, 0)], [(0, "raised")]),
        ("0 is no alarm where the limit is above", Limit("high", 1.0), [(0, 0)], []),
        ("0 is below a low limit", LOW, [(0, 0)], [(0, "raised")]),
        ("a spike shorter than the delay", LAZY, [(0, -100), (59, -100), (59.5, -170), (99, -170)], []),
        ("as long as the delay", LAZY, [(0, -100), (60, -100)], [(60, "raised")]),
        ("back within hysteresis is not back", LAZY, [(0, -1), (60, -1), (70, -153), (200, -154.9)], [(60, "raised")]),
        ("back for the delay off", LAZY, [(0, -1), (60, -1), (70, -156), (100, -156)], [(60, "raised"), (100, "cleared")]),
        ("warm again while clearing", LAZY, [(0, -1), (60, -1), (70, -156), (80, -152), (99, -156), (128, -156)], [(60, "raised")]),
        ("low is the mirror", LOW, [(0, 204.9), (1, 215), (2, 215.1)], [(0, "raised"), (2, "cleared")]),
        ("open is 0.5 and above", DOOR, [(0, 0.5), (120, 1)], [(120, "raised")]),
        ("closed is below 0.5", DOOR, [(0, 1), (120, 1), (130, 0.49)], [(120, "raised"), (130, "cleared")]),
        ("a short opening", DOOR, [(0, 1), (119, 1), (119.5, 0), (300, 0)], []),
        ("an open probe changes nothing", HIGH, [(0, -100), (1, None, 16), (2, None, 22), (3, None, 48)], [(0, "raised")]),
        ("a number under a code without one is not judged", HIGH, [(0, 0, 16)], []),
        ("marked numbers are judged", HIGH, [(0, -100, 18)], [(0, "raised")]),
        ("a stuck number too", HIGH, [(0, -100, 19)], [(0, "raised")]),
        ("an implausible one too, even overdue", HIGH, [(0, -100, 52)], [(0, "raised")]),
        ("an overdue calibration hides nothing", HIGH, [(0, -100, 32)], [(0, "raised")]),
        ("an older row does not shorten the delay on", LAZY, [(100, -1), (20, -1), (101, -1), (159, -1)], []),
        ("an older good row does not end a beginning", LAZY, [(100, -1), (20, -170), (160, -1)], [(160, "raised")]),
        ("an older good row does not clear", HIGH, [(100, -1), (20, -170)], [(100, "raised")]),
        ("an older row does not shorten the delay off", LAZY, [(0, -1), (60, -1), (90, -170), (61, -170), (91, -170)], [(60, "raised")]),
    ],
)  # fmt: skip
def test_a_story_raises_and_clears(story, limit, readings, expected):
    assert told(limit, *((int(r[0] * 1000) / 1000, *r[1:]) for r in readings)) == expected, story


def test_the_worst_number_of_an_excursion_is_kept_until_it_is_over():
    state = NORMAL
    for at_ms, value in enumerate([-140, -120, -130, 0, -10]):
        state, _ = judge(HIGH, state, at_ms, value, 0)
    assert state == JudgeState("active", 0, 0)
    state, change = judge(HIGH, state, 9, -170, 0)
    assert (state, change) == (JudgeState("normal", 9), "cleared")


def test_time_alone_raises_and_clears_what_was_waiting():
    pending, _ = judge(LAZY, NORMAL, 0, -100, 0)
    assert tick(LAZY, pending, 59_999) == (pending, None)
    active, change = tick(LAZY, pending, 60_000)
    assert (active.phase, change) == ("active", "raised")
    assert tick(LAZY, active, 10**9) == (active, None)
    clearing, _ = judge(LAZY, active, 70_000, -190, 0)
    assert tick(LAZY, clearing, 99_999) == (clearing, None)
    assert tick(LAZY, clearing, 100_000) == (JudgeState("normal", 100_000), "cleared")
    assert tick(LAZY, NORMAL, 10**9) == (NORMAL, None)


SILENT = Limit("stale", 300.0)


@pytest.mark.parametrize(
    ("last_s", "now_s", "expected"),
    [(0, 300, None), (0, 300.001, "raised"), (None, 0, "raised"), (10, 310, None)],
)
def test_silence_longer_than_the_limit_raises(last_s, now_s, expected):
    last_ms = None if last_s is None else last_s * 1000
    assert judge_silence(SILENT, NORMAL, last_ms, int(now_s * 1000))[1] == expected


def test_silence_is_over_when_a_number_has_come():
    active, _ = judge_silence(SILENT, NORMAL, 0, 400_000)
    assert judge_silence(SILENT, active, 0, 500_000)[1] is None
    assert judge_silence(SILENT, active, 499_000, 500_000)[1] == "cleared"


def test_the_delay_of_a_silence_counts_from_when_it_became_too_long():
    patient = Limit("stale", 300.0, delay_on_ms=60_000)
    pending, change = judge_silence(patient, NORMAL, 0, 310_000)
    assert (pending.phase, pending.since_ms, change) == ("pending", 300_000, None)
    assert judge_silence(patient, pending, 0, 360_000)[1] == "raised"
    assert judge_silence(patient, NORMAL, 0, 360_000)[1] == "raised"
    assert judge_silence(patient, pending, 355_000, 360_000)[0].phase == "normal"


def test_rows_are_not_judged_against_a_stale_limit():
    assert judge(SILENT, NORMAL, 0, 1e9, 0) == (NORMAL, None)
    assert judge_column(SILENT, NORMAL, [0], [1e9]) == (NORMAL, [])


LIMITS = st.builds(
    Limit,
    st.sampled_from(["high", "low", "door", "stale"]),
    st.sampled_from([-1.0, 0.0, 0.5, 2.0]),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([0, 3]),
    st.sampled_from([0, 3]),
)
READINGS = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.one_of(st.none(), st.sampled_from([-3.0, -1.0, 0, 0.5, 1, 2.0, 3.0])),
        st.sampled_from([0, 1, 16, 18, 22, 32, 48]),
    ),
    max_size=12,
)
STATES = st.one_of(
    st.just(NORMAL),
    st.builds(
        JudgeState,
        st.sampled_from(["pending", "active", "clearing"]),
        st.integers(0, 20),
        st.sampled_from([None, 0.0, 3.0]),
    ),
)


@given(LIMITS, STATES, READINGS)
def test_a_column_is_judged_exactly_as_its_rows_one_by_one(limit, begin, readings):
    state, changes = begin, []
    for index, (at_ms, value, quality) in enumerate(readings):
        state, change = judge(limit, state, at_ms, value, quality)
        if change:
            changes.append((index, change))
    times, values, qualities = (
        (list(c) for c in zip(*readings, strict=True)) if readings else ([], [], [])
    )
    assert judge_column(limit, begin, times, values, qualities) == (state, changes)


@given(LIMITS, READINGS)
def test_a_column_without_qualities_is_all_good(limit, readings):
    times, values = [r[0] for r in readings], [r[1] for r in readings]
    good = [0] * len(readings)
    assert judge_column(limit, NORMAL, times, values) == judge_column(
        limit, NORMAL, times, values, good
    )


@given(LIMITS, READINGS)
def test_raised_and_cleared_take_turns(limit, readings):
    _, changes = (
        judge_column(limit, NORMAL, *(list(c) for c in zip(*readings, strict=True)))
        if readings
        else (0, [])
    )
    assert [c for _, c in changes] == [("raised", "cleared")[n % 2] for n in range(len(changes))]
