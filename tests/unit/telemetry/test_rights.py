"""Who may speak on which topic, and passwords as mosquitto keeps them."""

import subprocess
from pathlib import Path

import pytest

from server.telemetry import rules
from tools.needs import program


@pytest.mark.parametrize(
    ("user", "publishes", "reads"),
    [
        ("main.tank-1", "ck1/main/tank-1/t/tank", "ck1/main/tank-1/ack"),
        ("main.tank-1", "ck1/main/tank-1/state", "ck1/main/tank-1/cmd"),
        ("main.tank-1", "homeassistant/device/tank-1/config", "ck1/main/tank-1/cfg"),
        ("cryokeep-server", "ck1/main/tank-1/ack", "ck1/+/+/t/+"),
    ],
)
def test_what_is_allowed(user: str, publishes: str, reads: str) -> None:
    rights = rules.rights_of(user, "ck1")

    assert any(rules.covers(allowed, publishes) for allowed in rights.publish)
    assert any(rules.covers(allowed, reads) for allowed in rights.read)


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("main.tank-1", "ck1/main/tank-2/t/tank"),
        ("main.tank-1", "ck1/other/tank-1/t/tank"),
        ("main.tank-1", "ck1/main/tank-1/ack"),
        ("main.tank-1", "ck1/main/tank-1/t/tank/more"),
        ("main.tank-1", "ck1/#"),
        ("nobody", "ck1/main/tank-1/t/tank"),
        ("", "ck1/main/tank-1/t/tank"),
        ("+.+", "ck1/main/tank-1/t/tank"),
        ("main.#", "ck1/main/tank-1/t/tank"),
    ],
)
def test_what_is_not_allowed(user: str, topic: str) -> None:
    rights = rules.rights_of(user, "ck1")

    assert not any(rules.covers(allowed, topic) for allowed in rights.publish)


@pytest.mark.parametrize(
    "asked", ["#", "ck1/#", "ck1/+/tank-1/ack", "ck1/main/+/ack", "+/main/tank-1/ack"]
)
def test_an_agent_cannot_listen_to_others_by_a_wide_filter(asked: str) -> None:
    rights = rules.rights_of("main.tank-1", "ck1")

    assert not any(rules.covers(allowed, asked) for allowed in rights.read)


def test_a_kept_password_is_recognised_and_another_is_not() -> None:
    kept = rules.password_hash("secret", b"123456789012")

    assert rules.password_fits("secret", kept)
    assert not rules.password_fits("Secret", kept)
    for damaged in ("", "secret", "$7$", "$6$a$b$c", "$7$x$a$b"):
        assert not rules.password_fits("secret", damaged)


@pytest.mark.needs("mosquitto")
def test_mosquitto_s_own_tool_makes_what_we_recognise(tmp_path: Path) -> None:
    tool = program("mosquitto_passwd")
    assert tool
    file = tmp_path / "passwords"
    subprocess.run(
        [tool, "-b", "-c", file, "main.tank-1", "secret"], check=True, capture_output=True
    )

    assert rules.password_fits("secret", file.read_text().strip().partition(":")[2])
