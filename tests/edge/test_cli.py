"""The command line answers in words."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ran(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30, cwd=ROOT,
    )  # fmt: skip


def test_a_missing_package_is_named_with_what_installs_it():
    found = ran(
        "import sys; sys.modules['paho'] = None\n"
        "from edge_agent.__main__ import main; sys.exit(main())"
    )
    assert found.returncode == 1
    assert "needs the package paho" in found.stderr
    assert 'pip install "cryokeep[edge]"' in found.stderr


@pytest.mark.parametrize("arguments", ["--help", "run --help", "check --help"])
def test_help_is_there(arguments):
    found = subprocess.run(
        [sys.executable, "-m", "edge_agent", *arguments.split()],
        capture_output=True, text=True, check=False, timeout=30, cwd=ROOT,
    )  # fmt: skip
    assert found.returncode == 0
    assert "cryokeep-edge" in found.stdout


def test_the_agent_needs_nothing_of_the_server():
    found = ran(
        "import sys\n"
        "for name in ('flask', 'sqlalchemy', 'msgspec', 'cbor2', 'server'): sys.modules[name] = None\n"
        "import edge_agent.cli"
    )
    assert found.returncode == 0, found.stderr
