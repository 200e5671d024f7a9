"""What is hashed of an entry, and how the chain and its heads are made. Standard library only."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

START = sha256(b"cryokeep audit chain 1").hexdigest()
"""The hash before the first leaf."""
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def entry_hash(content: Mapping[str, object]) -> str:
    """Return the hash of an entry: of all its columns, in canonical JSON."""
    plain = {name: _plain(value) for name, value in content.items()}
    return sha256(_CANONICAL.encode(plain).encode()).hexdigest()


def chain_hash(before: str, number: int, entry: str) -> str:
    """Return the hash of everything up to this leaf."""
    return sha256(f"{before}\n{number}\n{entry}".encode()).hexdigest()


def statement(size: int, chain: str, at: datetime) -> bytes:
    """Return what the signature of a head is made over."""
    return f"cryokeep audit head\n{size}\n{chain}\n{_plain(at)}".encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
