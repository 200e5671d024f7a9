"""Install what the tests need beyond Python, where that is possible; say what is missing where it is not."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.needs import Need, missing

_POLICY = Path(
    "/usr/sbin/policy-rc.d"
)  # Debian's way to say that a package must not start its service


def can_install() -> bool:
    """Tell whether apt-get can be used here: root on a Debian."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


@contextlib.contextmanager
def _services_left_alone() -> Iterator[None]:
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _apt(*arguments: str) -> bool:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *arguments]
    ended = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        print(ended.stderr[-2000:], file=sys.stderr)
    return ended.returncode == 0


def install(needs: list[Need]) -> None:
    """Install the packages of these needs, one after the other when all at once does not work."""
    packages = [package for need in needs for package in need.packages]
    print(f"cryokeep: installing for the tests: {' '.join(packages)}", flush=True)
    options = ("install", "--yes", "--no-install-recommends")
    with _services_left_alone():
        _apt("update")
        if not _apt(*options, *packages):
            for package in packages:
                _apt(*options, package)


def main() -> None:
    """Install or explain; a test run goes on either way and says what it skipped."""
    needs = [need for need in missing() if need.packages]
    if needs and can_install():
        install(needs)
        needs = [need for need in missing() if need.packages]
    for need in needs:
        print(
            f"cryokeep: {need.why_missing}; as root on Debian: apt-get install {' '.join(need.packages)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
