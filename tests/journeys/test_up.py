"""`cryokeep up`: one process tree, ready soon, mended when a part falls, gone when it is told to stop."""

import json
import os
import signal
import ssl
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.core.db import Database
from server.telemetry.models import reading
from tests.support.processes import Process, command_of, descendants
from tests.support.waiting import eventually

UP = [sys.executable, "-m", "server", "up"]
Start = Callable[..., Process]


def get(url: str, context: ssl.SSLContext | None = None) -> bytes:
    with urllib.request.urlopen(url, timeout=5, context=context) as answer:
        return answer.read()


def alive(pid: int) -> bool:
    try:
        return "Z" not in (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2][:3]
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def surroundings(tmp_path: Path, free_port: Callable[[], int]) -> dict[str, str]:
    return {"CRYOKEEP_HOME": str(tmp_path / "home"), "CRYOKEEP_PORT": str(free_port())}


@pytest.mark.parametrize(
    "kind", ["embedded", pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto"))]
)
def test_the_demo_runs_as_one_tree_and_leaves_nothing_behind(
    process: Start, surroundings: dict[str, str], kind: str
) -> None:
    up = process([*UP, "--demo"], env={**surroundings, "CRYOKEEP_BROKER": kind}, name="up")
    up.wait_for_log("Stop with Ctrl-C", timeout=90)
    address = f"http://127.0.0.1:{surroundings['CRYOKEEP_PORT']}"

    assert f"Ready: {address}" in up.log
    assert "Demo sign-ins:" in up.log
    ready = json.loads(get(f"{address}/readyz"))
    assert [ready[part]["ready"] for part in ("database", "broker", "worker")] == [True] * 3
    assert get(f"{address}/healthz")
    database = Database(f"sqlite:///{surroundings['CRYOKEEP_HOME']}/cryokeep.sqlite3")
    before = _readings(database)
    eventually(lambda: _readings(database) > before, timeout=40)

    worker = next(pid for pid in descendants(up.pid) if "server worker" in command_of(pid))
    os.kill(worker, signal.SIGKILL)
    eventually(
        lambda: {p for p in descendants(up.pid) if "server worker" in command_of(p)} - {worker},
        timeout=20,
    )
    seen = _readings(database)
    eventually(lambda: _readings(database) > seen, timeout=60)
    database.close()

    web = next(pid for pid in descendants(up.pid) if "server web" in command_of(pid))
    below = descendants(web)
    os.kill(web, signal.SIGKILL)
    eventually(lambda: not [pid for pid in below if alive(pid)], timeout=10)
    eventually(lambda: _answers(f"{address}/healthz"), timeout=20)

    tree = descendants(up.pid)
    assert len(tree) >= 6, "broker, worker, web and three agents"
    assert up.stop(number=signal.SIGINT, timeout=30) == 0
    eventually(lambda: not [command_of(pid) for pid in tree if alive(pid)], timeout=10)


def _answers(url: str) -> bool:
    try:
        return bool(get(url))
    except OSError:
        return False


def _readings(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(reading)) or 0


def test_a_second_one_in_the_same_home_is_refused_in_words(
    process: Start, surroundings: dict[str, str], free_port
) -> None:
    surroundings["CRYOKEEP_BROKER"] = "embedded"
    first = process(UP, env=surroundings, name="up")
    first.wait_for_log("Stop with Ctrl-C", timeout=60)

    assert "Make the first administrator here" in first.log
    second = process(UP, env={**surroundings, "CRYOKEEP_PORT": str(free_port())}, name="second")
    assert second.popen.wait(20) == 2
    assert "Cryokeep already runs in" in second.log
    elsewhere = process(
        UP,
        env={**surroundings, "CRYOKEEP_HOME": surroundings["CRYOKEEP_HOME"] + "-2"},
        name="third",
    )
    assert elsewhere.popen.wait(20) == 2
    assert "is in use by another program" in elsewhere.log


def test_beyond_the_loopback_the_pages_speak_https_with_the_local_ca(
    process: Start, surroundings: dict[str, str]
) -> None:
    up = process(
        UP,
        env={**surroundings, "CRYOKEEP_BROKER": "embedded", "CRYOKEEP_HOST": "0.0.0.0"},
        name="up",
    )
    up.wait_for_log("Stop with Ctrl-C", timeout=60)
    trusting = ssl.create_default_context(cafile=f"{surroundings['CRYOKEEP_HOME']}/ca/ca.crt")

    assert get(f"https://localhost:{surroundings['CRYOKEEP_PORT']}/healthz", trusting)
    with pytest.raises(OSError, match="certificate"):
        get(
            f"https://localhost:{surroundings['CRYOKEEP_PORT']}/healthz",
            ssl.create_default_context(),
        )
