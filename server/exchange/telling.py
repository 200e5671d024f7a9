"""What happened becomes letters to webhooks: sealed entries of the record, in their order, each once.

The record is the one list of all that happened, and its sealed sequence has no gap: a webhook keeps
the number up to which it was told. The letters and that number are one transaction.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry, AuditLeaf
from server.core.clock import Clock
from server.core.db import Database
from server.exchange.calling import CHANNEL, ENDED
from server.exchange.models import Webhook
from server.exchange.rules import wants
from server.outbox import service as outbox
from server.outbox.models import Letter
from server.outbox.rules import KEEP_TRYING
from server.parties.models import Organisation

READ_AT_ONCE = 2000
IN_A_LETTER = 100
GIVE_UP_AT_ONCE = 500


def tell(database: Database, clock: Clock) -> int:
    """Queue letters on what has been sealed since; returns how many."""
    with database.reading() as session:
        last = session.scalar(select(func.max(AuditLeaf.number))) or 0
        behind = select(Webhook.id).where(Webhook.ended_at.is_(None), Webhook.after_leaf < last)
        ids = list(session.scalars(behind))
    return sum(_tell_one(database, hook_id, clock.now()) for hook_id in ids)


def give_up_ended(database: Database, clock: Clock) -> int:
    """Give up some of the letters that wait for webhooks that were ended; returns how many."""
    now = clock.now()
    ended = select(Webhook.id).where(Webhook.ended_at > now - KEEP_TRYING)
    waiting = select(Letter.id).where(
        Letter.state == "waiting", Letter.channel == CHANNEL, Letter.about_kind == "webhook",
        Letter.about_id.in_(ended), or_(Letter.claimed_by == "", Letter.try_at <= now),
    )  # fmt: skip
    with database.reading() as session:
        ids = list(session.scalars(waiting.limit(GIVE_UP_AT_ONCE)))
    if not ids:
        return 0
    with database.writing() as session:
        free = or_(Letter.claimed_by == "", Letter.try_at <= now)
        session.execute(
            update(Letter)
            .where(Letter.id.in_(ids), Letter.state == "waiting", free)
            .values(state="given_up", claimed_by="", last_error=ENDED)
            .execution_options(synchronize_session=False)
        )
    return len(ids)


def _tell_one(database: Database, hook_id: int, now: datetime) -> int:
    with database.reading() as session:
        hook = session.get_one(Webhook, hook_id)
        entries = _after(session, hook)
        patterns = json.loads(hook.events)
        told = [row for row in entries if row.org_id == hook.org_id and wants(patterns, row.action)]
        bank = session.get_one(Organisation, hook.org_id).code
    if not entries:
        return 0
    with database.writing() as session:
        kept = session.scalar(select(Webhook).where(Webhook.id == hook_id).with_for_update())
        if kept is None or kept.ended_at is not None or kept.after_leaf != hook.after_leaf:
            return 0
        kept.after_leaf = entries[-1].number
        parts = [told[at : at + IN_A_LETTER] for at in range(0, len(told), IN_A_LETTER)]
        for part in parts:
            outbox.post(
                session, CHANNEL, kept.address, _subject(part), _body(part, bank), at=now,
                about=("webhook", kept.id), org_id=kept.org_id,
            )  # fmt: skip
    return len(parts)


def _after(session: Session, hook: Webhook) -> Sequence[Any]:
    entry = AuditEntry
    wanted = (
        select(
            AuditLeaf.number, entry.at, entry.stated_at, entry.action, entry.subject_kind,
            entry.subject_code, entry.actor_name, entry.door, entry.org_id, entry.facts,
        )
        .join(entry, entry.id == AuditLeaf.entry_id)
        .where(AuditLeaf.number > hook.after_leaf)
        .order_by(AuditLeaf.number)
        .limit(READ_AT_ONCE)
    )  # fmt: skip
    return session.execute(wanted).all()


def _subject(part: Sequence[Row[Any]]) -> str:
    first = part[0].action
    return first if len(part) == 1 else f"{first} +{len(part) - 1}"


def _body(part: Sequence[Row[Any]], bank: str) -> str:
    events = [
        {
            "number": row.number,
            "event": row.action,
            "kind": row.subject_kind,
            "code": row.subject_code,
            "at": row.at.isoformat(),
            "stated_at": row.stated_at.isoformat() if row.stated_at else None,
            "by": row.actor_name,
            "door": row.door,
            "facts": json.loads(row.facts),
        }
        for row in part
    ]
    return json.dumps({"organisation": bank, "events": events}, ensure_ascii=False)
