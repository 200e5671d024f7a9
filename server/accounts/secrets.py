"""Secrets that machines make: shown once, kept as hashes. Passwords: argon2id."""

from functools import cache
from hashlib import sha256
from secrets import token_urlsafe

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TOKEN_START = "ck_"  # noqa: S105  how tokens begin, not one of them
_hasher = PasswordHasher()  # argon2id with the library's present recommendation


def new(prefix: str = "") -> str:
    """Return a fresh secret of 256 bits."""
    return prefix + token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is kept of a secret of ours; no salt is needed for 256 random bits."""
    return sha256(secret.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Return the argon2id hash; slow on purpose (some 50 ms): never while holding the write lock."""
    return _hasher.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Say whether this is the password; takes as long where there is none to compare with."""
    try:
        _hasher.verify(password_hash or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobodys() -> str:
    return _hasher.hash(new())
