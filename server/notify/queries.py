"""Reads of call lists and of who was told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.core.plain import Asked, Plain
from server.notify.models import Call, CallStep, Notice
from server.outbox.models import Letter


@dataclass(frozen=True)
class StepRow:
    """A step with what is needed to tell it."""

    id: int
    position: int
    wait_s: int
    webhook: str
    person_id: int | None
    person_name: str
    email: str
    language: str
    active: bool


@dataclass(frozen=True)
class Told:
    """That somebody was told: whom, when, through what, and what became of the letter."""

    position: int
    who: str
    channel: str
    at: datetime
    state: str
    sent_at: datetime | None
    last_error: str


_STEPS = Plain(
    select(
        CallStep.id,
        CallStep.position,
        CallStep.wait_s,
        CallStep.webhook,
        CallStep.person_id,
        Person.name,
        Person.email,
        Person.language,
        Person.active,
    )
    .outerjoin(Person, Person.id == CallStep.person_id)
    .where(CallStep.org_id == bindparam("org_id"))
    .order_by(CallStep.position)
)


def steps_of(session: Session, org_id: int) -> list[StepRow]:
    """Return the call list of an organisation in its order."""
    return steps_in(ask_steps(session, org_id))


def ask_steps(session: Session, org_id: int) -> Asked:
    """Ask for the call list, to be read later by `steps_in`."""
    return _STEPS.ask(session, org_id=org_id)


def steps_in(asked: Asked) -> list[StepRow]:
    """Return the call list that was asked for, in its order."""
    return [_step(row) for row in asked.rows()]


def running_call(session: Session, about: tuple[str, int]) -> Call | None:
    """Return the call about this that nobody has answered yet."""
    return session.scalar(
        select(Call).where(
            Call.about_kind == about[0], Call.about_id == about[1], Call.ended_at.is_(None)
        )
    )


def told_about(session: Session, kind: str, ids: list[int]) -> dict[int, list[Told]]:
    """Return who was told about each of these, the earliest first."""
    rows = session.execute(
        select(
            Call.about_id,
            Notice.position,
            Person.name,
            Letter.address,
            Letter.channel,
            Notice.at,
            Letter.state,
            Letter.sent_at,
            Letter.last_error,
        )
        .join(Call, Call.id == Notice.call_id)
        .join(Letter, Letter.id == Notice.letter_id)
        .outerjoin(Person, Person.id == Notice.person_id)
        .where(Call.about_kind == kind, Call.about_id.in_(ids))
        .order_by(Notice.id)
    )
    told: dict[int, list[Told]] = {about_id: [] for about_id in ids}
    for row in rows:
        who = row.name or host_of(row.address)
        told[row.about_id].append(
            Told(row.position, who, row.channel, row.at, row.state, row.sent_at, row.last_error)
        )
    return told


def host_of(address: str) -> str:
    """Return a webhook's host: the rest of its address may be a secret."""
    return address.partition("://")[2].split("/")[0] or address


def _step(row: tuple[Any, ...]) -> StepRow:
    step_id, position, wait_s, webhook, person_id, name, email, language, active = row
    return StepRow(
        step_id, position, wait_s, webhook, person_id,
        name or "", email or "", language or "en", bool(active),
    )  # fmt: skip
