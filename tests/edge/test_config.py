"""Settings that are wrong are refused in words, all at once, with the line."""

import tomllib
from pathlib import Path

import pytest

from edge_agent import cli
from edge_agent.config import PASSWORD_VARIABLE, ConfigError, load
from tests.edge.settings_text import problems_of

GOOD = """\
[agent]
site = "main"
id = "tank-1"

[server]
url = "mqtt://127.0.0.1:1883"

[[stream]]
name = "tank"
interval_s = 10

[[stream.probe]]
driver = "simulated"

[[stream.probe.incident]]
kind = "warm"
at_s = 30

[[limit]]
stream = "tank"
channel = "top_c"
kind = "high"
value = -150
"""


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "agent.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def problems(path):
    with pytest.raises(ConfigError) as refused:
        load(path)
    return refused.value.problems


def test_the_least_settings_are_filled_with_defaults(written, tmp_path):
    config = load(written(GOOD))
    assert config.agent.spool == tmp_path / "spool.db"
    assert (config.server.host, config.server.port, config.server.tls) == ("127.0.0.1", 1883, False)
    assert config.streams[0].interval_ms == 10_000
    assert config.limits[0].limit.value == -150.0


@pytest.mark.parametrize(
    ("find", "put", "sentence"),
    [
        ('site = "main"', "", 'line 1, agent, site: missing; expected a text in quotes'),
        ('site = "main"', 'site = "Main St"', "line 2, agent, site: site is 'Main St'; expected 1 to 32 of the characters a-z, 0-9 and -"),
        ('site = "main"', 'site = ""', "line 2, agent, site: site is ''"),
        ('site = "main"', "site = 5", "line 2, agent, site: found 5; expected a text in quotes"),
        ('id = "tank-1"', 'id = "tank-1"\nheartbeat = 5', "line 4, agent, heartbeat: this key is not known (did you mean heartbeat_s?)"),
        ('id = "tank-1"', 'id = "tank-1"\nclock = "mine"', 'agent, clock: found \'mine\'; expected "auto" or "trusted"'),
        ('url = "mqtt://127.0.0.1:1883"', 'url = "http://127.0.0.1"', 'line 6, server, url: found "http://127.0.0.1"; expected mqtt://host:port'),
        ('url = "mqtt://127.0.0.1:1883"', 'url = "mqtt://host:99999"', "expected mqtt://host:port"),
        ("[server]", "[servers]", "servers: this key is not known (did you mean server?)"),
        ("[server]", "[server]\npassword_file = \"nowhere\"", "server, password_file: the file cannot be read"),
        ("[server]", "[server]\nca_file = \"nowhere\"", "server, ca_file: found no file"),
        ("[server]", "[server]\nkeepalive_s = 1", "server, keepalive_s: found 1; expected a whole number from 5 to 600"),
        ('name = "tank"', 'name = "ev"', 'line 9, stream 1, name: stream is "ev"'),
        ("interval_s = 10", "interval_s = 0", "line 10, stream 1, interval_s: found 0; expected a number from 0.001 to 86400"),
        ("interval_s = 10", "interval_s = true", "stream 1, interval_s: found True; expected a number"),
        ("interval_s = 10", "interval_s = inf", "stream 1, interval_s: found inf; expected a number"),
        ("interval_s = 10", "interval_s = 1\ninterval_ms = 5", "found interval_s and interval_ms; expected one of them"),
        ('driver = "simulated"', 'driver = "simulatd"', 'line 13, stream 1, probe 1, driver: found \'simulatd\'; expected "simulated" or "replay" or '),
        ('driver = "simulated"', 'driver = "simulated"\nseed = 1.5', "stream 1, probe 1, seed: found 1.5; expected a whole number"),
        ('driver = "simulated"', 'driver = "simulated"\ncalibration_due = "soon"', "calibration_due: found 'soon'; expected a day such as 2027-01-31"),
        ('driver = "simulated"', 'driver = "simulated"\ntank = { area = 1 }', "tank, area: this key is not known (did you mean area_m2?)"),
        ('driver = "simulated"', 'driver = "replay"\nfile = "nowhere.csv"\ncolumns = { top_c = "t" }', "stream 1, probe 1, file:"),
        ('kind = "warm"', 'kind = "hot"', "line 16, stream 1, probe 1, incident 1, kind: found 'hot'; expected"),
        ("at_s = 30", "", "line 15, stream 1, probe 1, incident 1, at_s: missing; expected a number"),
        ('channel = "top_c"', 'channel = "topc"', 'limit 1, channel: found "topc"; expected one of bottom_c, level_mm, lid_open, top_c'),
        ('stream = "tank"', 'stream = "room"', 'limit 1, stream: found "room"; expected one of tank'),
        ("value = -150", "", "limit 1, value: missing; expected a number"),
        ("value = -150", 'value = "cold"', "limit 1, value: found 'cold'; expected a number"),
        ("[[limit]]", "[limit]", "limit: found {"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_line_found_and_expected(written, find, put, sentence):
    assert GOOD.count(find) == 1
    assert any(sentence in problem for problem in problems(written(GOOD.replace(find, put)))), (
        sentence
    )


def test_no_settings_at_all_are_all_named(written):
    found = "\n".join(problems(written("")))
    for key in ("agent, site", "agent, id", "server, url", "stream: found none"):
        assert key in found


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ('driver = "max31865"\nchannel = "a_c"', 'driver = "max31856"\nchannel = "b_c"', "chip select 0 of SPI bus 0"),
        ('driver = "door"\npin = 4', 'driver = "door"\npin = 4\nchannel = "door_open"', "pin 4"),
        ('driver = "w1"\nid = "28-00000a1b2c3d"', 'driver = "w1"\nid = "28-00000a1b2c3d"\nchannel = "hall_c"', "thermometer 28-00000a1b2c3d"),
        ('driver = "scale"\nport = "/dev/x"', 'driver = "thermo_ult"\nprotocol = "push"\nport = "/dev/x"', "line /dev/x"),
    ],
)  # fmt: skip
def test_two_probes_on_one_chip_would_agree_for_ever_and_are_refused(tmp_path, one, other, place):
    assert problems_of(tmp_path, one) == []
    (problem,) = problems_of(tmp_path, one, other)
    assert f"found 2 probes at {place}; expected one" in problem


def test_controllers_that_are_asked_may_share_a_line(tmp_path):
    query = '[[stream.probe.query]]\nchannel = "{0}_c"\nask = "TEMPA?"'
    probe = 'driver = "tec3000"\nport = "/dev/x"\nunit = {1}\n' + query
    assert problems_of(tmp_path, probe.format("a", 1), probe.format("b", 2)) == []


def test_several_problems_are_listed_at_once(written):
    text = (
        GOOD.replace('site = "main"', "site = 1")
        .replace("at_s = 30", "at_s = -1")
        .replace("value = -150", "")
    )
    assert [p.split(",")[0] for p in problems(written(text))] == ["line 2", "line 17", "line 19"]


def test_text_that_is_not_toml_is_told_with_its_line(written):
    assert "line 1" in problems(written("site = main"))[0]


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert "cannot be read" in problems(tmp_path / "none.toml")[0]


def test_the_password_comes_from_the_environment_before_the_file_before_the_settings(
    written, tmp_path, monkeypatch
):
    (tmp_path / "secret").write_text("from file\n")
    in_settings = GOOD.replace("[server]", '[server]\nusername = "tank-1"\npassword = "written"')
    in_file = GOOD.replace("[server]", '[server]\npassword_file = "secret"')
    assert load(written(in_settings)).server.password == "written"
    assert load(written(in_file)).server.password == "from file"
    monkeypatch.setenv(PASSWORD_VARIABLE, "from outside")
    assert load(written(in_file)).server.password == "from outside"


def test_check_prints_every_problem_and_answers_2(written, capsys):
    assert cli.main(["check", "--config", str(written(GOOD.replace("10", "0")))]) == 2
    assert "line 10, stream 1, interval_s" in capsys.readouterr().err


def test_check_says_what_the_agent_would_do(written, capsys):
    assert cli.main(["check", "--config", str(written(GOOD))]) == 0
    said = capsys.readouterr().out
    assert "agent tank-1 at site main" in said
    assert "stream tank, every 10 s: top_c, bottom_c, level_mm, lid_open" in said


DOCS = Path(__file__).parents[2] / "docs" / "agent.md"


def fenced(text):
    return [
        part.removeprefix("toml\n") for part in text.split("```")[1::2] if part.startswith("toml\n")
    ]


def test_the_examples_in_the_documentation_are_good(written, tmp_path):
    (tmp_path / "tank.csv").write_text(
        "tank,date_time,temp_top_c,level_mm\nTank 1,2022-07-07 12:44:00,-177.4,210\n"
    )
    examples = fenced(DOCS.read_text("utf-8"))
    assert len(examples) >= 2
    for example in examples:
        load(written(example))


def test_every_key_is_explained_in_the_documentation(written):
    text = DOCS.read_text("utf-8")
    wrong = GOOD.replace("[agent]", "[agent]\nx = 1").replace("[server]", "[server]\nx = 1")
    wrong = wrong.replace('name = "tank"', 'name = "tank"\nx = 1').replace(
        'driver = "simulated"', 'driver = "simulated"\nx = 1\ntank = { x = 1 }'
    )
    wrong = wrong.replace("at_s = 30", "at_s = 30\nx = 1").replace(
        "value = -150", "value = -150\nx = 1"
    )
    found = problems(written(wrong))
    replayed = problems(written(GOOD.replace('driver = "simulated"', 'driver = "replay"\nx = 1')))
    known = {
        key
        for p in found + replayed
        if "known here:" in p
        for key in p.partition("known here: ")[2].split(", ")
    }
    assert len(known) > 50
    assert [key for key in sorted(known) if f"`{key}`" not in text] == []


def test_the_example_is_itself_toml():
    assert tomllib.loads(GOOD)["agent"]["id"] == "tank-1"
