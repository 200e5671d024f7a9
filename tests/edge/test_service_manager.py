"""systemd is told what it must know, through a real datagram socket; the unit says what the page says."""

import configparser
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent import cli
from edge_agent.keeper import KEPT_IN_MEMORY
from edge_agent.service_manager import ServiceManager
from tests.edge.settings_text import write

ROOT = Path(__file__).parents[2]
SIMULATED = 'driver = "simulated"\nrows = 3'


@pytest.fixture(params=["file", "abstract"])
def systemd(request, tmp_path):
    """A socket such as systemd listens on, and its address."""
    name = str(tmp_path / "notify") if request.param == "file" else f"@ck-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.setblocking(False)
        yield listening, name


def said(listening):
    words = []
    try:
        while True:
            words.append(listening.recv(100).decode())
    except BlockingIOError:
        return words


def test_ready_once_then_the_watchdog_now_and_then_then_stopping(systemd):
    listening, address = systemd
    manager = ServiceManager(address, watchdog_ms=60_000)
    for now_ms in (100, 1_100, 4_999, 5_099):
        manager.turned(now_ms, takes_rows=True)
    assert said(listening) == ["READY=1", "WATCHDOG=1"]
    manager.turned(5_100, takes_rows=True)
    assert said(listening) == ["WATCHDOG=1"]
    manager.stopping()
    assert said(listening) == ["STOPPING=1"]


def test_who_can_keep_no_row_does_not_feed_the_watchdog(systemd):
    listening, address = systemd
    manager = ServiceManager(address)
    manager.turned(0, takes_rows=False)
    manager.turned(60_000, takes_rows=False)
    assert said(listening) == ["READY=1"]
    manager.turned(60_001, takes_rows=True)
    assert said(listening) == ["WATCHDOG=1"]


def test_a_short_watchdog_is_fed_three_times_in_its_time(systemd):
    listening, address = systemd
    manager = ServiceManager(address, watchdog_ms=3_000)
    for now_ms in (0, 999, 1_000):
        manager.turned(now_ms, takes_rows=True)
    assert said(listening) == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_without_systemd_nothing_happens(address):
    manager = ServiceManager(address)
    manager.turned(0, takes_rows=True)
    manager.stopping()


def test_a_running_agent_says_it_all(tmp_path, process, eventually):
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(20)
        command = [
            sys.executable,
            "-m",
            "edge_agent",
            "run",
            "--config",
            write(tmp_path, SIMULATED),
        ]
        env = {"PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "600000"}
        running = process(command, env=env, name="agent")
        assert [listening.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        running.send(signal.SIGTERM)
        words = iter(lambda: listening.recv(100), b"STOPPING=1")
        assert set(words) <= {b"WATCHDOG=1"}


def unit(tmp_path, capsys, tail=""):
    path = write(tmp_path, SIMULATED, tail=tail)
    assert cli.main(["service", "--config", str(path), "--user", "freezer"]) == 0
    return path, capsys.readouterr().out


def test_the_unit_restarts_watches_and_shuts_in(tmp_path, capsys):
    path, text = unit(tmp_path, capsys)
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    service = dict(parser["Service"])
    expected = {
        "Type": "notify", "Restart": "always", "User": "freezer", "WatchdogSec": "60",
        "SupplementaryGroups": "gpio i2c spi dialout video", "ProtectSystem": "strict",
        "StateDirectory": "cryokeep-edge", "NoNewPrivileges": "yes",
        "ReadWritePaths": f"-{tmp_path.resolve()}", "StandardError": "journal",
    }  # fmt: skip
    assert {key: service[key] for key in expected} == expected
    assert service["ExecStart"].endswith(f"-m edge_agent run --config {path.resolve()}")
    assert "RuntimeWatchdogSec=15s" in text


def test_odd_names_are_written_as_systemd_reads_them(tmp_path, capsys):
    folder = tmp_path / 'a b%c$"d'
    folder.mkdir()
    _, text = unit(folder, capsys, tail='\n[control]\nreboot_command = ["sudo", "reboot"]\n')
    assert 'a b%%c$$\\"d/agent.toml"' in text
    assert 'a b%%c$\\"d"' in text
    assert "NoNewPrivileges=no" in text


@pytest.mark.needs("systemd-analyze")
def test_systemd_itself_finds_nothing_wrong(tmp_path, capsys):
    _, text = unit(tmp_path, capsys)
    file = tmp_path / "cryokeep-edge.service"
    file.write_text(text.replace("User=freezer", "User=root"))
    found = subprocess.run(
        ["systemd-analyze", "verify", file], capture_output=True, text=True, check=False, timeout=30
    )
    assert "cryokeep-edge.service:" not in found.stderr


def test_wrong_settings_give_no_unit(tmp_path, capsys):
    path = write(tmp_path, 'driver = "nothing"')
    assert cli.main(["service", "--config", str(path)]) == 2
    assert capsys.readouterr().out == ""


def test_memory_that_is_full_is_what_stops_the_feeding():
    from edge_agent.keeper import Keeper

    keeper = Keeper(spool=None)
    assert keeper.takes_rows
    keeper._unwritten.extend(range(KEPT_IN_MEMORY))
    assert not keeper.takes_rows
