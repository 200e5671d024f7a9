"""Changing an organisation's call list."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit.fields import EMAIL
from server.notify import rules
from server.notify.letters import WEBHOOK
from server.notify.models import CallChain, CallGroup, CallStep, Schedule
from server.notify.queries import host_of
from server.notify.reached import MAIL
from server.outbox import gateways
from server.outbox.models import WebhookKey
from server.outbox.rules import GATEWAY, shown_gateway

MOST_STEPS = 50
_APART = 1_000_000
"""Added to positions while they are exchanged: each position may be there only once."""


@dataclass(frozen=True)
class Whom:
    """Whom a step tells: exactly one of these."""

    person: Person | None = None
    group: CallGroup | None = None
    schedule: Schedule | None = None
    role: str = ""
    address: str = ""
    channel: str = WEBHOOK
    language: str = "en"


def add_step(
    session: Session,
    actor: Actor,
    org_id: int,
    *,
    person: Person | None = None,
    webhook: str = "",
    whom: Whom | None = None,
    secret: str = "",
    wait_s: int,
    from_round: int = 1,
    chain: CallChain | None = None,
    at: datetime,
) -> CallStep:
    """Put a step at the end of the call list, or of a chain; a secret signs what a webhook gets."""
    whom = whom or Whom(person=person, address=webhook)
    _check(whom, wait_s, from_round)
    chain_id = chain.id if chain else None
    positions = [step.position for step in _steps(session, org_id, chain_id)]
    if len(positions) >= MOST_STEPS:
        because = N_("The list has %(most)s steps; that is as many as it can hold.")
        raise Conflict(Refusal("list_full", because, {"most": MOST_STEPS}))
    step = CallStep(
        org_id=org_id,
        chain_id=chain_id,
        position=max(positions, default=0) + 1,
        person_id=whom.person.id if whom.person else None,
        group_id=whom.group.id if whom.group else None,
        schedule_id=whom.schedule.id if whom.schedule else None,
        role=whom.role,
        webhook=whom.address,
        channel=whom.channel,
        language=whom.language,
        wait_s=wait_s,
        from_round=from_round,
    )
    session.add(step)
    if whom.address and whom.channel == WEBHOOK:
        _keep_secret(session, org_id, whom.address, secret)
    _record(session, actor, "call_step.added", step, at)
    return step


def _check(whom: Whom, wait_s: int, from_round: int) -> None:
    chosen = (whom.person, whom.group, whom.schedule, whom.role)
    refusal = rules.why_not_step(chosen, whom.address, wait_s, from_round)
    if refusal is None and whom.address:
        refusal = why_not_address(whom.channel, whom.address)
    if refusal:
        raise Invalid(refusal, field=_field(refusal))
    if whom.person is not None and not whom.person.active:
        because = N_("%(name)s is switched off and cannot be called.")
        raise Conflict(Refusal("person_off", because, {"name": whom.person.name}))


def why_not_address(channel: str, address: str) -> Refusal | None:
    """Say why nothing can be sent to this address of this channel, or None when it can be tried."""
    if channel == WEBHOOK:
        return rules.why_not_webhook(address)
    if channel == GATEWAY:
        return gateways.why_not_address(address)
    if channel == MAIL and EMAIL.fullmatch(address):
        return None
    because = N_("“%(found)s” is no address of this kind.")
    return Refusal("bad_address", because, {"found": address if channel == MAIL else "…"})


def remove_step(session: Session, actor: Actor, step: CallStep, *, at: datetime) -> None:
    """Take a step off the list; a webhook that the list has no more loses its secret."""
    _record(session, actor, "call_step.removed", step, at)
    session.delete(step)
    session.flush()  # reason: the next question must not find it
    if step.webhook and not any(
        other.webhook == step.webhook
        for other in session.scalars(select(CallStep).where(CallStep.org_id == step.org_id))
    ):
        session.execute(
            delete(WebhookKey).where(
                WebhookKey.org_id == step.org_id, WebhookKey.address == step.webhook
            )
        )


def move_step(session: Session, actor: Actor, step: CallStep, by: int, *, at: datetime) -> None:
    """Move a step up (-1) or down (1) by one place; at the end of the list nothing happens."""
    steps = _steps(session, step.org_id, step.chain_id)
    here = next(n for n, other in enumerate(steps) if other.id == step.id)
    there = here + by
    if not 0 <= there < len(steps):
        return
    other = steps[there]
    mine, its = step.position, other.position
    step.position = mine + _APART
    session.flush()  # reason: the unique index is asked at each statement
    other.position = mine
    session.flush()  # reason: as above
    step.position = its
    _record(session, actor, "call_step.moved", step, at, before=mine, now=its)


def find(session: Session, orgs: frozenset[int] | None, step_id: int) -> CallStep:
    """Return a step of these organisations (None: of any); NotFound otherwise."""
    step = session.get(CallStep, step_id)
    if step is None or (orgs is not None and step.org_id not in orgs):
        because = N_(
            "There is no such step in the call list; perhaps somebody has just removed it."
        )
        raise NotFound(Refusal("no_such_step", because))
    return step


def _steps(session: Session, org_id: int, chain_id: int | None) -> list[CallStep]:
    query = select(CallStep).where(
        CallStep.org_id == org_id, CallStep.chain_id.is_not_distinct_from(chain_id)
    )
    return list(session.scalars(query.order_by(CallStep.position).with_for_update()))


def _keep_secret(session: Session, org_id: int, address: str, secret: str) -> None:
    key = session.get(WebhookKey, (org_id, address))
    if secret and key is None:
        session.add(WebhookKey(org_id=org_id, address=address, secret=secret))
    elif secret and key is not None:
        key.secret = secret


def _field(refusal: Refusal) -> str:
    fields = {"bad_wait": "wait_min", "step_of_what": "whom", "bad_round": "from_round"}
    return fields.get(refusal.code, "webhook")


def _record(
    session: Session, actor: Actor, action: str, step: CallStep, at: datetime, **facts: object
) -> None:
    audit.record(
        session, actor, action, "call_step", _whom(step), at=at, org_id=step.org_id, stated_at=None,
        position=step.position, wait_s=step.wait_s, chain=step.chain_id, change=facts,
    )  # fmt: skip


def _whom(step: CallStep) -> str:
    """Return the record's word for whom a step tells; of an address never what may be a secret."""
    if step.webhook:
        return host_of(step.webhook) if step.channel == WEBHOOK else shown_gateway(step.webhook)
    numbers = {"group": step.group_id, "schedule": step.schedule_id, "role": step.role or None}
    named = [f"{kind} {number}" for kind, number in numbers.items() if number is not None]
    return named[0] if named else str(step.person_id)
