"""MVE controllers over a pseudo-terminal and over TCP."""

import threading

import pytest

from edge_agent.buses.errors import BusError, NoAnswer
from edge_agent.buses.line import LinePlace
from edge_agent.buses.pool import Pool
from edge_agent.probes.device import Rhythm
from edge_agent.probes.tec3000 import CODES, Query, Tec3000, Tec3000Settings
from edge_agent.wire.quality import Quality
from tests.edge.emulators.serial_port import SerialDevice
from tests.edge.emulators.tec3000 import TcpUnits, Tec3000Units
from tests.edge.settings_text import problems_of, read_probe

TOP = Query("controller_c", "TEMPA?")
LEVEL = Query("level_mm", "LEVEL?", factor=25.4)
RHYTHM = Rhythm()


@pytest.fixture
def stand():
    """Give `stand(units, **more)`: the path of a port with these controllers on it."""
    made = []

    def stand(units, **more):
        made.append(SerialDevice(Tec3000Units(units, **more)))
        return made[-1]

    yield stand
    for device in made:
        device.stop()


@pytest.fixture
def pool():
    made = Pool()
    yield made
    for held in made._held.values():
        if held.wire is not None:
            held.wire.close()


def controller(pool, port="", queries=(TOP,), **more):
    place = more.pop("place", None) or LinePlace(port=port)
    return Tec3000(
        Tec3000Settings(tuple(queries), place, RHYTHM, **{"answer_s": 3.0, **more}), pool
    )


def test_a_controller_is_asked_by_its_three_digits(stand, pool):
    device = stand({1: {"TEMPA?": "-197.10"}})
    (found,) = controller(pool, device.path).read(0).found
    assert (found.value, found.q) == (-197.1, 0)
    assert device.heard == [b"001 TEMPA?\r\n"]


@pytest.mark.parametrize(
    ("answer", "value", "quality"),
    [
        ("-197.10", -197.1, 0),
        ("001 -197.10", -197.1, 0),
        ("+20.5 C", 20.5, 0),
        ("0", 0.0, 0),
        ("OPEN", None, Quality.OPEN_PROBE),
        ("-----", None, Quality.OPEN_PROBE),
        ("?", None, Quality.BUS_ERROR),
        ("12.3.4", None, Quality.BUS_ERROR),
    ],
)
def test_an_answer_is_a_number_or_says_why_not(stand, pool, answer, value, quality):
    (found,) = controller(pool, stand({1: {"TEMPA?": answer}}).path).read(0).found
    assert (found.value, found.q) == (value, quality)
    assert bool(found.fault) == bool(quality)


def test_units_are_converted_and_a_question_without_answer_fails_alone(stand, pool):
    device = stand({7: {"TEMPA?": "-180", "LEVEL?": "9.1"}})
    unknown = Query("bottom_c", "TEMPB?")
    mine = controller(pool, device.path, (TOP, unknown, LEVEL), unit=7, answer_s=1.0)
    top, bottom, level = mine.read(0).found
    assert (top.value, level.value) == (-180.0, 231.14)
    assert (bottom.value, bottom.q) == (None, Quality.BUS_ERROR)
    assert "007 does not answer TEMPB?" in bottom.fault


def test_a_silent_controller_is_a_bus_error_in_bounded_time(stand, pool):
    device = controller(pool, stand({}).path, (TOP, LEVEL), answer_s=0.1)
    with pytest.raises(NoAnswer, match="001 does not answer TEMPA"):
        device.read(0)


def test_an_adapter_that_hears_itself_does_not_confuse(stand, pool):
    assert controller(pool, stand({1: {"TEMPA?": "-190"}}, echo=True).path).read(0).found[0].value == -190.0  # fmt: skip


def test_answers_may_end_with_a_line_feed_only(stand, pool):
    device = stand({1: {"TEMPA?": "-190"}}, end=b"\n")
    assert controller(pool, device.path, answer_end="lf").read(0).found[0].value == -190.0


def test_two_controllers_on_one_line_do_not_hear_each_others_answers(stand, pool):
    device = stand({1: {"TEMPA?": "-101"}, 2: {"TEMPA?": "-202"}})
    answers = {1: set(), 2: set()}

    def ask(unit):
        mine = controller(pool, device.path, unit=unit, answer_s=2.0)
        for _ in range(40):
            answers[unit].add(mine.read(0).found[0].value)

    threads = [threading.Thread(target=ask, args=(unit,)) for unit in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {1: {-101.0}, 2: {-202.0}}


def test_alarms_are_told_when_they_come_and_go(stand, pool):
    units = {1: {"TEMPA?": "-190", "ALARMS?": "NONE"}}
    mine = controller(pool, stand(units).path, alarms="ALARMS?")
    assert mine.read(0).events == ({"kind": "controller_standing", "alarms": []},)
    assert mine.read(0).events == ()
    units[1]["ALARMS?"] = "AL,LO PF"
    assert mine.read(0).events == (
        {"kind": "controller_alarm", "alarm": "lid open", "code": "LO"},
        {"kind": "power_lost"},
        {"kind": "controller_alarm", "alarm": "temperature A low", "code": "AL"},
    )
    assert mine.read(0).events == ()
    units[1]["ALARMS?"] = "AL"
    assert [e["kind"] for e in mine.read(0).events] == ["controller_alarm_over", "power_back"]


def test_filling_is_told_as_a_fill_and_is_no_alarm(stand, pool):
    units = {1: {"TEMPA?": "-190", "ALARMS?": "F"}}
    mine = controller(pool, stand(units).path, alarms="ALARMS?")
    assert [e["kind"] for e in mine.read(0).events] == ["controller_standing", "fill_started"]
    units[1]["ALARMS?"] = "NONE"
    assert [e["kind"] for e in mine.read(0).events] == ["fill_ended"]


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_of_the_makers_codes_is_told(stand, pool, code):
    units = {1: {"TEMPA?": "-190", "ALARMS?": code}}
    standing, told = controller(pool, stand(units).path, alarms="ALARMS?").read(0).events
    assert standing == {"kind": "controller_standing", "alarms": [CODES[code]]}
    assert told.get("code", code) == code


def test_alarms_that_are_not_answered_change_nothing(stand, pool):
    units = {1: {"TEMPA?": "-190", "ALARMS?": "LO"}}
    mine = controller(pool, stand(units).path, alarms="ALARMS?", answer_s=1.0)
    assert mine.read(0).events == (
        {"kind": "controller_standing", "alarms": ["lid open"]},
        {"kind": "controller_alarm", "alarm": "lid open", "code": "LO"},
    )
    silent = units[1].pop("ALARMS?")
    finding = mine.read(0)
    assert (finding.found[0].value, finding.events) == (-190.0, ())
    units[1]["ALARMS?"] = silent
    assert mine.read(0).events == ()


def test_over_tcp_one_connection_is_kept_and_made_anew_when_it_breaks(pool):
    units = {1: {"TEMPA?": "-197.1"}}
    server = TcpUnits(Tec3000Units(units))
    place = LinePlace(host="127.0.0.1", tcp_port=server.port)
    mine = controller(pool, place=place, answer_s=1.0)
    try:
        assert [mine.read(0).found[0].value for _ in range(3)] == [-197.1] * 3
        assert server.connections == 1
        units[1].clear()
        with pytest.raises(BusError, match="nothing complete came"):
            mine.read(0)
        units[1]["TEMPA?"] = "-196"
        assert mine.read(0).found[0].value == -196.0
        assert server.connections == 2
    finally:
        for held in pool._held.values():
            held.wire.close()
            held.wire = None
        server.stop()
    with pytest.raises(BusError, match=r"127\.0\.0\.1"):
        mine.read(0)


def test_a_port_that_is_not_there_is_a_bus_error(pool, tmp_path):
    with pytest.raises(BusError, match="nowhere"):
        controller(pool, str(tmp_path / "nowhere")).read(0)


QUERY = '[[stream.probe.query]]\nchannel = "controller_c"\nask = "TEMPA?"\n'


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (QUERY, "found neither port nor host; expected"),
        (f'port = "/dev/ttyUSB0"\nhost = "10.0.0.9"\n{QUERY}', "found port and host; expected"),
        ('host = "10.0.0.9"', "query: found none"),
        (f'port = "/dev/ttyUSB0"\nbaud = 9601\n{QUERY}', "baud: found 9601; expected one of 300"),
        (f'port = "/dev/ttyUSB0"\nform = "9N1"\n{QUERY}', "form: found '9N1'; expected"),
        (f'host = "x"\nunit = 1000\n{QUERY}', "unit: found 1000; expected a whole number from 1 to 999"),
        ('host = "x"\n' + QUERY.replace("TEMPA?", "TÉMP?"), "expected a word such as TEMPA?"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "tec3000"\n{lines}')
    assert any(sentence in problem for problem in found), found


def test_only_a_serial_port_needs_pyserial(tmp_path):
    serial = read_probe(tmp_path, f'driver = "tec3000"\nport = "/dev/ttyUSB0"\n{QUERY}').device
    network = read_probe(tmp_path, f'driver = "tec3000"\nhost = "10.0.0.9"\n{QUERY}').device
    assert (serial.needs, network.needs) == (("serial",), ())
    assert network.place.tcp_port == 10001


def test_a_form_that_the_port_cannot_take_is_a_bus_error(stand, pool):
    """A pseudo-terminal has no 7 bits with parity."""
    place = LinePlace(port=stand({}).path, form="7E1")
    with pytest.raises(BusError, match=r"\(9600 7E1\) cannot be used"):
        controller(pool, place=place).read(0)
