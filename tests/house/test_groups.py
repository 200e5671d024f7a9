"""The table at the end of a run tells the truth, also when the tests run on several workers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import groups
from tools import needs

PROJECT = Path(__file__).resolve().parents[2]
SUITE = """
import pytest

def test_fine():
    pass

@pytest.mark.needs("cc")
def test_needs_a_compiler():
    pass

@pytest.mark.group("shared data")
@pytest.mark.needs("shared data")
def test_reads_the_shared_data():
    pass

@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    return request.param

def test_on_both(database):
    pass
"""
CONFTEST = """
import dataclasses
from tools.needs import NEEDS
for name, need in list(NEEDS.items()):
    NEEDS[name] = dataclasses.replace(need, found=lambda name=name: name not in {absent!r})
pytest_plugins = ("tests.groups",)
"""


@pytest.fixture
def run(tmp_path):
    """Give a function that runs the little suite above in a pytest of its own."""

    def run(*arguments, absent=()):
        (tmp_path / "conftest.py").write_text(CONFTEST.format(absent=absent))
        (tmp_path / "test_little.py").write_text(SUITE)
        (tmp_path / "pytest.ini").write_text(
            f"[pytest]\npythonpath = {PROJECT}\naddopts = --import-mode=importlib\n"
        )
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "xdist",
            *arguments,
        ]
        env = {
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }  # the other plugins take seconds to load
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_the_table_says_what_was_skipped_and_why(run, workers):
    ended = run(*workers, absent=("cc",))

    assert ended.returncode == 0
    assert re.search(
        r"^other +partly skipped +2 +\d+\.\d+  no C compiler is installed$",
        ended.stdout,
        re.MULTILINE,
    )
    assert re.search(r"^other \(postgresql\) +ran +1 ", ended.stdout, re.MULTILINE)
    assert re.search(r"\d+ passed, \d+ skipped.* in [\d.]+s", ended.stdout.splitlines()[-1])


def test_strict_accepts_no_skip(run):
    ended = run("--strict-groups", absent=("cc",))

    assert ended.returncode == 1
    assert "STRICT: nothing may be skipped, but was: other" in ended.stdout


def test_strict_accepts_that_the_shared_data_are_absent_and_says_so(run):
    ended = run("--strict-groups", absent=("shared data",))

    assert ended.returncode == 0, ended.stdout
    assert re.search(
        r"^shared data +SKIPPED +1 .*there is no \.\./shared/data", ended.stdout, re.MULTILINE
    )


def test_one_group_can_be_asked_for(run):
    ended = run("--group", "other (sqlite)")

    assert "1 passed, 4 deselected" in ended.stdout.splitlines()[-1]


def test_every_folder_of_tests_is_a_group():
    holding = {groups.folder_of(path) for path in (PROJECT / "tests").rglob("test_*.py")}

    assert holding <= set(groups.FOLDERS)


def test_every_need_that_is_named_is_declared():
    assert {name for names in groups.FIXTURE_NEEDS.values() for name in names} <= set(needs.NEEDS)
