"""Lights, buzzer and button at the freezer: what they say, and that a broken one holds up nobody."""

import json
import queue
import threading
import time

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent import cli
from edge_agent.agent import Agent
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.signal_settings import SignalSettings
from edge_agent.signal_tower import Pins, Presses, SignalTower
from edge_agent.signals import TROUBLE_SHOWN_MS, Light, Panel, Show
from edge_agent.spool import Spool
from tests.edge.settings_text import problems_of, write

OFF, ON, BLINKING = Light.OFF, Light.ON, Light.BLINKING
SILENT_MS = 60_000
TOP = {"stream": "tank", "channel": "top_c", "limit": "high", "limit_value": -150.0}
TOP_WORSE = TOP | {"limit_value": -120.0}
LID = {"stream": "tank", "channel": "lid_open", "limit": "door", "limit_value": 0.0}
RAISED, CLEARED = "local_alarm_raised", "local_alarm_cleared"
SIMULATED = 'driver = "simulated"'
WIRED = "\n[signals]\nred = 22\namber = 23\ngreen = 24\nbuzzer = 17\nbutton = 27\n"


def raised(alarm=TOP):
    return {"kind": RAISED, **alarm}


def cleared(alarm=TOP):
    return {"kind": CLEARED, **alarm}


# what happened (events, "pressed" or "silence"), buzzer_always, rows in memory only -> what is shown
CASES = [
    ("all is well", [], False, False, Show(green=ON)),
    ("silence", ["silence"], False, False, Show(amber=ON)),
    ("rows in memory", [], False, True, Show(amber=BLINKING)),
    ("both", ["silence"], False, True, Show(amber=BLINKING)),
    ("damage", [{"kind": "spool_trouble"}], False, False, Show(amber=BLINKING)),
    ("another event", [{"kind": "door_opened"}], False, False, Show(green=ON)),
    ("alarm", [raised()], False, False, Show(red=BLINKING)),
    ("alarm, always", [raised()], True, False, Show(red=BLINKING, buzzer=True)),
    ("alarm alone", ["silence", raised()], False, False, Show(BLINKING, ON, OFF, True)),
    ("silence after", [raised(), "silence"], False, False, Show(BLINKING, ON, OFF, True)),
    ("alarm, no disk", [raised()], False, True, Show(BLINKING, BLINKING, OFF, False)),
    ("acknowledged", ["silence", raised(), "pressed"], False, False, Show(ON, ON, OFF, False)),
    ("acknowledged, always", [raised(), "pressed"], True, False, Show(red=ON)),
    ("pressed too early", ["pressed", raised()], True, False, Show(red=BLINKING, buzzer=True)),
    ("over", [raised(), cleared()], True, False, Show(green=ON)),
    ("over and again", [raised(), "pressed", cleared(), raised()], True, False,
     Show(red=BLINKING, buzzer=True)),
    ("a second one", [raised(), "pressed", raised(LID)], True, False,
     Show(red=BLINKING, buzzer=True)),
    ("the second one over", [raised(), "pressed", raised(LID), cleared(LID)], True, False,
     Show(red=ON)),
    ("the worse one over", [raised(), raised(TOP_WORSE), cleared(TOP_WORSE)], False, False,
     Show(red=BLINKING)),
    ("the end of another", [raised(), cleared(LID)], False, False, Show(red=BLINKING)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "always", "in_memory", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_what_is_shown(happened, always, in_memory, expected):
    panel, now_ms = Panel(0, silent_ms=SILENT_MS, always=always), 0
    for one in happened:
        if one == "silence":
            now_ms += SILENT_MS + 1
        elif one == "pressed":
            panel.pressed()
        else:
            panel.saw([one], now_ms)
    assert panel.show(now_ms, in_memory_only=in_memory) == expected


def test_an_answer_ends_the_silence_and_an_hour_the_tale_of_damage():
    panel = Panel(0, silent_ms=SILENT_MS)
    panel.saw([{"kind": "spool_trouble"}], 0)
    panel.heard(TROUBLE_SHOWN_MS - 1)
    assert panel.show(TROUBLE_SHOWN_MS - 1, in_memory_only=False).amber is BLINKING
    assert panel.show(TROUBLE_SHOWN_MS, in_memory_only=False) == Show(green=ON)
    assert panel.show(TROUBLE_SHOWN_MS + SILENT_MS, in_memory_only=False).amber is ON


def test_the_button_tells_of_each_alarm_that_stands_and_of_none_that_does_not():
    panel = Panel(0, silent_ms=SILENT_MS)
    assert panel.pressed() == []
    panel.saw([raised(), raised(LID), cleared(LID)], 0)
    assert panel.pressed() == [{"kind": "local_alarm_acknowledged", **TOP}]
    panel.saw([raised(LID)], 0)
    assert [event["channel"] for event in panel.pressed()] == ["top_c", "lid_open"]


@pytest.mark.parametrize(
    ("levels", "presses"),
    [
        ("1111", 0),
        ("110011", 1),
        ("11010111", 0),
        ("1100110011", 2),
        ("0000", 0),
        ("0011001", 1),
        ("11000000", 1),
    ],
)
def test_a_press_is_counted_once_and_a_bounce_or_a_stuck_button_never(levels, presses):
    button = Presses(high_is_pressed=False)
    assert sum(button.look(level == "1") for level in levels) == presses


@pytest.fixture
def pins():
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


@pytest.fixture
def tower(tmp_path):
    """Give `tower(lines)`: a running one; closed afterwards."""
    made = []

    def start(lines=WIRED, **more):
        config = load(write(tmp_path, SIMULATED, tail=lines))
        made.append(SignalTower(config, 0, **more))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.close()


def states(pins, *numbers):
    return tuple(bool(pins.pin(number).state) for number in numbers)


def test_the_pins_follow_and_are_off_at_the_end(pins, tower, eventually):
    found = tower()
    found.turn([], 0, in_memory_only=False)
    eventually(lambda: states(pins, 22, 23, 24, 17) == (False, False, True, False), 5)
    found.turn([raised()], 200_000, in_memory_only=False)
    eventually(lambda: states(pins, 22, 23, 24, 17) == (True, True, False, True), 5)
    eventually(lambda: states(pins, 22, 23, 17) == (False, True, True), 5)
    held = [pins.pin(number) for number in (22, 23, 24, 17)]
    found.close()
    assert not any(pin.state for pin in held)


def test_relays_that_are_wired_the_other_way_round_are_on_when_low(pins, tower, eventually):
    found = tower('\n[signals]\ngreen = 24\namber = 23\nactive = "low"\n')
    found.turn([], 0, in_memory_only=False)
    eventually(lambda: states(pins, 23, 24) == (True, False), 5)


def test_the_button_makes_its_events(pins, tower, eventually):
    found = tower()
    found.turn([raised()], 0, in_memory_only=False)
    eventually(lambda: not found._pins._button._is_down, 5)
    pins.pin(27).drive_low()
    (event,) = eventually(lambda: found.turn([], 0, in_memory_only=False), 5)
    assert event == {"kind": "local_alarm_acknowledged", **TOP}


def test_a_pin_that_cannot_be_used_is_said_once_and_the_others_go_on(pins, tower, eventually):
    taken = gpiozero.DigitalInputDevice(22)
    found = tower()
    faults = eventually(lambda: found.turn([raised()], 0, in_memory_only=False), 5)
    assert [(e["kind"], e["signal"], e["pin"]) for e in faults] == [("signal_fault", "red", 22)]
    assert "pin 22 cannot be used" in faults[0]["fault"]
    eventually(lambda: found._pins._open.keys() == {"amber", "green", "buzzer", "button"}, 5)
    assert found.turn([], 0, in_memory_only=False) == []
    taken.close()


def test_a_missing_library_is_said_and_nothing_stops(monkeypatch, tower, eventually):
    monkeypatch.setitem(__import__("sys").modules, "gpiozero", None)
    found = tower("\n[signals]\nred = 22\n")
    (fault,) = eventually(lambda: found.turn([], 0, in_memory_only=False), 5)
    assert fault["fault"].startswith("a light or buzzer needs the package gpiozero")
    assert 'pip install "cryokeep[edge-gpio]"' in fault["fault"]


def test_a_pin_that_hangs_holds_up_nobody(tower):
    hung = threading.Event()
    found = tower("\n[signals]\nred = 22\n", make=lambda *_: hung.wait(20))
    begun = time.monotonic()
    for n in range(100):
        found.turn([raised()], n, in_memory_only=False)
    found.close()
    assert time.monotonic() - begun < 2
    hung.set()


def test_without_pins_there_is_no_thread():
    pins = Pins(SignalSettings(), lambda *_: pytest.fail("nothing is to be opened"))
    pins.start()
    assert not pins._thread.is_alive()
    pins.close()


HOT = """
[[limit]]
stream = "tank"
channel = "top_c"
kind = "high"
value = -200

[signals]
red = 22
buzzer = 17
button = 27
buzzer_always = true
"""


def test_the_agent_rings_and_the_button_is_spooled(pins, tmp_path, eventually):
    path = write(tmp_path, SIMULATED, tail=HOT)
    path.write_text(path.read_text().replace('name = "tank"', 'name = "tank"\ninterval_ms = 100'))
    agents, kinds = queue.SimpleQueue(), []

    def run():
        spool = Spool(tmp_path / "spool.db")
        agent = Agent(load(path), SystemClock(trusted=True), spool)
        agents.put(agent)
        agent.run()
        rows = spool.rows((spool.boot, "ev"), 1, spool.next_seq((spool.boot, "ev")) - 1, 100)
        kinds.extend(json.loads(row.body)["kind"] for row in rows)
        spool.close()

    thread = threading.Thread(target=run)
    thread.start()
    agent = agents.get(timeout=10)
    try:
        eventually(lambda: states(pins, 22, 17) == (True, True), 15)
        eventually(lambda: not agent._signals._pins._button._is_down, 5)
        pins.pin(27).drive_low()
        eventually(lambda: not states(pins, 17)[0], 10)
        eventually(lambda: states(pins, 22) == (True,), 5)
    finally:
        agent.stop()
        thread.join(10)
    assert [kind for kind in kinds if kind.startswith("local_alarm")] == [
        "local_alarm_raised", "local_alarm_acknowledged",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("red = 40", "red: found 40; expected a whole number from 0 to 27"),
        ("red = 22\ngreen = 22", "found green at pin 22, where red is; expected another"),
        ("button = 4", "found button at pin 4, where a probe is; expected another"),
        ("server_silent_s = 1", "server_silent_s: found 1; expected a number from 10 to 86400"),
        ('active = "on"', "active: found"),
        ("blue = 3", "blue: this key is not known"),
    ],
)
def test_wrong_settings_are_said(tmp_path, lines, sentence):
    probe = 'driver = "door"\npin = 4'
    (found,) = problems_of(tmp_path, probe, tail=f"\n[signals]\n{lines}\n")
    assert sentence in found


def test_check_names_the_pins(tmp_path, capsys):
    assert cli.main(["check", "--config", str(write(tmp_path, SIMULATED, tail=WIRED))]) == 0
    said = capsys.readouterr().out
    assert "signal red at pin 22" in said
    assert "signal button at pin 27" in said
