"""Rack scanners: how each of them writes its files."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.storage.models import Scanner
from server.storage.scanners.seen import EMPTY_WORDS, UNREAD_WORDS, Manner
from server.storage.service.sites import save_new

PARTS = ("position", "row", "column", "tube", "rack")


def manner_of(scanner: Scanner | None) -> Manner:
    """Return how this scanner writes; the usual manner for none, and the usual words where it has none."""
    if scanner is None:
        return Manner()
    return Manner(
        unread_words=_words(scanner.unread_words) or UNREAD_WORDS,
        empty_words=_words(scanner.empty_words) or EMPTY_WORDS,
        mirrored=scanner.mirrored,
        down_first=scanner.down_first,
        columns=json.loads(scanner.columns),
    )


def add_scanner(
    session: Session, actor: Actor, org_id: int, code: str, manner: Manner, *, at: datetime
) -> Scanner:
    """Add a scanner of this organisation; refuses a word that means both *not read* and *empty*."""
    scanner = Scanner(org_id=org_id, code=code, created_at=at)
    _write(scanner, manner)
    save_new(session, scanner, code)
    _trace(session, actor, "scanner.added", scanner, manner, at)
    return scanner


def change_scanner(
    session: Session, actor: Actor, scanner: Scanner, manner: Manner, *, at: datetime
) -> None:
    """Change how a scanner writes; files that were read before stay as they were read."""
    _write(scanner, manner)
    session.flush()  # a colleague's change in the meantime is refused here
    _trace(session, actor, "scanner.changed", scanner, manner, at)


def retire_scanner(session: Session, actor: Actor, scanner: Scanner, *, at: datetime) -> None:
    """Offer this scanner no longer; retiring it again changes nothing."""
    if scanner.retired_at is None:
        scanner.retired_at = at
        _trace(session, actor, "scanner.retired", scanner, None, at)


def _words(written: str) -> frozenset[str]:
    return frozenset(word.strip().upper() for word in written.splitlines() if word.strip())


def _write(scanner: Scanner, manner: Manner) -> None:
    if both := sorted(manner.unread_words & manner.empty_words):
        because = N_("“%(found)s” stands for both: not read, and empty. A word means one of them.")
        raise Invalid(Refusal("word_twice", because, {"found": both[0]}), field="empty_words")
    scanner.unread_words = "\n".join(sorted(manner.unread_words))
    scanner.empty_words = "\n".join(sorted(manner.empty_words))
    scanner.mirrored, scanner.down_first = manner.mirrored, manner.down_first
    scanner.columns = json.dumps(_named(manner.columns), ensure_ascii=False)


def _named(columns: Mapping[str, str]) -> dict[str, str]:
    return {part: columns[part].strip() for part in PARTS if columns.get(part, "").strip()}


def _trace(
    session: Session,
    actor: Actor,
    action: str,
    scanner: Scanner,
    manner: Manner | None,
    at: datetime,
) -> None:
    facts: dict[str, Any] = (
        {} if manner is None else {"mirrored": manner.mirrored, "columns": scanner.columns}
    )
    audit.record(
        session, actor, action, "scanner", scanner.code, at=at, org_id=scanner.org_id, **facts
    )
