"""Seals what has been committed: leaves in the order of sealing, and a signed head over all.

Entries get their ids before their commit, so on PostgreSQL a lower id may appear after a higher one
was sealed. Leaves are therefore numbered by sealing, never by id, and each look goes back a little
below the newest sealed id; a thorough look goes back to the beginning.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.orm import Session

from server.audit import keys, rules
from server.audit.models import AuditEntry, AuditHead, AuditLeaf
from server.core import bulk
from server.core.db import Database

AT_ONCE = 1000
ROUNDS = 5
BACK = 20_000
ENTRY: Any = AuditEntry.__table__
LEAF: Any = AuditLeaf.__table__
COLUMNS = tuple(ENTRY.columns.keys())
LEAF_COLUMNS = ("number", "entry_id", "entry_hash", "chain_hash")
Unsealed = Callable[[Session, int], Sequence[Row[Any]]]
"""Returns so many entries without a leaf, at most."""


def seal(database: Database, key_folder: Path, now: datetime, *, thorough: bool = False) -> int:
    """Seal committed entries, in transactions of its own; returns how many.

    At most 1,000 in a transaction and 5,000 a call, so that no change waits long behind it.
    """
    looks: list[Unsealed] = [_new]
    if thorough or database.dialect == "postgresql":  # SQLite commits in the order of ids
        looks.insert(0, partial(_passed_by, thorough=thorough))
    sealed = rounds = 0
    while looks and rounds < ROUNDS:
        found = _seal_some(database, key_folder, now, looks[0])
        sealed, rounds = sealed + found, rounds + bool(found)
        if found < AT_ONCE:
            looks.pop(0)
    return sealed


def content(entry: AuditEntry) -> dict[str, object]:
    """Return all columns of an entry, as they are hashed."""
    return {name: getattr(entry, name) for name in COLUMNS}


def _seal_some(database: Database, key_folder: Path, now: datetime, unsealed: Unsealed) -> int:
    with database.reading() as session:
        if not unsealed(session, 1):
            return 0
    key = keys.read_or_make(key_folder)
    with database.writing() as session:
        if database.dialect == "postgresql":  # several workers: one seals at a time
            session.execute(text("SELECT pg_advisory_xact_lock(hashtext('cryokeep audit sealer'))"))
        entries = unsealed(session, AT_ONCE)
        if entries:
            _append(session, entries, key, now)
        return len(entries)


def _new(session: Session, most: int) -> Sequence[Row[Any]]:
    """Return entries above the newest that is sealed: none of them has a leaf."""
    return _first(session, select(*ENTRY.c).where(ENTRY.c.id > _newest(session)), most)


def _passed_by(session: Session, most: int, *, thorough: bool) -> Sequence[Row[Any]]:
    """Return entries that were committed after one with a higher id had been sealed."""
    newest = _newest(session)
    wanted = (
        select(*ENTRY.c)
        .outerjoin(LEAF, LEAF.c.entry_id == ENTRY.c.id)
        .where(LEAF.c.number.is_(None), ENTRY.c.id <= newest)
    )
    return _first(session, wanted if thorough else wanted.where(ENTRY.c.id > newest - BACK), most)


def _first(session: Session, wanted: Select[Any], most: int) -> Sequence[Row[Any]]:
    return session.execute(wanted.order_by(ENTRY.c.id).limit(most)).all()


def _newest(session: Session) -> int:
    return session.scalar(select(func.max(LEAF.c.entry_id))) or 0


def _append(
    session: Session, entries: Sequence[Row[Any]], key: Ed25519PrivateKey, now: datetime
) -> None:
    last = session.scalar(select(AuditLeaf).order_by(AuditLeaf.number.desc()).limit(1))
    number, chain = (last.number, last.chain_hash) if last else (0, rules.START)
    leaves: list[tuple[int, int, str, str]] = []
    for entry in entries:
        number += 1
        own = rules.entry_hash(dict(zip(COLUMNS, entry, strict=True)))
        chain = rules.chain_hash(chain, number, own)
        leaves.append((number, entry.id, own, chain))
    bulk.insert_many(session, LEAF, LEAF_COLUMNS, leaves)
    signature = key.sign(rules.statement(number, chain, now)).hex()
    session.add(AuditHead(size=number, chain_hash=chain, at=now, signature=signature))
