"""The simulated tank behaves as the real one of which its figures were published."""

import pytest

from edge_agent.clock import Moment
from edge_agent.probes.incidents import Incident
from edge_agent.probes.simulated import SimulatedSettings, SimulatedTank
from edge_agent.probes.tank_model import Hands, TankFigures, TankState, advance
from edge_agent.wire.quality import Quality

MVE = TankFigures()
HOUR_S = 3_600.0
DAY_S = 24 * HOUR_S


def test_a_quiet_day_costs_15_mm_and_no_warmth():
    after = advance(MVE, TankState(), DAY_S)
    assert after.level_mm == pytest.approx(231 - 15)
    assert -180 < after.top_c < -176
    assert after.bottom_c == pytest.approx(-195.1)


def test_a_fill_begins_at_205_mm_and_ends_at_250():
    state, levels, fills = TankState(level_mm=206), [], 0
    for _ in range(10 * 24 * 60):
        before, state = state, advance(MVE, state, 60)
        levels.append(state.level_mm)
        fills += state.filling and not before.filling
    assert 204 < min(levels) <= 205
    assert 250 <= max(levels) < 252
    assert fills == 4


def test_an_open_lid_warms_the_top_within_minutes_and_it_recovers_within_the_hour():
    opened = advance(MVE, TankState(), 5 * 60, Hands(lid_open=True))
    assert -125 < opened.top_c < -110
    assert opened.bottom_c == pytest.approx(-195.1, abs=0.1)
    assert advance(MVE, opened, HOUR_S).top_c < -170


def test_lost_vacuum_is_seen_in_the_level_long_before_the_temperature():
    dry_soon = Hands(vacuum_factor=20, valve_stuck="closed")
    half_a_day = advance(MVE, TankState(), DAY_S / 2, dry_soon)
    assert half_a_day.level_mm == pytest.approx(231 - 150)
    assert half_a_day.top_c < -170
    later = advance(MVE, half_a_day, 2 * DAY_S, dry_soon)
    assert later.level_mm == 0
    assert later.top_c > -135


def test_a_valve_stuck_open_fills_to_the_brim_and_cools_the_top():
    full = advance(MVE, TankState(), 2 * HOUR_S, Hands(valve_stuck="open"))
    assert full.level_mm == MVE.height_mm
    assert full.top_c < -190


def test_small_steps_and_large_ones_come_to_the_same():
    small = TankState()
    for _ in range(600):
        small = advance(MVE, small, 60)
    large = advance(MVE, TankState(), 36_000)
    assert small.level_mm == pytest.approx(large.level_mm, abs=0.01)
    assert small.top_c == pytest.approx(large.top_c, abs=0.05)


def played(*incidents, seconds=range(0, 121, 10), **settings):
    tank = SimulatedTank(SimulatedSettings(noise=0, incidents=incidents, **settings))
    return {s: tank.read(Moment(0, 5_000 + s * 1000)) for s in seconds}


def test_the_same_seed_gives_the_same_readings_and_another_gives_others():
    def run(seed):
        tank = SimulatedTank(SimulatedSettings(seed=seed))
        return [tank.read(Moment(0, n * 1000))[0].values for n in range(20)]

    assert run(1) == run(1) != run(2)


def test_a_lid_that_opens_and_closes_is_told_once_each():
    found = played(Incident("lid_open", 20, 60))
    events = {s: [e["kind"] for e in samples[0].events] for s, samples in found.items()}
    assert {s: e for s, e in events.items() if e} == {20: ["door_opened"], 80: ["door_closed"]}
    assert [found[s][0].values[3] for s in (10, 20, 70, 80)] == [0, 1, 1, 0]
    assert found[70][0].values[0] > -160 > found[10][0].values[0]


def test_warm_ramps_by_so_many_kelvin_a_minute_up_to_its_end():
    found = played(Incident("warm", 0, to_c=-100, k_per_min=60))
    assert found[30][0].values[0] == pytest.approx(-147.9, abs=0.2)
    assert found[110][0].values[0] == -100


def test_faults_are_readings_too():
    opened = played(Incident("probe_open", 20, 20))
    assert opened[20][0].values[0] is None
    assert opened[20][0].q[0] == Quality.OPEN_PROBE
    assert opened[40][0].q[0] == Quality.GOOD
    stuck = played(Incident("probe_stuck", 20), Incident("warm", 20, k_per_min=60))
    assert stuck[120][0].values[0] == stuck[20][0].values[0]
    assert stuck[120][0].q == (Quality.STUCK, 0, 0, 0)


def test_a_silence_says_nothing_and_ends():
    found = played(Incident("silence", 20, 30))
    assert [s for s, samples in found.items() if not samples] == [20, 30, 40]


@pytest.mark.parametrize("every_s", [1, 60], ids=["over several readings", "between two"])
def test_a_fill_is_told(every_s):
    found = played(seconds=range(0, 600, every_s), level_mm=205.1, speed=10)
    kinds = [e["kind"] for samples in found.values() for e in samples[0].events]
    assert kinds == ["fill_started", "fill_ended"]


def test_rows_can_be_counted_out():
    tank = SimulatedTank(SimulatedSettings(rows=2))
    assert [len(tank.read(Moment(0, n))) for n in range(4)] == [1, 1, 0, 0]
    assert tank.done()


def test_a_burst_gives_many_rows_of_one_instant_but_never_more_than_were_asked():
    tank = SimulatedTank(SimulatedSettings(rows=25, burst=10))
    assert [len(tank.read(Moment(0, n))) for n in range(4)] == [10, 10, 5, 0]
