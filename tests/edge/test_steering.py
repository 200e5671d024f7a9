"""The steering: each command is done once and answered for, and Home Assistant is told while it is asked for."""

import json
import stat

import pytest

from edge_agent.clock import Moment
from edge_agent.config import load
from edge_agent.control.hands import Hands
from edge_agent.control.slots import Slots
from edge_agent.control.steering import Steering
from edge_agent.rows import NewRow
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Clk
from tests.edge.test_slots import NOW, Server

BOOT = "k3v9x2m4q7ab"
SET, UNSET = Clk(s=True), Clk(s=False)
SETTINGS = """
[agent]
site = "main"
id = "tank-1"
[server]
url = "mqtt://127.0.0.1"
[control]
server_key = "server.pub"
allow = ["identify", "catalog", "resend", "self-test", "drill", "reboot"]
confirm_s = 60
reboot_command = [{reboot}]
identify_led = "led"
[home_assistant]
discovery = {discovery}
[labels]
"tank/top_c" = "Top probe"
[[stream]]
name = "tank"
[[stream.probe]]
driver = "simulated"
"""


class Bench:
    """A steering whose hands write down what they do."""

    def __init__(self, folder, *, discovery="false", reboot="", is_good=lambda _remote: ""):
        self.folder, self.now_ms = folder, 1_000
        self.server = Server(folder)
        path = folder / "agent.toml"
        path.write_text(SETTINGS.format(discovery=discovery, reboot=reboot))
        self.config = load(path)
        self.done, self.published = [], []
        hands = Hands(
            lambda topic, payload, qos, retain: self.published.append((topic, payload, qos, retain)),
            *(lambda word=word: self.done.append(word) for word in ("catalog", "resend", "reconnect", "restart")),
        )  # fmt: skip
        self.slots = Slots.of(self.config)
        self.slots.begin(is_good)
        self.steering = Steering(self.config, BOOT, "1.0", self.slots, is_good, hands)

    @property
    def now(self):
        return Moment(NOW, self.now_ms)

    def order(self, kind, clk=SET, order_id="order-0001", **more):
        said = {"id": order_id, "kind": kind, "nonce": f"nonce-{order_id}"} | more
        self.take("cmd", encode(self.server.signed(**said)), clk)

    def take(self, kind, payload, clk=SET):
        self.steering.take(f"ck1/main/tank-1/{kind}", payload, self.now, clk)

    def said(self, kind="cmd/res"):
        return [json.loads(p) for topic, p, *_ in self.published if topic.endswith(f"/{kind}")]

    def events(self):
        return [event["kind"] for event in self.steering.events()]


def stranger(folder):
    """Another server, with a key of its own."""
    (folder / "other").mkdir(exist_ok=True)
    return Server(folder / "other")


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("kind", "word"), [("catalog", "catalog"), ("resend", "resend"), ("reboot", "restart")]
)
def test_a_command_is_done_and_answered_for(bench, kind, word):
    bench.order(kind)

    assert bench.done == [word]
    assert [(one["id"], one["state"]) for one in bench.said()] == [("order-0001", "done")]
    assert bench.events() == ["command_done"]


def test_a_command_that_comes_again_is_not_done_again_also_after_a_restart(tmp_path, bench):
    bench.order("reboot")
    later = Bench.__new__(Bench)
    later.__dict__ |= bench.__dict__
    later.steering = Steering(
        bench.config, BOOT, "1.0", bench.slots, lambda _remote: "", bench.steering.hands
    )
    later.order("reboot")

    assert bench.done == ["restart"]
    refused = bench.said()[-1]
    assert (refused["state"], refused["code"]) == ("refused", "replayed")
    assert refused["facts"]["first"]["state"] == "done"
    assert later.events() == ["command_refused"]


@pytest.mark.parametrize(
    ("kind", "clk", "more", "code"),
    [
        ("renew", SET, {}, "not_allowed"),
        ("shell", SET, {}, "not_allowed"),
        ("reboot", UNSET, {}, "clock_not_set"),
        ("drill", UNSET, {}, "clock_not_set"),
        ("reboot", SET, {"agent": "main/tank-2"}, "wrong_agent"),
        ("reboot", SET, {"not_after": NOW - 1}, "late"),
    ],
)
def test_a_command_that_is_not_right_is_refused_and_reported(bench, kind, clk, more, code):
    bench.order(kind, clk, **more)

    assert bench.done == []
    assert [(one["state"], one["code"]) for one in bench.said()] == [("refused", code)]
    assert bench.events() == ["command_refused"]


def test_harmless_commands_are_obeyed_although_the_clock_was_never_set(bench):
    for n, kind in enumerate(("catalog", "resend", "identify")):
        bench.order(kind, UNSET, order_id=f"order-000{n}")

    assert {one["state"] for one in bench.said()} == {"done"}


def test_a_flood_of_wrong_signatures_becomes_one_event_a_minute(bench):
    for _ in range(50):
        bench.take("cmd", encode(stranger(bench.folder).order()))

    assert bench.events() == ["command_refused"]
    assert len(bench.said()) == 50
    bench.now_ms += 60_000
    bench.take("cmd", b"{}")
    bench.take("cmd", encode(stranger(bench.folder).order()))
    assert bench.events() == ["command_refused", "command_refused"]


def test_a_drill_says_its_value_beside_the_true_ones_and_ends(bench):
    args = {"stream": "tank", "channel": "top_c", "value": -100, "for_s": 30}
    bench.order("drill", args=args)
    rows = []
    for _ in range(40):
        rows += bench.steering.rows(bench.now, SET)
        bench.now_ms += 1_000

    assert len(rows) == 3
    assert {(row.drill, row.ch, row.values) for row in rows} == {
        ("order-0001", ("top_c",), (-100,))
    }
    assert bench.events() == ["drill_began", "command_done", "drill_ended"]


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"stream": "tank", "channel": "other_c", "value": -100},
        {"stream": "tank", "channel": "top_c"},
        {"stream": "tank", "channel": "top_c", "value": -100, "for_s": 1e9},
        {"stream": "tank", "channel": "top_c", "value": "cold"},
        {"stream": ["tank"], "channel": "top_c", "value": -100},
    ],
)
def test_a_drill_that_cannot_be_fails_in_words(bench, args):
    bench.order("drill", args=args)

    assert [one["state"] for one in bench.said()] == ["failed"]
    assert bench.steering.rows(bench.now, SET) == []


def test_a_self_test_says_what_is_wrong(bench):
    row = NewRow("tank", NOW, SET, ("top_c", "level_mm"), (None, 230.0), (16, 20))
    bench.steering.saw([row], bench.now_ms)
    bench.order("self-test", UNSET)

    (said,) = bench.said()
    assert said["state"] == "failed"
    assert "the clock has not been set" in said["why"]
    assert "no number from tank/top_c" in said["why"]
    assert said["facts"]["doubtful"] == "tank/level_mm (20)"
    assert said["facts"]["openssl"].startswith("3")


def test_identify_lets_the_led_blink_and_gives_it_back(bench, tmp_path, eventually, monkeypatch):
    monkeypatch.setattr("edge_agent.control.identify._HALF_S", 0.001)
    led = tmp_path / "led"
    led.mkdir()
    (led / "brightness").write_text("0")
    (led / "trigger").write_text("none [mmc0] heartbeat")
    bench.order("identify")

    assert bench.said()[0]["facts"]["blinks"] is True
    eventually(lambda: (led / "trigger").read_text() == "mmc0")
    assert (led / "brightness").read_text() == "1"


def test_the_machine_reboots_only_where_its_settings_say_how(tmp_path):
    mark = tmp_path / "rebooted"
    bench = Bench(tmp_path, reboot=f'"touch", "{mark}"')
    bench.order("reboot")

    assert mark.exists()
    assert bench.done == []
    assert bench.said()[0]["facts"] == {"what": "machine"}


def test_a_configuration_is_confirmed_by_the_first_answer(bench):
    bench.take("cfg", encode(bench.server.config(1)))
    assert bench.done == ["restart"]
    later = Bench.__new__(Bench)
    later.__dict__ |= bench.__dict__
    slots = Slots.of(bench.config)
    slots.begin(lambda _remote: "")
    later.steering = Steering(bench.config, BOOT, "1.0", slots, lambda _r: "", bench.steering.hands)
    later.steering.tick(Moment(NOW, 59_999), SET)
    later.steering.heard()
    later.steering.tick(Moment(NOW, 61_000), SET)

    assert [one["state"] for one in bench.said("cfg/ack")] == ["applied"]
    assert later.events() == ["config_applied"]
    assert bench.done == ["restart"]


def test_without_an_answer_in_time_it_goes_back_and_starts_anew(bench):
    bench.take("cfg", encode(bench.server.config(1)))
    slots = Slots.of(bench.config)
    slots.begin(lambda _remote: "")
    steering = Steering(bench.config, BOOT, "1.0", slots, lambda _r: "", bench.steering.hands)
    steering.tick(Moment(NOW, 60_000), SET)

    assert bench.done == ["restart", "restart"]
    assert Slots.of(bench.config).begin(lambda _remote: "") == {}


def test_a_configuration_that_nobody_signed_changes_nothing(bench):
    bench.take("cfg", encode(stranger(bench.folder).config(1)))

    assert bench.done == []
    assert [(one["version"], one["code"]) for one in bench.said("cfg/ack")] == [
        (0, "bad_signature")
    ]
    assert bench.events() == ["config_refused"]


# Home Assistant


def described(bench):
    return [
        (t, json.loads(p) if p else None, r)
        for t, p, _q, r in bench.published
        if "homeassistant" in t
    ]


def test_home_assistant_is_told_of_every_channel_and_again_when_it_comes_back(tmp_path):
    bench = Bench(tmp_path, discovery="true")
    assert "homeassistant/status" in bench.steering.subscriptions
    bench.steering.connected()
    bench.steering.take("homeassistant/status", b"offline", bench.now, SET)
    bench.steering.take("homeassistant/status", b"online", bench.now, SET)

    (topic, device, retained), again = described(bench)
    assert (topic, retained) == ("homeassistant/device/main_tank-1/config", True)
    assert again == (topic, device, retained)
    top = device["components"]["tank_top_c"]
    assert (top["platform"], top["name"], top["unit_of_measurement"], top["expire_after"]) == (
        "sensor", "Top probe", "°C", 30,
    )  # fmt: skip
    assert top["state_topic"] == "ck1/main/tank-1/ha/tank"
    assert device["components"]["tank_lid_open"]["platform"] == "binary_sensor"
    assert device["availability"][0]["topic"] == "ck1/main/tank-1/state"


def test_values_are_published_once_a_second_and_never_those_of_a_drill(tmp_path):
    bench = Bench(tmp_path, discovery="true")
    row = NewRow("tank", NOW, SET, ("top_c", "level_mm"), (-178.5, None), (0, 16))
    drill = NewRow("tank", NOW, SET, ("top_c",), (-100.0,), drill="d")
    bench.steering.saw([drill, row, row], bench.now_ms)
    bench.now_ms += 1_000
    bench.steering.saw([row], bench.now_ms)

    found = [(json.loads(p), q, r) for t, p, q, r in bench.published if t.endswith("/ha/tank")]
    assert found == [({"top_c": -178.5, "level_mm": None}, 0, False)] * 2


def test_switched_off_the_description_is_taken_away_once(tmp_path):
    Bench(tmp_path, discovery="true").steering.connected()
    bench = Bench(tmp_path)
    assert bench.steering.subscriptions == ["ck1/main/tank-1/cmd", "ck1/main/tank-1/cfg"]
    bench.steering.connected()
    bench.steering.connected()

    assert described(bench) == [("homeassistant/device/main_tank-1/config", None, True)]
    mark = tmp_path / "control" / "home-assistant"
    assert not mark.exists()


def test_what_is_kept_is_for_its_owner_alone(bench):
    bench.order("reboot")
    bench.take("cfg", encode(bench.server.config(1)))

    kept = list((bench.folder / "control").iterdir())
    assert {path.name for path in kept} == {"nonces.json", "state.json", "slot-a.json"}
    assert [p for p in kept if stat.S_IMODE(p.stat().st_mode) & 0o077] == []
