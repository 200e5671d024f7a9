"""Records a change, in the transaction that makes it."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.many import insert_many
from server.core.plain import Plain, whole_row

_ENTRY = Plain(whole_row(AuditEntry))


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_code: str,
    *,
    at: datetime,
    org_id: int | None = None,
    stated_at: datetime | None = None,
    **facts: object,
) -> AuditEntry:
    """Write who did what to which thing, and return the row.

    `action` reads like "vial.placed"; `stated_at` is the time that a person or device gave, where
    it differs; `facts` become JSON: no secrets, and what was before beside what is now.
    """
    entry = AuditEntry(**_row(actor, at, stated_at, facts))
    entry.action, entry.subject_kind, entry.subject_code = action, subject_kind, subject_code
    entry.org_id = org_id
    session.add(entry)
    return entry


def record_now(
    session: Session,
    actor: Actor,
    action: str,
    subject_kind: str,
    subject_code: str,
    *,
    at: datetime,
    org_id: int | None = None,
    stated_at: datetime | None = None,
    **facts: object,
) -> None:
    """Write the same at once, as a plain statement: for what somebody waits for."""
    row = _row(actor, at, stated_at, facts)
    row |= {"action": action, "subject_kind": subject_kind, "subject_code": subject_code}
    _ENTRY.ask(session, **row, org_id=org_id)


def _row(
    actor: Actor, at: datetime, stated_at: datetime | None, facts: Mapping[str, object]
) -> dict[str, Any]:
    return {
        "at": at,
        "stated_at": stated_at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "door": actor.door,
        "request_id": actor.request_id,
        "facts": json.dumps(facts, ensure_ascii=False, default=_plain, sort_keys=True),
    }


def record_many(
    session: Session,
    actor: Actor,
    action: str,
    subject_kind: str,
    subjects: Mapping[str, Mapping[str, object]],
    *,
    at: datetime,
    org_id: int | None = None,
    stated_at: datetime | None = None,
) -> None:
    """Write the same act for many things at once: one row for each code, with its facts."""
    if not subjects:
        return
    same = {
        "at": at,
        "stated_at": stated_at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "door": actor.door,
        "request_id": actor.request_id,
        "action": action,
        "subject_kind": subject_kind,
        "org_id": org_id,
    }
    told = [_facts(facts) for facts in subjects.values()]
    insert_many(session, AuditEntry, same, {"subject_code": list(subjects), "facts": told})


def _facts(facts: Mapping[str, object]) -> str:
    return json.dumps(facts, ensure_ascii=False, default=_plain, sort_keys=True)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
