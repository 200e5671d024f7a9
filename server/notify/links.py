"""Signed links: whoever holds one may answer one call as one person, for a time. The signature is the proof.

A link says what it is about, whom it was sent to and until when it holds, and is signed (HMAC-SHA256, 128 bits
of it) with a key that stands in the database. It signs nobody in and allows nothing else.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from server.core.clock import from_ms, to_ms
from server.core.errors import Gone, NotFound, Refusal
from server.core.plain import Plain
from server.core.words import N_
from server.notify.models import LinkKey

HOLDS: Final = timedelta(days=3)
_THE_KEY: Final = 1
_SETTLED: Final = timedelta(minutes=1)
_KEYS: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()
"""By engine: it is read at the first link of a process."""


@dataclass(frozen=True)
class Link:
    """What a link says: about what, sent to whom, until when."""

    kind: str
    about_id: int
    person_id: int
    until: datetime


def token_for(session: Session, about: tuple[str, int], person_id: int, *, at: datetime) -> str:
    """Return the token of a link with which this person may answer this, until HOLDS has passed."""
    said = f"{about[0]}.{about[1]}.{person_id}.{to_ms(at + HOLDS) // 1000}"
    key = _key(session, at) or _made_key(session, at)
    return f"{said}.{_signature(key, said)}"


def read(session: Session, token: str, *, now: datetime) -> Link:
    """Return what the token says; NotFound where it is not ours or was changed, Gone where it has run out."""
    said, _, signature = token.rpartition(".")
    key = _key(session, now)
    if key is None or not hmac.compare_digest(_signature(key, said).encode(), signature.encode()):
        because = N_("This link is not whole; open it from the message again, or sign in.")
        raise NotFound(Refusal("bad_link", because))
    kind, about_id, person_id, until_s = said.split(".")
    link = Link(kind, int(about_id), int(person_id), from_ms(int(until_s) * 1000))
    if now >= link.until:
        because = N_("This link has run out; sign in to answer.")
        raise Gone(Refusal("link_run_out", because))
    return link


def _signature(key: bytes, said: str) -> str:
    mac = hmac.new(key, said.encode(), hashlib.sha256).digest()[:16]
    return urlsafe_b64encode(mac).decode().rstrip("=")


def _key(session: Session, now: datetime) -> bytes | None:
    """The key; kept in this process once it has stood long enough to be committed for certain."""
    engine = session.get_bind()
    if engine in _KEYS:
        return _KEYS[engine]
    found = _KEPT.ask(session).found()
    if not found:
        return None
    key = bytes.fromhex(found[0].secret)
    if now - found[0].made_at > _SETTLED:
        _KEYS[engine] = key
    return key


def _made_key(session: Session, at: datetime) -> bytes:
    """The key, made now if this bank has none yet; two that make it at once agree on one."""
    _MAKE.ask(session, secret=token_hex(32), made_at=at)
    key = _key(session, at)
    assert key is not None
    return key


# an alarm on its way out asks these: plain statements, which also run inside a pipeline
_KEPT = Plain(select(LinkKey.secret, LinkKey.made_at).where(LinkKey.id == _THE_KEY))
_MAKE = Plain(
    *(
        insert(LinkKey)
        .values(id=_THE_KEY, secret=bindparam("secret"), made_at=bindparam("made_at"))
        .on_conflict_do_nothing()
        for insert in (insert_sqlite, insert_postgresql)
    )
)
