"""Signatures: who, what it means, and exactly what was signed."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.models import Signature
from server.accounts.proof import Proof
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Forbidden, Refusal
from server.core.words import N_

PROOF_LASTS = timedelta(minutes=5)
STALE = Refusal(
    "proof_stale", N_("Give your password again; a signature needs it at the moment of signing.")
)


def sign(
    session: Session, actor: Actor, proof: Proof, meaning: str, *, kind: str, row_id: int, code: str,
    version: int, content: Mapping[str, object], at: datetime,
) -> Signature:  # fmt: skip
    """Sign this content of this row at this version; returns the signature with its id.

    `content` is what the page showed; only its hash is kept. Refuses a proof of somebody else, or
    one older than five minutes.
    """
    if (
        actor.id is None
        or proof.person_id != actor.id
        or not timedelta(0) <= at - proof.at <= PROOF_LASTS
    ):
        raise Forbidden(STALE)
    signature = Signature(
        person_id=actor.id, person_name=actor.name, meaning=meaning, subject_kind=kind,
        subject_id=row_id, subject_code=code, subject_version=version, content_hash=content_hash(content), at=at,
    )  # fmt: skip
    session.add(signature)
    session.flush()  # callers name its id in their own audit rows
    facts: dict[str, Any] = {
        "meaning": meaning,
        "version": version,
        "content_hash": signature.content_hash,
    }
    audit.record(session, actor, f"{kind}.signed", kind, code, at=at, org_id=actor.org_id, **facts)
    return signature


def void(
    session: Session, actor: Actor, *, kind: str, row_id: int, because: str, at: datetime
) -> int:
    """Void what was signed of this row, since it has changed; returns how many signatures."""
    standing = [
        signature
        for signature in signatures_of(session, kind, row_id)
        if signature.voided_at is None
    ]
    for signature in standing:
        signature.voided_at, signature.voided_because = at, because
        facts: dict[str, Any] = {
            "signature": signature.id,
            "by": signature.person_name,
            "because": because,
        }
        audit.record(
            session,
            actor,
            f"{kind}.signature_voided",
            kind,
            signature.subject_code,
            at=at,
            org_id=actor.org_id,
            **facts,
        )
    return len(standing)


def signatures_of(session: Session, kind: str, row_id: int) -> list[Signature]:
    """Return the signatures of this row, oldest first, voided ones too."""
    query = select(Signature).where(Signature.subject_kind == kind, Signature.subject_id == row_id)
    return list(session.scalars(query.order_by(Signature.id)))


def is_held(signature: Signature, *, version: int, content: Mapping[str, object]) -> bool:
    """Say whether the signature still stands for this content at this version."""
    same = signature.subject_version == version and signature.content_hash == content_hash(content)
    return same and signature.voided_at is None


def content_hash(content: Mapping[str, object]) -> str:
    """Return the SHA-256 of the content as canonical JSON."""
    text = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return sha256(text.encode()).hexdigest()
