"""The key that signs the heads: in the home folder, readable by its owner only."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

NAME = "audit.key"


def read_or_make(folder: Path) -> Ed25519PrivateKey:
    """Return the key of this folder; makes it at the first time."""
    path = folder / NAME
    if not path.exists():
        _make(path)
    return _read(path)


def public(folder: Path) -> Ed25519PublicKey | None:
    """Return the key that heads are checked with; None where the folder has none."""
    path = folder / NAME
    return _read(path).public_key() if path.exists() else None


def is_signature(key: Ed25519PublicKey, signature: str, statement: bytes) -> bool:
    """Say whether this signature (hexadecimal) was made over the statement with our key."""
    try:
        key.verify(bytes.fromhex(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path} holds another kind of key"
        raise TypeError(msg)
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    fresh = path.with_name(f"{NAME}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.touch(0o600)
    fresh.write_bytes(pem)
    try:
        path.hardlink_to(fresh)  # of several processes that start at once, the first one wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
