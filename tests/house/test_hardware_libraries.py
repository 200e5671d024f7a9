"""The agent is paho-mqtt and the standard library; a hardware library is imported for its probe alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.buses.library import EXTRAS
from tests.house.test_packages import PYPROJECT

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "edge_agent").rglob("*.py"))
OURS = {"edge_agent", "paho"}
HARDWARE = [*EXTRAS, "lgpio", "RPi", "gpiod", "board", "busio"]

SETTINGS = """
[agent]
site = "main"
id = "tank-1"
[server]
url = "mqtt://127.0.0.1:1883"
[[stream]]
name = "tank"
[[stream.probe]]
driver = "simulated"
"""


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_of_the_agent_imports_anything_else_by_name(path):
    strangers = {name.partition(".")[0] for name in imported(path)} - OURS
    assert strangers <= set(sys.stdlib_module_names)


def ran(tmp_path, code, settings=SETTINGS):
    path = tmp_path / "agent.toml"
    path.write_text(settings)
    return subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
    )  # fmt: skip


BLOCKED = f"""
import sys
for name in {HARDWARE!r}: sys.modules[name] = None
from edge_agent import cli
sys.exit(cli.main(["check", "--config", sys.argv[1]]))
"""


def test_without_hardware_probes_none_of_their_libraries_is_asked_for(tmp_path):
    watched = """
import sys
from edge_agent import cli
from edge_agent.agent import Agent
from edge_agent.probes import drivers
from edge_agent.config import load
from pathlib import Path
[p.device.make().read for s in load(Path(sys.argv[1])).streams for p in s.probes]
print(sorted(set(sys.modules) & set(HARDWARE)))
""".replace("HARDWARE", repr(HARDWARE))
    ended = ran(tmp_path, watched)
    assert (ended.returncode, ended.stdout.strip()) == (0, "[]"), ended.stderr
    assert ran(tmp_path, BLOCKED).returncode == 0


@pytest.mark.parametrize(
    ("probe", "package"),
    [
        ('driver = "max31865"\nchannel = "top_c"', "spidev"),
        ('driver = "max31856"\nchannel = "top_c"', "spidev"),
        ('driver = "ads1115"\n[[stream.probe.input]]\nchannel = "a_v"\nkind = "voltage"\npins = "0"', "smbus2"),
        ('driver = "door"\npin = 4', "gpiozero"),
        ('driver = "scale"\nport = "/dev/ttyUSB0"', "serial"),
        ('driver = "thermo_ult"\nprotocol = "push"\nport = "/dev/ttyUSB0"', "serial"),
        ('driver = "modbus"\nhost = "x"\n[[stream.probe.register]]\nchannel = "a_c"\naddress = 1', "pymodbus"),
    ],
)  # fmt: skip
def test_a_library_that_is_missing_is_named_with_what_installs_it(tmp_path, probe, package):
    ended = ran(tmp_path, BLOCKED, SETTINGS.replace('driver = "simulated"', probe))
    assert ended.returncode == 1
    assert f"needs the package {package}, which is not installed" in ended.stderr
    assert f'pip install "cryokeep[{EXTRAS[package]}]"' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_running_agent_goes_on_without_the_library_and_says_what_is_missing(tmp_path):
    code = """
import sys, time
sys.modules["spidev"] = None
from pathlib import Path
from edge_agent.clock import Moment
from edge_agent.config import load
from edge_agent.sampler import Sampler
from edge_agent.wire.messages import Clk
sampler = Sampler(load(Path(sys.argv[1])).streams[0], 0)
for turn in range(200):
    rows = sampler.rows(Moment(0, turn * 10_000), Clk(s=True))
    if rows[0].q and rows[0].q[0] == 21:
        break
    time.sleep(0.02)
print(rows[0].values[1], rows[0].q, rows[1].event)
"""
    both = 'driver = "max31865"\nchannel = "probe_c"\n[[stream.probe]]\ndriver = "simulated"\nnoise = 0'
    ended = ran(tmp_path, code, SETTINGS.replace('driver = "simulated"', both))
    assert ended.stdout.startswith("-177.9 (21, 0, 0, 0, 0) {'kind': 'probe_fault'"), ended.stderr
    assert 'pip install "cryokeep[edge-spi]"' in ended.stdout


def test_every_bus_has_an_extra():
    extras = PYPROJECT["project"]["optional-dependencies"]
    assert set(EXTRAS.values()) <= set(extras)
    assert {name for name in extras if name.startswith("edge-")} == set(EXTRAS.values())
    named = {"serial": "pyserial"}
    for package, extra in EXTRAS.items():
        assert any(wish.startswith(named.get(package, package)) for wish in extras[extra]), package
