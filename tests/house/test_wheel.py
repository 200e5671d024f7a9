"""The wheel holds all that a machine without a checkout needs, and works from there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Build the wheel without network or isolation, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (wheel,) = folder.glob("cryokeep-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def files(folder, *patterns):
    return {
        str(path.relative_to(folder))
        for pattern in patterns
        for path in folder.glob(pattern)
        if path.is_file()
    }


def test_the_wheel_holds_whatever_stands_beside_the_code(unpacked):
    patterns = (
        "server/**/*.po",
        "server/**/templates/**/*.html",
        "server/**/static/**/*.*",
        "server/**/*.py",
        "edge_agent/**/*.py",
    )

    assert files(PROJECT, *patterns) <= files(unpacked, *patterns)


def test_the_wheel_holds_the_migrations_and_the_licence(unpacked):
    here = files(PROJECT / "migrations", "env.py", "*.mako", "versions/*.py")

    assert here == files(unpacked / "server" / "_migrations", "env.py", "*.mako", "versions/*.py")
    assert list(unpacked.glob("cryokeep-*.dist-info/licenses/LICENSE"))


def test_the_wheel_holds_no_tests_and_no_tools(unpacked):
    assert {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")} == {
        "server",
        "edge_agent",
    }


def test_a_database_is_migrated_from_the_wheel(unpacked, tmp_path):
    program = (
        "import server; from server import schema; from server.core.db import Database;"
        f"database = Database('sqlite:///{tmp_path}/bank.sqlite3'); schema.upgrade(database);"
        "assert schema.is_current(database); print(server.__file__)"
    )
    env = {**os.environ, "PYTHONPATH": str(unpacked)}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip().startswith(str(unpacked))
