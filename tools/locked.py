"""Print what requirements.lock pins for some packages, with the hashes: `python tools/locked.py uv hatchling`.

pip then installs just these, verified: `pip install --require-hashes --no-deps -r FILE`.
"""

import re
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"


def pinned(name: str) -> str:
    """Return the lines of one package; ends the program when the lock does not pin it."""
    found = re.search(
        rf"^{re.escape(name)}==(?:.*\\\n)+.*\n", LOCK.read_text(encoding="utf-8"), re.MULTILINE
    )
    if not found:
        sys.exit(f"cryokeep: requirements.lock does not pin {name}")
    return found.group(0)


if __name__ == "__main__":
    print("".join(pinned(name) for name in sys.argv[1:]), end="")
