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
        ("main.tank-1", "homeassistant/device/main_tank-1/config", "homeassistant/status"),
        ("main.tank-1", "ck1/main/tank-1/ha/tank", "ck1/main/tank-1/cfg"),
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
        ("main.tank-1", "homeassistant/device/main_tank-2/config"),
        ("main.tank-1", "homeassistant/device/tank-1/config"),
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
    ("user", "client_id", "own"),
    [
        ("main.tank-1", "main.tank-1", True),
        ("main.tank-1", "tank-1", False),
        ("main.tank-1", "main.tank-2", False),
        ("main.tank-1", "cryokeep-live-1", False),
        ("main.tank-1", "", False),
        ("cryokeep-server", "cryokeep-live-1", True),
        ("cryokeep-server", "main.tank-1", False),
    ],
)
def test_a_connection_is_called_by_its_own_name(user: str, client_id: str, *, own: bool) -> None:
    assert rules.is_own_client(user, client_id) is own


@pytest.mark.parametrize(
    ("site", "code", "refused"),
    [
        ("main", "tank-1", None),
        ("m" * 32, "t" * 31, None),
        ("m" * 32, "t" * 32, "agent_name_too_long"),
        ("../main", "tank-1", "bad_agent_name"),
        ("main", "tank-1\n", "bad_agent_name"),
    ],
)
def test_a_certificate_names_only_whom_it_can(site: str, code: str, refused: str | None) -> None:
    why = rules.why_not_certify(site, code)

    assert (why and why.code) == refused


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
