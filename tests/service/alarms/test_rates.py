"""How fast a quantity changes, judged over the readings that are kept, on both databases."""

import pytest
from sqlalchemy import insert, select

from server.alarms import jobs
from server.alarms.models import Episode, RuleState
from server.alarms.watchers import rates
from server.alarms.wishes import params_text
from server.core.clock import FixedClock, to_ms
from server.notify.rules import unpacked
from server.telemetry.models import drill_reading, reading
from tests.service.alarms.bank import add_rule, later, make_bank

RISES = {"kind": "rate", "severity": "warning", "value": 1.0}


@pytest.fixture
def bank(database):
    return make_bank(database, keys=("bottom_c", "level_mm"))


@pytest.fixture
def watched(database, bank):
    with database.writing() as session:
        add_rule(session, bank, "bottom_c", **RISES, params=params_text(direction="up"))
    return bank


def store(database, bank, key, points, drill=""):
    """Store (seconds, value) as readings."""
    rows = [
        {"channel_id": bank.channels[key], "at_ms": to_ms(later(at)), "value": value, "quality": 0}
        for at, value in points
    ]
    with database.writing() as session:
        if drill:
            session.execute(insert(drill_reading), [{**row, "drill": drill} for row in rows])
        else:
            session.execute(insert(reading), rows)


def ramp(first, last, from_value, per_min):
    return [(at, from_value + per_min * (at - first) / 60) for at in range(first, last + 1, 30)]


def look(database, seconds):
    return jobs.watcher(rates.findings)(database, FixedClock(later(seconds)))


def episodes(database):
    with database.reading() as session:
        return list(session.scalars(select(Episode).order_by(Episode.id)))


def test_a_rise_raises_says_how_fast_it_was_and_ends_when_it_stands(database, watched):
    store(database, watched, "bottom_c", ramp(0, 600, -196.0, 1.5))
    assert look(database, 600) == 1
    (episode,) = episodes(database)
    assert episode.raised_value == pytest.approx(1.5)
    assert unpacked(episode.detail)["rate"] == "+1.5\N{THIN SPACE}K/min"

    store(database, watched, "bottom_c", ramp(630, 1230, -181.0, 0.0))
    assert look(database, 1230) == 1
    assert episodes(database)[0].cleared_at == later(1230)


def test_it_says_the_fastest_it_was(database, watched):
    store(database, watched, "bottom_c", ramp(0, 600, -196.0, 3.0))
    look(database, 600)
    store(database, watched, "bottom_c", ramp(630, 930, -166.0, 1.5))
    look(database, 930)

    (episode,) = episodes(database)
    assert unpacked(episode.detail)["most"] == "+3\N{THIN SPACE}K/min"
    assert unpacked(episode.detail)["rate"] != "+3\N{THIN SPACE}K/min"


def test_a_fall_does_not_count_where_only_rising_does(database, watched):
    store(database, watched, "bottom_c", ramp(0, 600, -100.0, -9.0))

    assert look(database, 600) == 0


def test_a_level_that_falls_counts_and_one_that_is_filled_does_not(database, bank):
    with database.writing() as session:
        add_rule(session, bank, "level_mm", kind="rate", severity="high", value=3.0,
                 params=params_text(direction="down"))  # fmt: skip
    store(database, bank, "level_mm", ramp(0, 600, 205.0, 9.0))
    assert look(database, 600) == 0
    store(database, bank, "level_mm", ramp(630, 1230, 295.0, -4.0))
    assert look(database, 1230) == 1


def test_a_late_row_inside_the_window_counts_and_one_before_it_does_not(database, watched):
    store(database, watched, "bottom_c", [(590, -190.0), (600, -189.0)])
    assert look(database, 600) == 0  # two numbers tell no slope
    store(database, watched, "bottom_c", [(-3000, 100.0), (10, -205.0)])
    assert look(database, 601) == 1


def test_a_clock_that_runs_ahead_hides_nothing_and_one_set_back_takes_over(database, watched):
    store(database, watched, "bottom_c", ramp(7200, 7800, -196.0, 2.0))
    assert look(database, 600) == 1
    store(database, watched, "bottom_c", ramp(610, 1210, -176.0, 0.0))
    assert look(database, 1215) == 1
    assert episodes(database)[0].cleared_at is not None


def test_a_silent_channel_ends_nothing(database, watched):
    store(database, watched, "bottom_c", ramp(0, 600, -196.0, 2.0))
    look(database, 600)

    assert look(database, 1100) == 0
    assert look(database, 90_000) == 0
    assert episodes(database)[0].cleared_at is None


def test_rows_without_a_number_and_those_of_a_drill_are_not_counted(database, watched):
    store(database, watched, "bottom_c", ramp(0, 600, -196.0, 5.0), drill="weekly")
    store(database, watched, "bottom_c", [(at, None) for at in range(0, 600, 10)])

    assert look(database, 600) == 0


def test_a_look_that_changes_nothing_writes_nothing(database, watched):
    store(database, watched, "bottom_c", ramp(0, 600, -196.0, 0.2))

    assert look(database, 600) == 0
    with database.reading() as session:
        assert session.scalars(select(RuleState)).all() == []
