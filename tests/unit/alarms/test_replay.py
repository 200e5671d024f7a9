"""A stretch of stored readings is judged as if it had come in order."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire.limits import Limit
from server.alarms.rate import Window
from server.alarms.replay import Past, excursions, silences, speeds

HIGH = Limit("high", -150.0, 2.0)


def rows(*values, quality=0, step=10_000):
    return [(n * step, value, quality) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("limit", "given", "expected"),
    [
        (HIGH, rows(-170, -170), []),
        (HIGH, rows(-170, -149, -140, -170), [Past(10_000, 30_000, -149, -140)]),
        (HIGH, rows(-149, -151, -153), [Past(0, 20_000, -149, -149)]),
        (HIGH, rows(-170, -149), [Past(10_000, None, -149, -149)]),
        (HIGH, rows(-149, -170, -145, -170), [Past(0, 10_000, -149, -149), Past(20_000, 30_000, -145, -145)]),
        (HIGH, rows(-170, None, -149, None, -170), [Past(20_000, 40_000, -149, -149)]),
        (HIGH, [(0, -149.0, 16), (10_000, -149.0, 22)], []),
        (Limit("high", -150.0, 0.0, 30_000), rows(-149, -149, -170), []),
        (Limit("high", -150.0, 0.0, 20_000), rows(-149, -148, -147, -170), [Past(20_000, 30_000, -147, -147)]),
        (Limit("low", 75.0), rows(80, 70, 60, 80), [Past(10_000, 30_000, 70, 60)]),
        (Limit("door", 0.5, 0.0, 10_000), rows(0, 1, 1, 0), [Past(20_000, 30_000, 1, 1)]),
    ],
    ids=[
        "never", "once", "way back", "still", "twice", "gaps", "no number", "too short", "delay", "low", "lid",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 2, 100])
def test_what_a_limit_would_have_raised(limit, given, expected, size):
    cut = [given[first : first + size] for first in range(0, len(given), size)]

    assert excursions(limit, cut) == expected


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 400), st.none() | st.floats(-196, 30)), min_size=1, max_size=60
    ),
    cuts=st.sets(st.integers(1, 59)),
    seconds=st.integers(60, 1200),
)
def test_a_speed_is_that_of_its_window_however_the_readings_come(steps, cuts, seconds):
    rows, at = [], 1_700_000_000_000
    for seconds_on, value in steps:
        at += seconds_on * 1000
        rows.append((at, value, 0))
    ends = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    pieces = [rows[a:b] for a, b in pairwise(ends)]
    window = Window(seconds, "both")

    found = [row for piece in speeds(pieces, window) for row in piece]

    assert [row[:2] for row in found] == [
        (at_ms, pytest.approx(speed, rel=1e-6, abs=1e-6))
        for at_ms, speed in _one_by_one(rows, window)
    ]


def _one_by_one(rows, window):
    for at_ms, value, _quality in rows:
        if value is None:
            continue
        seen = [
            (t, v)
            for t, v, _q in rows
            if v is not None and at_ms - window.seconds * 1000 < t <= at_ms
        ]
        if len(seen) < 3 or (at_ms - seen[0][0]) * 2 < window.seconds * 1000:
            continue
        mean_t, mean_v = (sum(one) / len(seen) for one in zip(*seen, strict=True))
        up = sum((t - mean_t) * (v - mean_v) for t, v in seen)
        across = sum((t - mean_t) ** 2 for t, _v in seen)
        yield at_ms, abs(up / across * 60_000)


def test_a_silence_begins_when_it_was_due_and_may_go_on():
    rows = [[(0, 1.0, 0), (10_000, 1.0, 0)], [(100_000, None, 4), (110_000, 1.0, 0)]]

    assert silences(rows, 30_000, 5_000, 120_000) == [Past(45_000, 100_000, None, None)]
    assert silences(rows, 30_000, 5_000, 145_001)[-1] == Past(145_000, None, None, None)
    assert silences([], 30_000, 0, 1_000_000) == []
