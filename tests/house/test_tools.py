"""What `make` does before Cryokeep's own code is there: standard library only, and careful."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import frontend, needs

PROJECT = Path(__file__).resolve().parents[2]
# run by the bare system Python; the others run in .venv
BARE = ("environment.py", "frontend.py", "locked.py", "needs.py", "system_packages.py")


@pytest.mark.parametrize("name", BARE)
def test_a_script_for_a_bare_machine_imports_the_standard_library_only(name):
    tree = ast.parse((PROJECT / "tools" / name).read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {module.split(".")[0] for module in imported} <= sys.stdlib_module_names | {
        "tools",
        "locked",
    }


def test_a_python_that_is_too_old_is_told_so(tmp_path):
    source = (PROJECT / "tools" / "environment.py").read_text(encoding="utf-8")
    future = tmp_path / "environment.py"
    future.write_text(source.replace("OLDEST = (3, 11)", "OLDEST = (3, 99)"))
    ended = subprocess.run(
        [sys.executable, future],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": ""},
    )

    assert ended.returncode == 1
    assert re.fullmatch(
        r"Cryokeep needs Python 3\.11 or newer; this is Python 3\.\d+ \(.+\)\.\n", ended.stderr
    )


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ((20, 19, 0), "^20.19.0 || >=22.12.0", True),
        ((20, 20, 2), "^20.19.0 || >=22.12.0", True),
        ((20, 18, 9), "^20.19.0 || >=22.12.0", False),
        ((21, 9, 0), "^20.19.0 || >=22.12.0", False),
        ((24, 19, 0), "^20.19.0 || >=22.12.0", True),
        ((18, 20, 4), "^18.0.0 || ^20.0.0", True),
    ],
)
def test_a_node_fits_what_vite_runs_on(version, wanted, fits):
    assert frontend.version_fits(version, wanted) is fits


def test_the_pinned_vite_says_which_node_it_runs_on():
    assert re.fullmatch(r"[\d^>=.| ]+", frontend.wanted_by_vite())


def test_a_machine_without_node_goes_on_and_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(frontend, "DIST", tmp_path / "dist")
    monkeypatch.setattr(frontend, "candidates", lambda: iter(()))
    monkeypatch.setattr(sys, "argv", ["frontend.py"])

    assert frontend.main() == 0
    assert "every page works without them" in capsys.readouterr().err


def test_each_need_says_what_is_missing_and_how_it_is_got():
    for need in needs.NEEDS.values():
        assert re.match(r"[a-z]", need.why_missing[0].lower())
        assert need.found() in {True, False}
        assert need.packages or need.name in {"postgresql", "shared data", "built pages"}


def test_make_explains_itself():
    said = subprocess.run(
        ["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    targets = re.findall(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)[
        0
    ].split()

    assert re.findall(r"^  make ([\w-]+)", said, re.MULTILINE) == targets
