"""Webhooks of the API: set up with a secret that is shown once, and ended."""

import json
from collections.abc import Sequence
from datetime import datetime
from secrets import token_urlsafe
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.audit.models import AuditLeaf
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.exchange import rules
from server.exchange.models import Webhook

MANAGE = "parties.manage"
LONGEST = 500
NOT_YOURS = Refusal("not_your_organisation", N_("You manage other organisations, not this one."))
NOT_ADDRESS = N_("“%(found)s” is no web address; one that begins with https:// is expected.")
KNOWN = N_("%(address)s is told the events of this organisation already.")


def add_webhook(
    session: Session,
    actor: Actor,
    org_id: int,
    address: str,
    events: Sequence[str],
    *,
    at: datetime,
) -> tuple[Webhook, str]:
    """Let an address be told these events from now on; returns it and its secret, to be shown once.

    Ask `calling.why_not_address` before: it looks the name up, which takes its time.
    """
    if not actor.may(MANAGE, org_id):
        raise Forbidden(NOT_YOURS)
    _check(address, events)
    same = select(Webhook.id).where(
        Webhook.org_id == org_id, Webhook.address == address, Webhook.ended_at.is_(None)
    )
    if session.scalar(same):
        raise Conflict(Refusal("webhook_known", KNOWN, {"address": address}), field="address")
    secret = token_urlsafe(32)
    made = Webhook(
        org_id=org_id, address=address, events=json.dumps(sorted(set(events))), secret=secret,
        after_leaf=session.scalar(select(func.max(AuditLeaf.number))) or 0, created_at=at,
        by_name=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, actor, "webhook.added", "webhook", str(made.id), at=at, org_id=org_id,
        address=address, events=sorted(set(events)),
    )  # fmt: skip
    return made, secret


def end_webhook(session: Session, actor: Actor, hook: Webhook, *, at: datetime) -> None:
    """Tell this address nothing more; the worker gives up what waits for it."""
    if not actor.may(MANAGE, hook.org_id):
        raise Forbidden(NOT_YOURS)
    if hook.ended_at is None:
        hook.ended_at = at
        audit.record(
            session, actor, "webhook.ended", "webhook", str(hook.id), at=at, org_id=hook.org_id,
            address=hook.address,
        )  # fmt: skip


def _is_web(address: str) -> bool:
    try:
        url = urlsplit(address)
        port = url.port
    except ValueError:  # a port beyond 65535, a bracket that is not closed
        return False
    named = url.scheme in {"http", "https"} and bool(url.hostname) and "@" not in url.netloc
    return named and port != 0


def _check(address: str, events: Sequence[str]) -> None:
    if (
        not _is_web(address)
        or len(address) > LONGEST
        or not address.isprintable()
        or " " in address
    ):
        facts = {"found": address[:80]}
        raise Invalid(Refusal("bad_address", NOT_ADDRESS, facts), field="address")
    if refusal := rules.why_not_events(events):
        raise Invalid(refusal, field="events")
