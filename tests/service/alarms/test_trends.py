"""Usage, forecast, twins, frozen numbers and calibrations become alarms, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from server.alarms.ingest import Judge
from server.alarms.models import Episode
from server.alarms.watchers import WATCHERS, calibration, forecast, stuck, twins, usage
from server.core.clock import to_ms
from server.notify.rules import Sentence, unpacked
from server.telemetry.columns import Column
from server.telemetry.models import Channel
from tests.service.alarms.bank import NOON, add_rule, make_bank
from tests.service.alarms.trends import HOUR, fill_hours, look, read_now

KEYS = ("top_c", "bottom_c", "level_mm", "lid_open", "controller_c", "weight_kg")
LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def bank(database):
    return make_bank(database, keys=KEYS)


def watch(database, bank, key, kind, value, **other):
    with database.writing() as session:
        wish = {"severity": "high", **other}
        return add_rule(session, bank, key, kind=kind, value=value, **wish).id


def open_alarms(database):
    with database.reading() as session:
        wanted = select(Episode).where(Episode.cleared_at.is_(None)).order_by(Episode.id)
        return list(session.scalars(wanted))


def before(hours):
    return NOON - hours * HOUR


@pytest.mark.parametrize(
    ("a_day", "alarms"), [(15.0, 0), (39.0, 0), (41.0, 1)], ids=["usual", "below", "above"]
)
def test_much_use_alarms_and_fills_do_not_count(database, bank, a_day, alarms):
    watch(database, bank, "level_mm", "usage", 40.0)
    means = [250.0 - a_day / 24 * n for n in range(26)]
    means[12:] = [mean + 45.0 for mean in means[12:]]
    fill_hours(database, bank, "level_mm", before(26), means)

    assert look(database, usage.findings, LATER) == alarms
    for episode in open_alarms(database):
        assert unpacked(episode.detail) == {"loss": "41\u2009mm"}


def test_use_that_cannot_be_told_changes_nothing(database, bank):
    watch(database, bank, "level_mm", "usage", 40.0)
    fill_hours(database, bank, "level_mm", before(3), [250, 200, 150])

    assert look(database, usage.findings, LATER) == 0


def test_the_hour_at_which_the_limit_is_reached_is_said_in_the_sites_time(database, bank):
    watch(database, bank, "level_mm", "low", 75.0, severity="critical")
    watch(database, bank, "level_mm", "forecast", 24.0, hysteresis=6.0)
    fill_hours(database, bank, "level_mm", before(12), [95.0 + 12 - n for n in range(12)])

    assert look(database, forecast.findings, LATER) == 1
    (episode,) = open_alarms(database)
    # 96 mm in the middle of the hour from 11 to 12 UTC, 21 mm to go at 1 mm an hour: 08:30 UTC
    assert unpacked(episode.detail)["limit"] == "75\u2009mm"
    assert unpacked(episode.detail)["when"] == "2026-03-15 16:00 CST"
    assert 20 < episode.raised_value < 21


@pytest.mark.parametrize(
    ("means", "limit"),
    [
        ([95.0] * 12, 75.0),
        ([180.0 - n for n in range(12)], 75.0),
        ([95.0 + 12 - n for n in range(12)], None),
        ([100.0, 98, 96, 94, 92, 90, 88, 130, 129, 128, 127, 126], 75.0),
    ],
    ids=["steady", "far away", "without a limit", "filled since"],
)
def test_no_forecast_where_nothing_is_near(database, bank, means, limit):
    if limit is not None:
        watch(database, bank, "level_mm", "low", limit, severity="critical")
    watch(database, bank, "level_mm", "forecast", 24.0)
    fill_hours(database, bank, "level_mm", before(12), means)

    assert look(database, forecast.findings, LATER) == 0


def test_a_forecast_ends_with_the_fill(database, bank):
    watch(database, bank, "level_mm", "forecast", 24.0, params='{"limit": 80}')
    fill_hours(database, bank, "level_mm", before(12), [95.0 + 12 - n for n in range(12)])
    assert look(database, forecast.findings, LATER) == 1

    end = fill_hours(database, bank, "level_mm", NOON, [250.0 - n for n in range(8)])
    assert look(database, forecast.findings, end) == 1
    assert open_alarms(database) == []


def test_a_controller_that_disagrees_alarms_after_its_delay_and_names_its_twin(database, bank):
    watch(database, bank, "controller_c", "disagree", 5.0, delay_on_s=900.0)

    for minute in range(0, 20, 5):
        now = NOON + timedelta(minutes=minute)
        read_now(database, bank, "controller_c", -178.0, now)
        read_now(database, bank, "top_c", -160.0, now)
        assert look(database, twins.findings, now) == (minute == 15)
    (episode,) = open_alarms(database)
    assert unpacked(episode.detail) == {"twin": Sentence("Top probe"), "gap": "18\u2009K"}


@pytest.mark.parametrize("silent", ["controller_c", "top_c"])
def test_one_that_says_nothing_disagrees_with_nobody(database, bank, silent):
    watch(database, bank, "controller_c", "disagree", 5.0)
    read_now(database, bank, "controller_c", -178.0, NOON)
    read_now(database, bank, "top_c", -160.0, NOON)
    read_now(database, bank, silent, -178.0, NOON - timedelta(hours=1))

    assert look(database, twins.findings, NOON) == 0


def test_swapped_probes_are_found(database, bank):
    watch(database, bank, "top_c", "swapped", 2.0)
    read_now(database, bank, "top_c", -195.0, NOON)
    read_now(database, bank, "bottom_c", -178.0, NOON)

    assert look(database, twins.findings, NOON) == 1
    (episode,) = open_alarms(database)
    assert unpacked(episode.detail)["twin"] == Sentence("Bottom probe")


def test_ice_on_the_level_tube_is_found_while_the_scale_goes_down(database, bank):
    watch(database, bank, "level_mm", "stuck", 6 * 3600.0)
    fill_hours(database, bank, "level_mm", before(6), [212.0] * 6, spread=0.0)
    fill_hours(database, bank, "weight_kg", before(6), [180.0 - 0.3 * n for n in range(6)], 0.02)

    assert look(database, stuck.findings, LATER) == 1
    assert unpacked(open_alarms(database)[0].detail)["span"].text() == "6 h"


@pytest.mark.parametrize(
    ("old", "now", "alarms"),
    [(0.5, 0.0, 1), (0.0, 0.0, 0), (0.5, 0.05, 0)],
    ids=["it never stood still", "it always did", "it moves a little"],
)
def test_a_number_stands_still_against_its_own_history(database, bank, old, now, alarms):
    watch(database, bank, "bottom_c", "stuck", 6 * 3600.0)
    fill_hours(database, bank, "bottom_c", before(48), [-195.1] * 42, spread=old)
    fill_hours(database, bank, "bottom_c", before(6), [-195.1] * 6, spread=now)

    assert look(database, stuck.findings, LATER) == alarms


def test_a_gap_does_not_stand_still(database, bank):
    watch(database, bank, "bottom_c", "stuck", 6 * 3600.0)
    fill_hours(database, bank, "bottom_c", before(48), [-195.1] * 42)
    fill_hours(database, bank, "bottom_c", before(6), [-195.1] * 4 + [None, -195.1], spread=0.0)

    assert look(database, stuck.findings, LATER) == 0


def test_mclean_2012_the_display_says_all_well_while_the_probe_warms(database, bank):
    """The external display kept its reading through the failure, so nobody looked (McLean brain bank, 2012)."""
    watch(database, bank, "controller_c", "disagree", 5.0, delay_on_s=1800.0)
    watch(database, bank, "controller_c", "stuck", 6 * 3600.0)
    watch(database, bank, "top_c", "high", -150.0, severity="critical")
    judge, top = Judge(), bank.channels["top_c"]

    for hour in range(12):
        at = NOON + hour * HOUR
        warm = -178.0 + 4.0 * hour
        fill_hours(database, bank, "controller_c", at, [-178.0], spread=0.0)
        fill_hours(database, bank, "top_c", at, [warm])
        for minute in (0, 40):
            now = at + timedelta(minutes=minute)
            read_now(database, bank, "controller_c", -178.0, now)
            read_now(database, bank, "top_c", warm, now)
            with database.writing() as session:
                column = Column(top, "", [to_ms(now)], [warm], [0])
                judge.consider(session, [column], now=now)
            look(database, twins.findings, now)
            look(database, stuck.findings, now)

    raised = {
        (one.kind, one.channel_id): (one.raised_at - NOON) / HOUR for one in open_alarms(database)
    }
    controller = bank.channels["controller_c"]
    assert set(raised) == {("disagree", controller), ("stuck", controller), ("high", top)}
    assert raised["disagree", controller] < 4, "before anything was warm"
    assert raised["stuck", controller] < raised["high", top] == 8


@pytest.mark.parametrize(
    ("due", "severities"),
    [("2026-04-30", []), ("2026-04-01", ["warning"]), ("2026-03-14", ["high"])],
)
def test_a_calibration_is_said_before_it_is_due(database, bank, due, severities):
    for ahead, severity in ((30.0, "warning"), (7.0, "warning"), (0.0, "high")):
        watch(database, bank, "top_c", "calibration", ahead, severity=severity)
    with database.writing() as session:
        session.get_one(Channel, bank.channels["top_c"]).calibration_due = due

    assert look(database, calibration.findings, NOON) == len(severities)
    assert [one.severity for one in open_alarms(database)] == severities
    with database.writing() as session:
        session.get_one(Channel, bank.channels["top_c"]).calibration_due = "2027-03-01"
    look(database, calibration.findings, NOON + HOUR)
    assert open_alarms(database) == []


KINDS = {
    "usage": ("level_mm", 40.0), "forecast": ("level_mm", 24.0), "stuck": ("level_mm", 21600.0),
    "disagree": ("controller_c", 5.0), "calibration": ("top_c", 30.0),
}  # fmt: skip
LOOKS = {
    "usage": usage, "forecast": forecast, "stuck": stuck, "disagree": twins, "calibration": calibration
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_many_rules_cost_no_more_statements_than_one(database, bank, kind):
    counted: list[str] = []
    event.listen(
        database.reading_engine, "before_cursor_execute", lambda *about: counted.append(about[2])
    )
    key, value = KINDS[kind]
    fill_hours(database, bank, "level_mm", before(12), [95.0] * 12, spread=0.0)

    def statements() -> int:
        counted.clear()
        with database.reading() as session:
            LOOKS[kind].findings(session, LATER)
        return len(counted)

    watch(database, bank, key, kind, value)
    alone = statements()
    for number in range(1, 20):
        watch(database, bank, key, kind, value, severity="warning", delay_on_s=float(number))
    assert statements() == alone <= 6


def test_the_worker_looks_with_each(database):
    looking = {findings for _name, _seconds, findings in WATCHERS}

    assert {module.findings for module in LOOKS.values()} <= looking
