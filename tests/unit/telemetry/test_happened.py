"""What happened is told in lines: a lid is one line from its opening to its closing."""

import json

import pytest

from server.telemetry.happened import _plain_line, _span_line, spans_of
from server.telemetry.models import DeviceEvent


def seen(at_s, kind, **facts):
    return DeviceEvent(
        at_ms=at_s * 1000, kind=kind, facts=json.dumps(facts), boot="b", seq=at_s, drill=""
    )


def told(*events):
    return [_span_line(span).text.text() for span in spans_of(events)]


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        ([seen(0, "door_opened"), seen(74, "door_closed")], ["Lid open 74 s"]),
        ([seen(0, "door_opened"), seen(600, "door_closed")], ["Lid open 10 min"]),
        ([seen(0, "door_opened")], ["Lid open, still"]),
        ([seen(0, "door_closed")], []),
        (
            [seen(0, "fill_started", level_mm=205), seen(660, "fill_ended", level_mm=227)],
            ["Fill, 11 min, +22\u2009mm"],
        ),
        ([seen(0, "fill_started"), seen(660, "fill_ended")], ["Fill, 11 min"]),
        (
            [seen(0, "fill_started", level_mm="x"), seen(60, "fill_ended", level_mm=5)],
            ["Fill, 60 s"],
        ),
        (
            [
                seen(0, "fill_started"),
                seen(5, "door_opened"),
                seen(9, "door_closed"),
                seen(20, "fill_ended"),
            ],
            ["Fill, 20 s", "Lid open 4 s"],
        ),
    ],
)
def test_beginnings_and_ends_make_one_line(events, lines):
    assert told(*events) == lines


def test_a_fault_has_a_badge_and_an_unknown_kind_is_left_out():
    assert _plain_line(seen(0, "power_lost")).word.text() == "Power lost"
    assert _plain_line(seen(0, "power_lost")).state == "high"
    assert _plain_line(seen(0, "power_back")).text.text() == "Power is back"
    assert _plain_line(seen(0, "brewed_coffee")) is None
