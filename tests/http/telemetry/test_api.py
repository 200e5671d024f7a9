"""The API of telemetry gives numbers, gaps and sentences, to those who may have them."""

from datetime import timedelta

import pytest


def ask(watched, path, who=None):
    return watched.app.test_client().get(f"/api/v1{path}", headers=(who or watched.manager).bearer)


def test_a_channels_history_is_a_chart(watched):
    top = watched.measured.channels["top_c"]

    shown = ask(watched, f"/channels/{top}/history?range=1h&points=60").json

    series = shown["series"][0]
    assert len(series["t"]) == len(series["min"]) == len(series["mean"]) == len(series["max"]) <= 61
    assert max(series["max"]) == -142.5  # `to` itself is the next bucket's
    assert series["gaps"] == []
    assert shown["limits"] == [
        {"value": -150.0, "kind": "high", "severity": "critical", "label": "critical −150"}
    ]


def test_a_stated_time_is_given(watched):
    top, noon = watched.measured.channels["top_c"], 1_773_489_600_000

    shown = ask(watched, f"/channels/{top}/history?from={noon - 60_000}&to={noon}&points=6").json

    assert (shown["from"], shown["to"], shown["bucket_ms"]) == (noon - 60_000, noon, 10_000)
    assert len(shown["series"][0]["t"]) == 6


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("range=2h", "range"),
        ("points=0", "points"),
        ("points=many", "points"),
        ("from=yesterday", "from"),
        ("from=5&to=4", "from"),
        ("from=1&to=99999999999999", "from"),
    ],
)
def test_a_window_that_is_none_is_refused_by_field(watched, query, field):
    answer = ask(watched, f"/channels/{watched.measured.channels['top_c']}/history?{query}")

    assert answer.status_code == 422
    assert answer.json["field"] == field


def test_a_freezers_chart_has_top_and_bottom(watched):
    shown = ask(watched, "/freezers/LN2-SH/history").json

    assert [series["key"] for series in shown["series"]] == ["top_c", "bottom_c"]


def test_the_latest_readings_come_with_the_sentence(watched):
    shown = ask(watched, "/freezers/LN2-SH/latest").json

    assert shown["state"] == "critical"
    assert shown["sentence"].startswith("Top probe 8")
    assert {one["key"]: one["value"] for one in shown["channels"]} == {
        "top_c": -142.0, "bottom_c": -195.1, "level_mm": 231.0, "lid_open": 0.0,
    }  # fmt: skip


def test_a_silent_channel_has_no_value(watched):
    watched.clock.forward(timedelta(minutes=5))

    shown = ask(watched, "/freezers/LN2-SH/latest").json

    assert shown["state"] == "unknown"
    assert {one["value"] for one in shown["channels"]} == {None}


def test_lists_hold_only_what_the_asker_may_see(watched):
    assert [one["site"] for one in ask(watched, "/agents").json["items"]] == ["sh"]
    assert {one["agent"] for one in ask(watched, "/channels").json["items"]} == {"sh/pi-1"}
    assert {one["agent"] for one in ask(watched, "/channels", watched.stranger).json["items"]} == {
        "xx/pi-1"
    }
    top = watched.measured.channels["top_c"]
    assert ask(watched, f"/channels/{top}/history", watched.stranger).status_code == 404
    assert ask(watched, "/freezers/LN2-SH/latest", watched.stranger).status_code == 404
    assert ask(watched, "/freezers/LN2-SH/history", watched.stranger).status_code == 404
