"""A recording is played in its own rhythm, at any speed."""

import pytest

from edge_agent.clock import Moment
from edge_agent.config import ConfigError, load
from edge_agent.wire.quality import Quality

CSV = """\ufefftank,date_time,temp_top_c,level
Tank 2,2022-08-19 15:11:00,-176.3,23.5
Tank 1,2022-07-07 13:00:00,-178.0,23.5
Tank 1,2022-07-07 12:44:00,-177.4,21
Tank 1,2022-07-07T15:44:00+02:00,,25
"""

AGENT = """
[agent]
site = "main"
id = "replay-1"
[server]
url = "mqtt://127.0.0.1"
[[stream]]
name = "tank"
[[stream.probe]]
driver = "replay"
file = "tank.csv"
columns = { top_c = "temp_top_c", level_mm = "level" }
units = { level_mm = "cm" }
only_column = "tank"
only = "Tank 1"
speed = 60
"""


@pytest.fixture
def config_of(tmp_path):
    def load_it(csv=CSV, agent=AGENT):
        (tmp_path / "tank.csv").write_text(csv, "utf-8")
        (tmp_path / "agent.toml").write_text(agent, "utf-8")
        return load(tmp_path / "agent.toml")

    return load_it


def test_lines_come_in_order_when_their_time_has_come(config_of):
    probe = config_of().streams[0].probes[0].device.make()
    assert probe.channels == ("top_c", "level_mm")
    (first,) = probe.read(Moment(1_000_000, 500))
    assert (first.values, first.at_ms) == ((-177.4, 210.0), 1_000_000)
    assert probe.read(Moment(1_015_999, 16_499)) == []
    (second,) = probe.read(Moment(1_016_500, 16_500))
    assert (second.values, second.at_ms) == ((-178.0, 235.0), 1_016_000)
    (last,) = probe.read(Moment(9_999_999, 9_000_000))
    assert last.values == (None, 250.0)
    assert last.q == (Quality.NOT_SAMPLED, Quality.GOOD)
    assert probe.done()


def test_recorded_times_can_be_kept(config_of):
    probe = config_of(agent=AGENT + 'times = "recorded"\n').streams[0].probes[0].device.make()
    (first,) = probe.read(Moment(1_000_000, 500))
    assert first.at_ms == 1_657_197_840_000


@pytest.mark.parametrize(
    ("find", "put", "sentence"),
    [
        ("-178.0", "cold", 'line 3: found "cold"; expected a number or nothing'),
        ("-178.0", "nan", 'line 3: found "nan"; expected a number or nothing'),
        ("2022-07-07 13:00:00", "07/07/2022", 'found the time "07/07/2022"; expected such as'),
        ("temp_top_c", "temp", "there is no column temp_top_c"),
        ("\ufefftank,", "vessel,", "there is no column tank"),
        ("Tank 1", "Tank 3", "found no lines to play"),
    ],
)
def test_a_recording_that_cannot_be_played_is_told_with_its_line(config_of, find, put, sentence):
    with pytest.raises(ConfigError) as refused:
        config_of(csv=CSV.replace(find, put))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("find", "put", "sentence"),
    [
        ('columns = { top_c = "temp_top_c", level_mm = "level" }', "", "columns: missing"),
        ("{ top_c =", '{ "Top C" =', "a channel key is 'Top C'"),
        ('"cm"', '"ft"', 'level_mm = "ft"; expected a channel and K, F, cm, in or tenths'),
    ],
)
def test_wrong_columns_are_told(config_of, find, put, sentence):
    with pytest.raises(ConfigError) as refused:
        config_of(agent=AGENT.replace(find, put))
    assert sentence in str(refused.value)


def test_the_status_events_of_a_real_tank_can_be_played(config_of, shared_data):
    real = shared_data / "mve_tanks" / "mve_status_events_2022.csv"
    agent = AGENT.replace('"level"', '"level_mm"').replace('units = { level_mm = "cm" }\n', "")
    config = config_of(csv=real.read_text("utf-8"), agent=agent)
    probe = config.streams[0].probes[0].device.make()
    probe.read(Moment(0, 0))
    rest = probe.read(Moment(10**12, 10**12))
    assert len(rest) == 9
    assert all(-180 < sample.values[0] < -170 for sample in rest)


def test_a_driver_without_hardware_makes_a_probe_that_knows_its_channels(config_of):
    for driver in ("simulated", "replay"):
        text = (
            AGENT
            if driver == "replay"
            else AGENT.split("driver", maxsplit=1)[0] + 'driver = "simulated"\n'
        )
        settings = config_of(agent=text).streams[0].probes[0].device
        assert settings.make().channels == settings.channels
