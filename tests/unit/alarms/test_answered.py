"""For how long an answer holds while its alarm goes on."""

from datetime import timedelta

import pytest

from server.alarms.answered import again_after


@pytest.mark.parametrize(
    ("severity", "alarm_class", "ack_timeout_s", "expected"),
    [
        ("critical", "process", 0.0, timedelta(hours=1)),
        ("critical", "system", 86_400.0, timedelta(days=1)),
        ("critical", "process", 600.0, timedelta(minutes=10)),
        ("high", "safety", 0.0, timedelta(hours=1)),
        ("high", "process", 0.0, None),
        ("warning", "equipment", 0.0, None),
        ("warning", "process", 900.0, timedelta(minutes=15)),
    ],
)
def test_acknowledging_is_not_resolving_br_51(severity, alarm_class, ack_timeout_s, expected):
    assert again_after(severity, alarm_class, ack_timeout_s) == expected
