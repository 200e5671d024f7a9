"""Times that wait for their figures become few times."""

import pytest

from server.telemetry.columns import SIX_HOURS_MS as STEP
from server.telemetry.six_hour_rows import MOST_SPANS, spans


@pytest.mark.parametrize(
    ("begins", "expected"),
    [
        ([], []),
        ([0], [(0, 1)]),
        ([0, 1, 2], [(0, 3)]),
        ([0, 2], [(0, 1), (2, 3)]),
        (list(range(0, 2 * MOST_SPANS, 2)), [(n, n + 1) for n in range(0, 2 * MOST_SPANS, 2)]),
        (list(range(4, 6 + 2 * MOST_SPANS, 2)), [(4, 5 + 2 * MOST_SPANS)]),
    ],
)
def test_neighbours_are_one_time_and_too_many_are_one_for_all(begins, expected):
    found = spans([begin * STEP for begin in begins])

    assert found == [(first * STEP, last * STEP) for first, last in expected]
