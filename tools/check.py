"""All that reads the code without running it: lint, format, types, import contracts, docs, the front end.

Every step runs, so that one call shows everything; the exit code is 1 when any failed.
"""

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import frontend

PROJECT = frontend.PROJECT
BIN = Path(sys.executable).parent
STEPS = (
    ("lint", [BIN / "ruff", "check", "."]),
    ("format", [BIN / "ruff", "format", "--check", "--quiet", "."]),
    ("types", [BIN / "mypy"]),
    ("imports", [BIN / "lint-imports", "--no-logo"]),
    ("docs", [BIN / "python", "-m", "pytest", "-q", "--group=docs"]),
)


def passes(name: str, command: list[Path | str]) -> bool:
    """Run one step and print how it ended."""
    began = time.monotonic()
    ended = subprocess.run([str(part) for part in command], cwd=PROJECT, check=False)
    verdict = "failed" if ended.returncode else "passed"
    print(f"check: {name} {verdict} ({time.monotonic() - began:.1f} s)", flush=True)
    return ended.returncode == 0


def front_end_passes() -> bool:
    """Check the front end's types; without a Node there is nothing to check it with, which it says."""
    npm = frontend.find_npm()
    if npm is None or not frontend.install(npm):
        print("check: front end left out (no Node that runs the pinned Vite)", flush=True)
        return True
    good = npm.run("run", "check")
    print(f"check: front end {'passed' if good else 'failed'}", flush=True)
    return good


def main() -> int:
    """Run all steps."""
    good = [passes(name, command) for name, command in STEPS]
    return 0 if all([*good, front_end_passes()]) else 1


if __name__ == "__main__":
    sys.exit(main())
