"""Seals what has been committed: leaves in the order of sealing, and a signed head over all.

Entries get their ids before their commit, so on PostgreSQL a lower id may appear after a higher one
was sealed. Leaves are therefore numbered by sealing, never by id, and each look goes back a little
below the newest sealed id; a thorough look goes back to the beginning.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from server.audit import keys, rules
from server.audit.models import AuditEntry, AuditHead, AuditLeaf
from server.core.db import Database

AT_ONCE = 1000
ROUNDS = 5
BACK = 20_000
COLUMNS = tuple(AuditEntry.__table__.columns.keys())


def seal(database: Database, key_folder: Path, now: datetime, *, thorough: bool = False) -> int:
    """Seal committed entries, in transactions of its own; returns how many.

    At most 1,000 in a transaction and 5,000 a call, so that no change waits long behind it.
    """
    sealed = 0
    for _round in range(ROUNDS):
        found = _seal_some(database, key_folder, now, thorough=thorough)
        sealed += found
        if found < AT_ONCE:
            break
    return sealed


def _seal_some(database: Database, key_folder: Path, now: datetime, *, thorough: bool) -> int:
    with database.reading() as session:
        if not _unsealed(session, thorough=thorough, most=1):
            return 0
    key = keys.read_or_make(key_folder)
    with database.writing() as session:
        if database.dialect == "postgresql":  # several workers: one seals at a time
            session.execute(text("SELECT pg_advisory_xact_lock(hashtext('cryokeep audit sealer'))"))
        entries = _unsealed(session, thorough=thorough, most=AT_ONCE)
        if entries:
            _append(session, entries, key, now)
        return len(entries)


def content(entry: AuditEntry) -> dict[str, object]:
    """Return all columns of an entry, as they are hashed."""
    return {name: getattr(entry, name) for name in COLUMNS}


def _unsealed(session: Session, *, thorough: bool, most: int) -> Sequence[AuditEntry]:
    newest = session.scalar(select(func.max(AuditLeaf.entry_id))) or 0
    query = (
        select(AuditEntry)
        .outerjoin(AuditLeaf, AuditLeaf.entry_id == AuditEntry.id)
        .where(AuditLeaf.number.is_(None))
    )
    if not thorough:
        query = query.where(AuditEntry.id > newest - BACK)
    return session.scalars(query.order_by(AuditEntry.id).limit(most)).all()


def _append(
    session: Session, entries: Sequence[AuditEntry], key: Ed25519PrivateKey, now: datetime
) -> None:
    last = session.scalar(select(AuditLeaf).order_by(AuditLeaf.number.desc()).limit(1))
    number, chain = (last.number, last.chain_hash) if last else (0, rules.START)
    leaves = []
    for entry in entries:
        number += 1
        own = rules.entry_hash(content(entry))
        chain = rules.chain_hash(chain, number, own)
        leaves.append(
            {"number": number, "entry_id": entry.id, "entry_hash": own, "chain_hash": chain}
        )
    session.execute(insert(AuditLeaf), leaves)
    signature = key.sign(rules.statement(number, chain, now)).hex()
    session.add(AuditHead(size=number, chain_hash=chain, at=now, signature=signature))
