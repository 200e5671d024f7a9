"""Make or refresh .venv: what requirements.lock pins, verified by hash, and the project itself.

Runs with the bare system Python. When nothing changed since the last time, it only looks and returns.
"""

import os
import sys

OLDEST = (3, 11)


def _use_a_python_that_is_new_enough() -> None:
    if sys.version_info >= OLDEST:
        return
    for minor in range(15, OLDEST[1] - 1, -1):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            candidate = os.path.join(folder, "python3.%d" % minor)  # noqa: PTH118, UP031  an old Python reads this
            if os.access(candidate, os.X_OK):
                os.execv(candidate, [candidate, *sys.argv])
    found = "%d.%d" % sys.version_info[:2]  # noqa: UP031  an old Python reads this
    sys.exit(
        "Cryokeep needs Python 3.11 or newer; this is Python "
        + found
        + " ("
        + sys.executable
        + ")."
    )


_use_a_python_that_is_new_enough()

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

import locked

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
LOCK = PROJECT / "requirements.lock"
STAMP = VENV / ".cryokeep-stamp"


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"cryokeep: {text}", flush=True)


def fingerprint() -> str:
    """Return a hash of all that decides what is installed."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [project["project"], project["build-system"], project["tool"]["hatch"]]
    text = json.dumps([parts, list(sys.version_info[:2]), str(PROJECT)], sort_keys=True)
    return hashlib.sha256(LOCK.read_bytes() + text.encode()).hexdigest()


def is_fresh() -> bool:
    """Tell whether .venv holds just what the lock says."""
    works = (VENV / "bin" / "cryokeep").exists() and (VENV / "bin" / "python").exists()
    return works and STAMP.exists() and STAMP.read_text() == fingerprint()


def surroundings() -> dict[str, str]:
    """Return the environment for uv: a cache that can be written, whatever HOME is."""
    env = {**os.environ, "VIRTUAL_ENV": str(VENV), "UV_NO_CONFIG": "1"}
    home = Path(os.environ.get("HOME", "/nonexistent"))
    if "UV_CACHE_DIR" not in env and not os.access(home, os.W_OK):
        env["UV_CACHE_DIR"] = str(PROJECT / "build" / "uv-cache")
    env.setdefault("UV_LINK_MODE", "copy" if _on_another_disk(home) else "hardlink")
    return env


def _on_another_disk(home: Path) -> bool:
    return not home.exists() or home.stat().st_dev != PROJECT.stat().st_dev


def run(*command: str | Path) -> None:
    """Run a command; end with its own words when it fails."""
    ended = subprocess.run(
        [str(part) for part in command], cwd=PROJECT, env=surroundings(), check=False
    )
    if ended.returncode:
        sys.exit(f"cryokeep: this failed, see above: {' '.join(map(str, command))}")


def make_venv() -> None:
    """Make .venv when there is none that works."""
    if (VENV / "bin" / "python").exists():
        return
    uv = shutil.which("uv")
    say(f"making .venv with Python {sys.version_info.major}.{sys.version_info.minor}")
    if uv:
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV)
        return
    ended = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV], check=False, capture_output=True, text=True
    )
    if ended.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(
            "cryokeep: Python cannot make a virtual environment here. On Debian or Ubuntu: "
            f"apt install python3-venv; or put uv on PATH.\n{ended.stdout}{ended.stderr}"
        )


def find_uv() -> Path:
    """Return uv: from PATH, else from .venv, else installed there by pip as the lock pins it."""
    if on_path := shutil.which("uv"):
        return Path(on_path)
    ours = VENV / "bin" / "uv"
    if not ours.exists():
        say("installing uv into .venv")
        with tempfile.TemporaryDirectory() as folder:
            pinned = Path(folder) / "uv.txt"
            pinned.write_text(locked.pinned("uv"))
            run(
                VENV / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
                pinned,
            )
    return ours


def main() -> None:
    """Bring .venv up to date, or find that it is."""
    if is_fresh():
        return
    began = time.monotonic()
    make_venv()
    uv = find_uv()
    count = len(re.findall(r"^[a-z0-9].*==", LOCK.read_text(), re.MULTILINE))
    say(
        f"installing up to {count} packages from requirements.lock, each verified by its hash (about a minute, the first time)"
    )
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    run(uv, "pip", "sync", *quiet, "--require-hashes", "--python", VENV / "bin" / "python", LOCK)
    run(
        uv,
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--python",
        VENV / "bin" / "python",
        "--editable",
        PROJECT,
    )
    STAMP.write_text(fingerprint())
    say(f"the environment is ready ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
