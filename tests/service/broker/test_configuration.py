"""mosquitto.conf as this house writes it."""

import subprocess
from pathlib import Path

import pytest

from server.broker import choose, mosquitto
from server.broker.ended import ENDED
from server.core.clock import SystemClock
from server.core.settings import Settings
from server.telemetry import agent_certificates
from tests.support.ports import accepts, free_port, wait_until_listening


def written(home: Path, **more: str) -> str:
    settings = Settings.read({"CRYOKEEP_HOME": str(home), "CRYOKEEP_BROKER": "mosquitto", **more})
    return mosquitto.configuration(choose(settings), settings)


@pytest.mark.needs("mosquitto")
def test_it_keeps_what_the_design_learnt(tmp_path: Path) -> None:
    lines = written(tmp_path).splitlines()

    for line in (
        "persistence true",
        "max_queued_messages 0",
        "max_inflight_messages 0",
        "set_tcp_nodelay true",
        "allow_anonymous false",
    ):
        assert line in lines
    assert not [line for line in lines if line.startswith("autosave")]
    assert [line.split()[2] for line in lines if line.startswith("listener")] == [
        "127.0.0.1",
        "127.0.0.1",
    ]


@pytest.mark.needs("mosquitto")
def test_other_machines_are_heard_over_tls_only(tmp_path: Path) -> None:
    settings = Settings.read(
        {
            "CRYOKEEP_HOME": str(tmp_path),
            "CRYOKEEP_BROKER": "mosquitto",
            "CRYOKEEP_HOST": "0.0.0.0",
            "CRYOKEEP_BROKER_TLS_PORT": str(port := free_port()),
        }
    )
    plan = choose(settings)
    command = mosquitto.command(plan, settings)
    now = SystemClock().now()
    (plan.folder / ENDED).write_bytes(agent_certificates.ended_list(tmp_path / "ca", [], now))
    (plan.folder / "passwords").touch(mode=0o600)
    (plan.folder / "acl").touch(mode=0o600)
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(plan.port())
        assert accepts(port)
    finally:
        child.terminate()
        child.wait(10)
    text = (plan.folder / "mosquitto.conf").read_text()
    beyond = text.partition(f"listener {port} 0.0.0.0")[2]
    for line in ("certfile", "require_certificate true", "use_identity_as_username true"):
        assert line in beyond
