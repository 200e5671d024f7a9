"""Changing an organisation's call list."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, NotFound, Refusal
from server.core.words import N_
from server.notify import rules
from server.notify.models import CallStep
from server.notify.queries import host_of
from server.outbox.models import WebhookKey

MOST_STEPS = 50
_APART = 1_000_000
"""Added to positions while they are exchanged: each position may be there only once."""


def add_step(
    session: Session,
    actor: Actor,
    org_id: int,
    *,
    person: Person | None = None,
    webhook: str = "",
    secret: str = "",
    wait_s: int,
    at: datetime,
) -> CallStep:
    """Put a person or a webhook at the end of the list; a secret signs what the webhook gets."""
    if refusal := rules.why_not_step(person.id if person else None, webhook, wait_s):
        raise Invalid(refusal, field=_field(refusal))
    if person is not None and not person.active:
        because = N_("%(name)s is switched off and cannot be called.")
        raise Conflict(Refusal("person_off", because, {"name": person.name}))
    positions = [step.position for step in _steps(session, org_id)]
    if len(positions) >= MOST_STEPS:
        because = N_("The list has %(most)s steps; that is as many as it can hold.")
        raise Conflict(Refusal("list_full", because, {"most": MOST_STEPS}))
    step = CallStep(
        org_id=org_id,
        position=max(positions, default=0) + 1,
        person_id=person.id if person else None,
        webhook=webhook,
        wait_s=wait_s,
    )
    session.add(step)
    if webhook:
        _keep_secret(session, org_id, webhook, secret)
    _record(session, actor, "call_step.added", step, at)
    return step


def remove_step(session: Session, actor: Actor, step: CallStep, *, at: datetime) -> None:
    """Take a step off the list; a webhook that the list has no more loses its secret."""
    _record(session, actor, "call_step.removed", step, at)
    session.delete(step)
    session.flush()  # reason: the next question must not find it
    if step.webhook and not any(
        other.webhook == step.webhook for other in _steps(session, step.org_id)
    ):
        session.execute(
            delete(WebhookKey).where(
                WebhookKey.org_id == step.org_id, WebhookKey.address == step.webhook
            )
        )


def move_step(session: Session, actor: Actor, step: CallStep, by: int, *, at: datetime) -> None:
    """Move a step up (-1) or down (1) by one place; at the end of the list nothing happens."""
    steps = _steps(session, step.org_id)
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


def _steps(session: Session, org_id: int) -> list[CallStep]:
    query = select(CallStep).where(CallStep.org_id == org_id).order_by(CallStep.position)
    return list(session.scalars(query.with_for_update()))


def _keep_secret(session: Session, org_id: int, address: str, secret: str) -> None:
    key = session.get(WebhookKey, (org_id, address))
    if secret and key is None:
        session.add(WebhookKey(org_id=org_id, address=address, secret=secret))
    elif secret and key is not None:
        key.secret = secret


def _field(refusal: Refusal) -> str:
    return {"bad_wait": "wait_min", "step_of_what": "person"}.get(refusal.code, "webhook")


def _record(
    session: Session, actor: Actor, action: str, step: CallStep, at: datetime, **facts: object
) -> None:
    whom = host_of(step.webhook) if step.webhook else str(step.person_id)
    audit.record(
        session, actor, action, "call_step", whom, at=at, org_id=step.org_id, stated_at=None,
        position=step.position, wait_s=step.wait_s, change=facts,
    )  # fmt: skip
