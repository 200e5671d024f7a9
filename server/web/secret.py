"""The secret that signs form cookies, kept in the home folder."""

import os
from pathlib import Path
from secrets import token_bytes

NAME = "web.secret"


def read(home: Path) -> bytes:
    """Return the secret of this home folder; makes it at the first time, readable by its owner only."""
    path = home / NAME
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{NAME}.{os.getpid()}.{token_bytes(4).hex()}")
    fresh.touch(0o600)
    fresh.write_bytes(token_bytes(32))
    try:
        path.hardlink_to(fresh)  # of several processes that start at once, the first one wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
