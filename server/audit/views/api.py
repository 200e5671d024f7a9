"""The API of the record."""

import json
from datetime import datetime
from typing import Any

from flask import g, request

from server.audit import queries
from server.audit.models import AuditEntry
from server.audit.queries import Wanted
from server.audit.views.blueprints import api
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import cursors
from server.kit.api import Answer, describes
from server.kit.door import require

NOT_A_TIME = N_(
    "%(field)s: “%(found)s” is not a time; one such as 2026-03-14T15:00:00Z is expected."
)


class EntryOut(Answer):
    """One change; `sealed` is its number in the sealed sequence, null while it waits."""

    id: int
    at: datetime
    stated_at: datetime | None
    actor_kind: str
    actor_name: str
    door: str
    request_id: str
    action: str
    subject_kind: str
    subject_code: str
    org_id: int | None
    facts: dict[str, Any]
    sealed: int | None


class Record(Answer):
    """A page of the record, newest first; `next` is the cursor of the next one."""

    items: list[EntryOut]
    next: str | None


QUERY = {
    "code": "The code of the thing that changed.",
    "who": "Part of the name of who changed it.",
    "action": "The action, such as vial.placed, or its beginning.",
    "since": "A time; only entries from then on.",
    "until": "A time; only entries before it.",
}


@api.get("/audit")
@require("audit.read")
@describes("The record of changes", answers={200: Record}, query=QUERY, listed=True)
def record() -> Record:
    """List the record."""
    args = request.args
    wanted = Wanted(
        args.get("code", ""),
        args.get("who", ""),
        args.get("action", ""),
        _time("since"),
        _time("until"),
    )
    query = queries.narrowed(queries.seen_by(g.actor), wanted)
    entries, onward = cursors.page(g.session, query, AuditEntry.id, newest_first=True)
    seals = queries.seals_of(g.session, entries)
    return Record(items=[_out(entry, seals.get(entry.id)) for entry in entries], next=onward)


def _out(entry: AuditEntry, sealed: int | None) -> EntryOut:
    return EntryOut(
        id=entry.id, at=entry.at, stated_at=entry.stated_at, actor_kind=entry.actor_kind,
        actor_name=entry.actor_name, door=entry.door, request_id=entry.request_id, action=entry.action,
        subject_kind=entry.subject_kind, subject_code=entry.subject_code, org_id=entry.org_id,
        facts=json.loads(entry.facts), sealed=sealed,
    )  # fmt: skip


def _time(name: str) -> datetime | None:
    found = request.args.get(name, "").strip()
    if not found:
        return None
    try:
        at = datetime.fromisoformat(found.replace(" ", "+"))  # an unquoted + arrives as a space
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(
            Refusal("not_a_time", NOT_A_TIME, {"field": name, "found": found}), field=name
        )
    return at
