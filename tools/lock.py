"""Pin the dependencies of pyproject.toml (all extras and the dev group) into requirements.lock.

For every platform, with the hashes of all files, and without the address of any index.
"""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--all-extras",
    "--group",
    "dev",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


def main() -> None:
    """Write requirements.lock; versions already pinned stay, unless `--upgrade` is given."""
    uv = Path(sys.executable).parent / "uv"
    command = [
        str(uv),
        "pip",
        "compile",
        *OPTIONS,
        *sys.argv[1:],
        "pyproject.toml",
        "-o",
        "requirements.lock",
    ]
    subprocess.run(command, cwd=PROJECT, check=True)


if __name__ == "__main__":
    main()
