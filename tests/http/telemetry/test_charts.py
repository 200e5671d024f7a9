"""Charts on pages, what they are told, and the files that go out; with and without script."""

import csv
import io
from datetime import timedelta

import pytest

from server.core.clock import from_ms
from server.core.words import N_
from server.notify.rules import Sentence
from server.telemetry import excursions, rollups, thinning
from server.telemetry.excursions import Excursion
from server.telemetry.models import ReadingHour
from server.telemetry.views.windows import HOUR_MS, LONGEST_MS, Window, steps
from tests.service.telemetry.measured import NOON_MS

DAY_MS = 24 * HOUR_MS


def chart(watched, query, who=None):
    top = watched.measured.channels["top_c"]
    path = f"/api/v1/channels/{top}/history?{query}"
    return watched.app.test_client().get(path, headers=(who or watched.manager).bearer).json


def rows(answer):
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


@pytest.fixture
def alarm():
    """An alarm of the last quarter of an hour, as alarms above would tell it."""

    def provider(_session, channels, from_ms_, _to_ms):
        assert channels
        return [Excursion(from_ms_ - 5, None, "critical", Sentence(N_("Top probe")), "/alarms/7")]

    excursions.provide(provider)
    yield
    excursions._providers.remove(provider)


def test_a_chart_is_told_the_alarms_that_stood_cut_to_its_time(watched, alarm):
    shown = chart(watched, "range=1h&points=60")

    assert shown["excursions"] == [
        {"severity": "critical", "label": "Top probe", "url": "/alarms/7",
         "from": NOON_MS - HOUR_MS, "to": NOON_MS},
    ]  # fmt: skip
    assert shown["level"] == "reading"


def test_without_script_a_page_shows_the_time_that_its_address_names(watched, alarm):
    top = watched.measured.channels["top_c"]
    begin, end = NOON_MS - HOUR_MS // 2, NOON_MS - HOUR_MS // 4

    page = watched.get(f"/channels/{top}?from={begin}&to={end}").text

    assert '<rect class="stood critical"' in page
    assert f"from={begin}&amp;to={end}" in page  # the table and the files speak of the same time
    for step, (low, high) in steps(Window(begin, end, 1), NOON_MS).items():
        assert f'data-step="{step}" href="?from={low}&amp;to={high}#chart"' in page
    assert watched.get(f"/channels/{top}?from=x&to={end}").status_code == 422


def test_a_freezers_page_shows_another_time_too(watched):
    page = watched.get(f"/freezers/LN2-SH?from={NOON_MS - HOUR_MS}&to={NOON_MS - 60_000}")

    assert page.status_code == 200
    assert f'data-from="{NOON_MS - HOUR_MS}" data-to="{NOON_MS - 60_000}"' in page.text


@pytest.mark.parametrize(
    ("window", "names"),
    [
        ((NOON_MS - DAY_MS, NOON_MS), {"earlier", "closer", "wider"}),
        ((NOON_MS - 2 * DAY_MS, NOON_MS - DAY_MS), {"earlier", "later", "closer", "wider"}),
        ((NOON_MS - 60_000, NOON_MS), {"earlier", "wider"}),
        ((NOON_MS - LONGEST_MS, NOON_MS), {"earlier", "closer"}),
    ],
)
def test_steps_that_lead_nowhere_are_left_out(window, names):
    found = steps(Window(*window, 1), NOON_MS)

    assert set(found) == names
    assert all(low < high <= NOON_MS for low, high in found.values())


def test_every_reading_goes_out_with_both_times_and_its_quality(watched):
    top = watched.measured.channels["top_c"]
    watched.measured.store("top_c", [(NOON_MS - 500, None)])

    found = rows(watched.get(f"/channels/{top}/history.csv?range=1h&what=readings"))

    assert len(found) == 361
    assert found[0] == {
        "time_utc": "2026-03-14T11:00:00.000+00:00",
        "time_site": "2026-03-14T19:00:00.000+08:00[Asia/Shanghai]",
        "value": "-178.0", "unit": "°C", "quality": "good", "note": "",
    }  # fmt: skip
    assert (found[-1]["value"], found[-1]["quality"]) == ("", "open_probe")


def test_figures_go_out_by_minute_and_say_how_long_nothing_was_known(watched):
    top = watched.measured.channels["top_c"]
    watched.clock.forward(timedelta(minutes=5))
    asked = f"from={NOON_MS - 120_000}&to={NOON_MS + 300_000}"

    found = rows(watched.get(f"/channels/{top}/history.csv?{asked}&step=minute"))

    assert [row["readings"] for row in found] == ["6", "6", "1", "0", "0", "0", "0"]
    assert [row["unknown_s"] for row in found] == [
        "0.0",
        "0.0",
        "60.0",
        "60.0",
        "60.0",
        "60.0",
        "60.0",
    ]
    assert [row["mean"] == "" for row in found] == [False, False, False, True, True, True, True]


def test_a_file_of_what_was_thinned_says_so_and_the_chart_says_since_when(watched):
    top, database = watched.measured.channels["top_c"], watched.measured.database
    rollups.roll(database, from_ms(NOON_MS + DAY_MS))
    thinning.thin(database, from_ms(NOON_MS + 401 * DAY_MS))

    found = rows(watched.get(f"/channels/{top}/history.csv?range=1h&what=readings"))
    shown = chart(watched, "range=1h&points=60")
    page = watched.get(f"/channels/{top}?range=1h").text

    assert [row["note"] for row in found] == ["thinned: figures by step tell of this hour"]
    assert shown["minutes_before"] == NOON_MS
    assert sum(1 for _ in shown["series"][0]["t"]) == 60
    assert "Before 2026-03-14 20:00 there are figures by minute." in page
    with database.reading() as session:
        assert session.get_one(ReadingHour, (top, NOON_MS)).grain == 1


def test_strangers_get_no_file(watched):
    top = watched.measured.channels["top_c"]

    answer = watched.get(f"/channels/{top}/history.csv?what=readings", watched.stranger)

    assert answer.status_code == 404


def test_a_freezers_chart_chooses_its_quantities(watched):
    path = "/api/v1/freezers/LN2-SH/history?range=1h&keys=level_mm,top_c,level_mm,none"

    shown = watched.app.test_client().get(path, headers=watched.manager.bearer).json

    assert [series["key"] for series in shown["series"]] == ["level_mm", "top_c"]


def test_a_file_of_figures_begins_with_the_step_that_its_time_begins_in(watched):
    top, database = watched.measured.channels["top_c"], watched.measured.database
    rollups.roll(database, from_ms(NOON_MS + DAY_MS))
    asked = f"from={NOON_MS - HOUR_MS + 1_200_000}&to={NOON_MS + 30 * DAY_MS}&step=hour"

    found = rows(watched.get(f"/channels/{top}/history.csv?{asked}"))

    assert found[0]["from_utc"] == "2026-03-14T11:00:00.000+00:00"
    assert [row["readings"] for row in found if row["readings"] != "0"] == ["361"]
