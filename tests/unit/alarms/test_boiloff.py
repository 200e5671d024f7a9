"""Page's CUSUM on the loss of a level: what it finds, what it leaves alone, what it carries on."""

import random
from dataclasses import replace

import pytest

from server.alarms import boiloff
from server.alarms.boiloff import QuietDay, State, Tuning
from server.alarms.levels import DAY_MS, HOUR_MS, Hour

TUNING = Tuning()
USUAL_MM = 15.0 / 24


def weeks(hours, per_hour=USUAL_MM, begin=240.0, at=0, noise=0.2, seed=1):
    """A level that falls, as a probe with noise gives it, from the hour `at`."""
    dice = random.Random(seed)
    return [
        Hour((at + n) * HOUR_MS, begin - per_hour * n + dice.gauss(0, noise)) for n in range(hours)
    ]


LEARNT = boiloff.learn(weeks(240, begin=400.0), TUNING)
LEVEL = LEARNT.last.mean


def after(*hours, state=LEARNT):
    return boiloff.judge(state, hours, TUNING)


def going_on(hours, per_hour=USUAL_MM, **other):
    return weeks(hours, per_hour, begin=LEVEL - per_hour, at=240, seed=2, **other)


def test_what_is_usual_is_learnt_from_quiet_days():
    known = boiloff.usual(LEARNT.days, TUNING)

    assert known.expected * 24 == pytest.approx(15.0, rel=0.05)
    assert known.slack >= 2 * known.expected
    assert known.noise == pytest.approx(0.2 * 2**0.5, rel=0.2)
    assert LEARNT.sum == 0


@pytest.mark.parametrize(("factor", "within"), [(3, 4), (5, 2), (20, 2)])
def test_a_failing_vacuum_is_found_within_hours(factor, within):
    state = after(*going_on(within, factor * USUAL_MM))

    assert state.changed
    assert state.loss_a_day == pytest.approx(factor * 15.0, rel=0.35)
    assert state.since_ms <= 241 * HOUR_MS


def test_nothing_is_found_in_a_month_without_change():
    state = LEARNT
    for hour in going_on(30 * 24):
        state = after(hour, state=state)
        assert not state.changed


def test_a_loss_below_twice_the_usual_is_none():
    assert not after(*going_on(10 * 24, 1.6 * USUAL_MM)).changed


@pytest.mark.parametrize("days", [0, 1])
def test_nothing_is_judged_before_two_days_are_known(days):
    young = boiloff.learn(weeks(24 * days + 1), TUNING)

    assert not boiloff.judge(young, weeks(20, 40.0, at=24 * days + 1), TUNING).changed


@pytest.mark.parametrize(
    "hours",
    [
        [Hour(240 * HOUR_MS, LEVEL - 40)],
        [Hour(240 * HOUR_MS, LEVEL - 40), *weeks(24, begin=LEVEL - 40.6, at=241)],
        [Hour(245 * HOUR_MS, LEVEL - 60)],
        [Hour((240 + n) * HOUR_MS, LEVEL - 9 * n, busy=True) for n in range(10)],
        [Hour((240 + n) * HOUR_MS, LEVEL + 9 * n) for n in range(10)],
    ],
    ids=["one hour", "one hour, then as usual", "a gap", "an open lid", "a fill"],
)  # fmt: skip
def test_what_is_no_boil_off_raises_nothing(hours):
    assert not after(*hours).changed


def test_a_level_that_is_filled_meanwhile_is_found_all_the_same():
    low = going_on(2, 3 * USUAL_MM)
    filled = weeks(4, 3 * USUAL_MM, begin=250.0, at=242)

    assert after(*low, *filled).changed


def test_it_ends_after_a_day_at_the_old_loss_and_begins_anew_at_nought():
    bad = after(*going_on(6, 10 * USUAL_MM))
    well = weeks(24, begin=bad.last.mean, at=246)

    assert after(*well[:12], state=bad).changed
    ended = after(*well, state=bad)
    assert not ended.changed
    assert ended.sum < boiloff.usual(ended.days, TUNING).limit
    assert ended.days == LEARNT.days, "the bad days taught nothing"


def test_a_failing_vacuum_does_not_become_usual():
    state = after(*going_on(8 * 24, 5 * USUAL_MM))

    assert state.changed
    assert len(state.days) == len(LEARNT.days)
    known = boiloff.usual(state.days, TUNING)
    assert known.expected * 24 == pytest.approx(15.0, rel=0.1)


def test_hour_by_hour_all_at_once_and_over_a_restart_come_to_the_same():
    hours = going_on(100, 2.3 * USUAL_MM)
    stepwise = LEARNT
    for hour in hours:
        stepwise = boiloff.unpacked(boiloff.packed(boiloff.judge(stepwise, [hour], TUNING)))

    assert stepwise == after(*hours)
    assert after(*hours, state=after(*hours)) == after(*hours), "judged hours are passed over"


def test_a_loss_that_a_person_has_set_is_taken_for_the_usual_one():
    set_by_hand = replace(TUNING, expected=60.0 / 24)

    assert boiloff.usual(LEARNT.days, set_by_hand).expected == 2.5
    assert not boiloff.judge(LEARNT, going_on(12, 5 * USUAL_MM), set_by_hand).changed


def test_a_vessel_that_loses_nothing_has_room_for_its_noise():
    days = (QuietDay(0.0, 0.04),) * 14

    known = boiloff.usual(days, TUNING)
    assert known.expected == 0
    assert known.slack == pytest.approx(0.2 / 24)
    assert known.limit == pytest.approx(1.0)


def test_days_with_too_few_quiet_hours_teach_nothing():
    busy = [replace(hour, busy=hour.at_ms // HOUR_MS % 24 > 7) for hour in weeks(10 * 24)]

    assert boiloff.learn(busy, TUNING).days == ()


def test_a_new_state_knows_nothing():
    assert boiloff.unpacked(boiloff.packed(State())) == State()
    assert boiloff.judge(State(), weeks(3 * 24 + 1), TUNING).days[0].loss > 0
    assert DAY_MS == 24 * HOUR_MS
