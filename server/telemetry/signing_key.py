"""The server's own signing key (Ed25519): agents obey only what it has signed."""

import base64
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAME = "control.key"


def load(home: Path) -> Ed25519PrivateKey:
    """Return the key of this home, made at the first call; its file is 0600."""
    file = home / NAME
    if not file.exists():
        _make(file)
    found = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(found, Ed25519PrivateKey)
    return found


def public_pem(home: Path) -> str:
    """Return the public half (PEM), which agents are handed at their enrolment."""
    return (
        load(home)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def sign(home: Path, body: str) -> str:
    """Return the signature over the bytes of the body, base64."""
    return base64.b64encode(load(home).sign(body.encode())).decode()


def _make(file: Path) -> None:
    """Make the key once, whoever else tries at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    new.touch(mode=0o600)
    new.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    try:
        file.hardlink_to(new)
    except FileExistsError:
        pass
    finally:
        new.unlink()
