"""What a worker remembers for as long as it lives."""

from server.telemetry.columns import HOUR_MS
from server.telemetry.known import Known


def test_an_hour_is_marked_once_while_it_lasts_and_each_time_after_it_is_over():
    known = Known()
    mark = (1, 0)

    assert known.hours_to_mark({mark}, 10) == [mark]
    assert known.hours_to_mark({mark}, 20) == []
    assert known.hours_to_mark({mark}, 5 * HOUR_MS) == [mark]
    assert known.hours_to_mark({mark}, 5 * HOUR_MS + 1) == [mark]
