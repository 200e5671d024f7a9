"""The detection table: the page has what the command prints, and a short run says much the same."""

import random
from statistics import median

import pytest

from server.alarms.levels import Hour
from tests.bench import detection
from tests.bench.detection import FALSE_HEAD, FOUND_HEAD, Found, Quiet
from tests.bench.vessels import PROBES, VESSELS, Life, TrueHour, hours_to_glass, measured


def cells(head):
    """The rows of the page's table with this head, as lists of texts."""
    lines = detection.PAGE.read_text(encoding="utf-8").splitlines()
    begin = lines.index(f"| {' | '.join(head)} |") + 2
    found = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def test_the_page_has_a_row_for_each_vessel_probe_and_boil_off():
    named = [(vessel.name, probe) for vessel in VESSELS for probe, _sigma in PROBES]

    assert [(row[0], row[1], row[2]) for row in cells(FOUND_HEAD)] == [
        (*name, f"x{factor}") for name in named for factor in detection.FACTORS
    ]
    assert [(row[0], row[1]) for row in cells(FALSE_HEAD)] == named


def test_the_page_says_days_of_warning_and_no_false_alarm():
    assert all(float(row[5]) > 24 for row in cells(FOUND_HEAD))
    assert [row[4] for row in cells(FALSE_HEAD)] == ["0"] * len(VESSELS) * len(PROBES)


def test_a_short_run_says_much_the_same():
    short = list(detection.rows(years=0.15, starts=3))

    kept = {tuple(row[:3]): float(row[3]) for row in cells(FOUND_HEAD)}
    for row in short:
        if isinstance(row, Found):
            there = kept[row.vessel, row.probe, f"x{row.factor}"]
            assert there / 2 - 2 <= median(row.hours) <= there * 2 + 2, row
        else:
            assert row.false == 0, row
            assert row.usual == pytest.approx(row.lost, rel=0.35), row


def test_a_failure_is_found_long_before_it_is_warm():
    vessel = VESSELS[0]
    past = detection.lived(vessel, 0.1, 1)
    ((moment, tank),) = past.states.items()
    _false, _state, before = detection.judged(past, 0.05)

    found = detection.hours_to_alarm(vessel, tank, moment, before[moment], 20, 0.05)
    assert found < 12
    assert hours_to_glass(vessel, tank, 20) > 100


def test_an_opening_costs_litres_and_makes_the_hour_busy():
    vessel = VESSELS[2]
    hours = list(Life(vessel, 3).hours(24))
    opened = [number for number, hour in enumerate(hours) if hour.opened]

    assert opened
    assert all(8 <= number < 18 for number in opened)
    number = opened[0]
    quiet = hours[0].litres - hours[1].litres
    assert hours[number - 1].litres - hours[number + 1].litres > 2.3 * quiet


@pytest.mark.parametrize(
    ("hour", "contact", "busy"),
    [
        (TrueHour(40.0, True, False), True, True),
        (TrueHour(40.0, True, False), False, False),
        (TrueHour(40.0, False, True), False, True),
        (TrueHour(40.0, False, False), True, False),
    ],
)
def test_what_agents_tell_of_an_hour(hour, contact, busy):
    found = measured(hour, 5, 0.0, random.Random(1), contact=contact)

    assert isinstance(found, Hour)
    assert (found.mean, found.busy) == (40.0, busy)


def test_the_tables_replace_those_that_the_page_had():
    row = Quiet("dewar", "probe", 0.4, 0.4, 0.0, 0.2)
    page = f"before\n{detection.BEGIN}\nold\n{detection.END}\nafter"

    new = detection.written(page, detection.tables([row]))
    assert "old" not in new
    assert new.startswith("before")
    assert new.endswith("after")
    assert "| dewar | probe | 0.40 | 0.40 | 0 | 0.2 |" in new
    assert detection.written(new, detection.tables([row])) == new
