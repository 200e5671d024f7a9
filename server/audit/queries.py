"""Reads of the record: of one thing, and of everything that somebody may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry, AuditHead, AuditLeaf
from server.core.actor import Actor


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty fields do not narrow."""

    code: str = ""
    who: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


def history(session: Session, kind: str, code: str, most: int = 50) -> list[AuditEntry]:
    """Return what happened to this thing, newest first."""
    query = select(AuditEntry).where(
        AuditEntry.subject_kind == kind, AuditEntry.subject_code == code
    )
    return list(session.scalars(query.order_by(AuditEntry.id.desc()).limit(most)))


def of_record(kind: str, code: str, orgs: frozenset[int] | None) -> Select[AuditEntry]:
    """Return the entries of one thing that belong to these organisations; None means all entries.

    A code may be typed in small letters, as everywhere.
    """
    query = select(AuditEntry).where(
        AuditEntry.subject_kind == kind, AuditEntry.subject_code.in_({code, code.upper()})
    )
    return query if orgs is None else query.where(AuditEntry.org_id.in_(sorted(orgs)))


def seen_by(actor: Actor) -> Select[AuditEntry]:
    """Return the entries of the organisations for which the actor may read the record.

    Entries of no organisation are shown only to those who may read all.
    """
    orgs = actor.orgs("audit.read")
    query = select(AuditEntry)
    if orgs is None:
        return query
    return query.where(AuditEntry.org_id.in_(sorted(orgs)) if orgs else false())


def narrowed(query: Select[AuditEntry], wanted: Wanted) -> Select[AuditEntry]:
    """Narrow the entries to what is looked for."""
    if wanted.code:
        query = query.where(AuditEntry.subject_code == wanted.code)
    if wanted.who:
        query = query.where(AuditEntry.actor_name.icontains(wanted.who, autoescape=True))
    if wanted.action:
        start = AuditEntry.action.istartswith(wanted.action, autoescape=True)
        query = query.where(
            or_(start, AuditEntry.action.iendswith("." + wanted.action, autoescape=True))
        )
    if wanted.since:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until:
        query = query.where(AuditEntry.at < wanted.until)
    return query


def seals_of(session: Session, entries: Sequence[AuditEntry]) -> dict[int, int]:
    """Return the number under which each of these entries is sealed; those not yet sealed are absent."""
    ids = [entry.id for entry in entries]
    query = select(AuditLeaf.entry_id, AuditLeaf.number).where(AuditLeaf.entry_id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query)}


def last_head(session: Session) -> AuditHead | None:
    """Return the newest signed head."""
    return session.scalar(select(AuditHead).order_by(AuditHead.size.desc()).limit(1))


def unsealed(session: Session) -> int:
    """Return how many entries above the newest sealed one wait for their seal."""
    newest = select(func.coalesce(func.max(AuditLeaf.entry_id), 0)).scalar_subquery()
    return session.scalar(select(func.count()).where(AuditEntry.id > newest)) or 0
