"""What Cryokeep consists of: two import packages, contracts between the floors, a lock without addresses."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|\"resolved\"")


def run(name, *arguments):
    return subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_floors_import_only_downwards():
    ended = run("lint-imports", "--no-logo")

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_there_are_exactly_two_import_packages():
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = {path.parent.name for path in PROJECT.glob("*/__init__.py")}

    assert set(wheel["packages"]) == {"server", "edge_agent"} == folders


def test_nobody_else_brings_our_package_names():
    # PyPI has an unrelated edge-agent that installs a package edge_agent: its files would shadow ours
    owners = importlib.metadata.packages_distributions()

    for package in ("edge_agent", "server"):
        assert set(owners.get(package, ["cryokeep"])) == {"cryokeep"}, package
    assert "cryokeep" in {distribution.name for distribution in importlib.metadata.distributions()}


def test_the_tests_folder_is_not_shadowed_by_an_installed_package():
    assert not {"tests", "tools"} & set(importlib.metadata.packages_distributions())


def test_the_locks_name_no_registry():
    for name in ("requirements.lock", "package-lock.json"):
        lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
        # the homepage of a package's sponsor is no address that anything is fetched from
        found = [line for line in lines if ADDRESS.search(line) and '"url": ' not in line]
        assert not found, name


def test_the_lock_verifies_every_package():
    blocks = re.split(
        r"\n(?=[a-z0-9])", (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    )
    pinned = [block for block in blocks if re.match(r"[a-z0-9].*==", block)]

    assert len(pinned) > 50
    assert all("--hash=sha256:" in block for block in pinned)


def test_what_pyproject_asks_for_is_pinned():
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8").lower()
    project = PYPROJECT["project"]
    asked = [*project["dependencies"], *PYPROJECT["dependency-groups"]["dev"]]
    asked += [wish for extra in project["optional-dependencies"].values() for wish in extra]
    names = [re.split(r"[\[<>=!~;]", wish)[0].strip().lower() for wish in asked]

    assert not [
        name for name in names if not re.search(rf"^{re.escape(name)}==", lock, re.MULTILINE)
    ]


def test_a_pi_gets_only_paho():
    assert [re.split(r"[<>=]", wish)[0] for wish in PYPROJECT["project"]["dependencies"]] == [
        "paho-mqtt"
    ]
    assert PYPROJECT["project"]["optional-dependencies"]["edge"] == []
