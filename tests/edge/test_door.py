"""A lid's contact: bounces are one event, chatter is no reading, and pins are those of gpiozero."""

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.buses.errors import BusError
from edge_agent.buses.gpio import GpiozeroLine
from edge_agent.probes.device import Rhythm
from edge_agent.probes.door import Door, DoorSettings
from edge_agent.wire.quality import Quality
from tests.edge.settings_text import problems_of, read_probe

RHYTHM = Rhythm(50, 5_000)


class Contact:
    """A pin whose level the test sets."""

    def __init__(self):
        self.high = False

    def level(self):
        return self.high

    def close(self):
        pass


def walk(contact, levels, every_ms=50, **more):
    """Read once a step; each step sets the level first. All findings with their times."""
    door = Door(DoorSettings(17, RHYTHM, **more), lambda: contact)
    found = []
    for step, high in enumerate(levels):
        contact.high = high
        found.append((step * every_ms, door.read(step * every_ms)))
    return found


def events(found):
    return [(at - e["ago_ms"], e["kind"]) for at, finding in found for e in finding.events]


def values(found):
    return [finding.found[0].value for _, finding in found]


def test_an_opening_is_told_once_at_the_time_when_the_contact_moved():
    found = walk(Contact(), [0, 0, 1, 1, 1, 1, 1])
    assert events(found) == [(100, "door_opened")]
    assert values(found) == [0, 0, 0, 0, 1, 1, 1]


def test_bounces_are_one_opening():
    found = walk(Contact(), [0, 1, 0, 1, 0, 1, 1, 1, 1])
    assert events(found) == [(250, "door_opened")]


def test_a_flutter_that_falls_back_is_nothing():
    found = walk(Contact(), [0, 1, 0, 0, 0, 0])
    assert events(found) == []
    assert values(found) == [0] * 6


def test_opening_and_closing_are_both_told():
    assert events(walk(Contact(), [0] + [1] * 10 + [0] * 10)) == [(50, "door_opened"), (550, "door_closed")]  # fmt: skip


def test_a_lid_that_is_open_at_the_start_is_told():
    assert events(walk(Contact(), [1, 1, 1])) == [(0, "door_opened")]


def test_a_contact_that_opens_low_is_the_other_way_round():
    assert values(walk(Contact(), [1, 1, 0, 0, 0, 0], open_when="low")) == [0, 0, 0, 0, 1, 1]


def test_a_contact_that_chatters_has_no_reading_until_it_settles():
    found = walk(Contact(), [step % 2 for step in range(60)] + [1] * 4, chatter_ms=1_000)
    assert values(found)[20:22] == [0, None]
    assert found[30][1].found[0].q == Quality.NOT_SAMPLED
    assert values(found)[-1] == 1


def test_a_contact_that_never_moves_is_stuck_when_somebody_must_have_opened():
    found = walk(Contact(), [0, 0, 0, 1, 1, 1, 1], every_ms=400, stuck_ms=1_000)
    assert [f.found[0].q for _, f in found] == [0, 0, 0, 19, 0, 0, 19]
    assert values(found)[3] == 0


def test_a_lid_that_was_closed_while_the_pin_could_not_be_read_is_told():
    contact = Contact()
    contact.high = True
    door = Door(DoorSettings(17, RHYTHM), lambda: contact)
    assert [e["kind"] for e in door.read(0).events] == ["door_opened"]
    door.close()
    assert door.read(1_000).events == ()
    door.close()
    contact.high = False
    assert door.read(2_000).events == ()
    assert [e["kind"] for e in door.read(2_100).events] == ["door_closed"]


@pytest.fixture
def pins():
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


@pytest.mark.parametrize("pull", ["up", "down", "none"])
def test_a_pin_of_gpiozero_tells_its_electrical_level(pins, pull):
    line, pin = GpiozeroLine(17, pull), pins.pin(17)
    for high in (True, False, True):
        (pin.drive_high if high else pin.drive_low)()
        assert line.level() is high
    line.close()


def test_a_cut_wire_of_a_contact_to_ground_reads_as_open(pins):
    line, pin = GpiozeroLine(17, "up"), pins.pin(17)
    door = Door(DoorSettings(17, RHYTHM), lambda: line)
    pin.drive_low()
    assert door.read(0).found[0].value == 0
    pin.drive_high()
    door.read(50)
    assert door.read(200).found[0].value == 1
    line.close()


def test_a_pin_that_is_taken_is_a_bus_error(pins):
    line = GpiozeroLine(17, "up")
    with pytest.raises(BusError, match="pin 17 cannot be used"):
        GpiozeroLine(17, "up")
    line.close()


def test_a_machine_without_pins_is_a_bus_error():
    with (
        pytest.raises(BusError, match="pin 17 cannot be used"),
        pytest.warns(gpiozero.PinFactoryFallback),
    ):
        GpiozeroLine(17, "up")


def test_the_whole_probe_reads_a_mock_pin(pins, eventually, tmp_path):
    from edge_agent.clock import Moment

    pin = pins.pin(4)
    pin.drive_low()
    probe = read_probe(tmp_path, 'driver = "door"\npin = 4\npull = "none"').device.make()
    try:
        eventually(lambda: probe.read(Moment(0, 0)), 5)
        pin.drive_high()
        (sample,) = eventually(lambda: [s for s in probe.read(Moment(0, 0)) if s.events], 5)
        assert (sample.values, sample.events[0]["kind"]) == ((1,), "door_opened")
    finally:
        probe.close()


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "pin: missing"),
        ("pin = 40", "pin: found 40; expected a number from 0 to 27"),
        ('pin = 4\npull = "hard"', "pull: found 'hard'; expected"),
        ('pin = 4\nopen_when = "open"', 'expected "high" or "low"'),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "door"\n{lines}')
    assert any(sentence in problem for problem in found), found
