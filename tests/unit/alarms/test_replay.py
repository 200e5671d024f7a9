"""A stretch of stored readings is judged as if it had come in order."""

import pytest

from edge_agent.wire.limits import Limit
from server.alarms.replay import Past, excursions

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
