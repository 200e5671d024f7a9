"""Charts are told which alarms stood, of their channels and of the freezer itself; drills are none."""

from datetime import timedelta

import pytest

from server.alarms import excursions
from server.alarms.models import AlarmRule, Episode
from server.core.clock import to_ms
from server.notify.rules import Sentence, packed
from server.telemetry.models import Channel
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured

MINUTE = timedelta(minutes=1)


@pytest.fixture
def measured(database):
    return Measured(database)


def episode(
    measured, kind, *, channel=None, ago, lasted, drill="", severity="critical", detail="{}"
):
    """Store an alarm that was raised so many minutes before noon; `lasted` None while it stands."""
    with measured.database.writing() as session:
        own = measured.channels[channel] if channel else None
        freezer = None if channel else measured.freezer_id
        rule = AlarmRule(
            org_id=measured.org_id, channel_id=own, freezer_id=freezer, kind=kind, severity=severity,
            value=-150.0, created_at=NOON,
        )  # fmt: skip
        session.add(rule)
        session.flush()
        raised = NOON - ago * MINUTE
        session.add(Episode(
            org_id=measured.org_id, rule_id=rule.id, channel_id=own, freezer_id=measured.freezer_id,
            kind=kind, severity=severity, limit_value=-150.0, drill=drill, raised_at=raised,
            detail=detail,
            recorded_at=NOON, cleared_at=None if lasted is None else raised + lasted * MINUTE,
        ))  # fmt: skip
    return to_ms(raised)


def told(measured, *keys, hours=1):
    with measured.database.reading() as session:
        channels = [session.get_one(Channel, measured.channels[key]) for key in keys]
        found = excursions.of_channels(session, channels, NOON_MS - hours * HOUR_MS, NOON_MS)
        return [(one.from_ms, one.to_ms, one.severity, one.text.text("en")) for one in found]


def test_an_alarm_of_a_charted_channel_is_a_span_with_its_quantity(measured):
    begin = episode(measured, "high", channel="top_c", ago=30, lasted=10)
    episode(measured, "low", channel="level_mm", ago=30, lasted=10)

    assert told(measured, "top_c") == [(begin, begin + 600_000, "critical", "Top probe")]


def test_one_that_stands_has_no_end_and_one_before_the_time_is_left_out(measured):
    begin = episode(measured, "high", channel="top_c", ago=90, lasted=None, severity="warning")
    episode(measured, "high", channel="top_c", ago=90, lasted=20)

    assert told(measured, "top_c") == [(begin, None, "warning", "Top probe")]


def test_silence_is_shown_as_unknown_and_a_drill_not_at_all(measured):
    episode(measured, "stale", channel="top_c", ago=20, lasted=5)
    episode(measured, "high", channel="top_c", ago=20, lasted=5, drill="D-1")

    assert [severity for _, _, severity, _ in told(measured, "top_c")] == ["unknown"]


def test_the_timeline_names_the_code_that_the_controller_said(measured):
    said = packed({"code": "LL", "meaning": Sentence("the level is low")})
    episode(measured, "event", ago=20, lasted=5, detail=said)

    with measured.database.reading() as session:
        lines = excursions.happened(session, measured.freezer_id, NOON - 60 * MINUTE)

    assert {line.text.text("en") for line in lines} == {"Controller: LL", "Controller: LL: over"}
