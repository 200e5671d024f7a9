"""Reads of call lists and of who was told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.core.plain import Asked, Plain
from server.notify.along import Conditions
from server.notify.models import Call, CallChain, CallGroup, CallStep, Notice, Schedule
from server.notify.rules import Sentence, unpacked
from server.outbox.models import Letter
from server.outbox.rules import GATEWAY, shown_gateway

NOT_TOLD = "not_told"
"""The state of a notice without a letter: nobody was told, or not yet."""


@dataclass(frozen=True)
class StepRow:
    """A step with what is needed to tell it: one of person, group, schedule, role and address."""

    id: int
    position: int
    wait_s: int
    from_round: int
    webhook: str
    channel: str
    language: str
    """Of an address; that of a person is the person's."""
    person_id: int | None
    person_name: str
    email: str
    active: bool
    group_id: int | None
    group_name: str
    schedule_id: int | None
    schedule_name: str
    role: str


@dataclass(frozen=True)
class ChainRow:
    """A chain with its steps; `id` None is the organisation's call list, which is for what no chain is for."""

    id: int | None
    name: str
    conditions: Conditions
    steps: tuple[StepRow, ...]


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
    note: Sentence | None = None
    """Why nobody was told, or why later."""


_STEPS = Plain(
    select(
        CallStep.chain_id,
        CallChain.position.label("chain_position"),
        CallChain.name.label("chain_name"),
        CallChain.severities,
        CallChain.classes,
        CallChain.sites,
        CallChain.freezers,
        CallStep.id,
        CallStep.position,
        CallStep.wait_s,
        CallStep.from_round,
        CallStep.webhook,
        CallStep.channel,
        CallStep.language,
        CallStep.person_id,
        Person.name,
        Person.email,
        Person.active,
        CallStep.group_id,
        CallGroup.name.label("group_name"),
        CallStep.schedule_id,
        Schedule.name.label("schedule_name"),
        CallStep.role,
    )
    .outerjoin(CallChain, CallChain.id == CallStep.chain_id)
    .outerjoin(Person, Person.id == CallStep.person_id)
    .outerjoin(CallGroup, CallGroup.id == CallStep.group_id)
    .outerjoin(Schedule, Schedule.id == CallStep.schedule_id)
    .where(CallStep.org_id == bindparam("org_id"), CallChain.ended_at.is_(None))
    .order_by(CallStep.position)
)


def ask_steps(session: Session, org_id: int) -> Asked:
    """Ask for the call list and the chains, to be read later by `chains_in`."""
    return _STEPS.ask(session, org_id=org_id)


def chains_in(asked: Asked) -> list[ChainRow]:
    """Return the chains that have steps in their order, and the call list, which always is the last."""
    steps: dict[int | None, list[StepRow]] = {None: []}
    heads: dict[int | None, tuple[Any, ...]] = {None: (0, "", "[]", "[]", "[]", "[]")}
    for chain_id, *row in asked.rows():
        heads.setdefault(chain_id, tuple(row[:6]))
        steps.setdefault(chain_id, []).append(_step(row[6:]))
    order = sorted(steps, key=lambda one: (one is None, heads[one][0], one or 0))
    return [_chain(one, heads[one], steps[one]) for one in order]


def steps_of(session: Session, org_id: int) -> list[StepRow]:
    """Return the call list of an organisation in its order."""
    return list(chains_in(ask_steps(session, org_id))[-1].steps)


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
            Notice.note,
        )
        .join(Call, Call.id == Notice.call_id)
        .outerjoin(Letter, Letter.id == Notice.letter_id)
        .outerjoin(Person, Person.id == Notice.person_id)
        .where(Call.about_kind == kind, Call.about_id.in_(ids))
        .order_by(Notice.id)
    )
    told: dict[int, list[Told]] = {about_id: [] for about_id in ids}
    for row in rows:
        told[row.about_id].append(_told(row))
    return told


def _told(row: Any) -> Told:  # noqa: ANN401  a row of told_about
    note = unpacked(row.note).get("note") if row.note else None
    of_address = shown_gateway if row.channel == GATEWAY else host_of
    who = row.name or of_address(row.address or "")
    return Told(
        row.position, who, row.channel or "", row.at, row.state or NOT_TOLD, row.sent_at,
        row.last_error or "", note if isinstance(note, Sentence) else None,
    )  # fmt: skip


def host_of(address: str) -> str:
    """Return a webhook's host: the rest of its address may be a secret."""
    return address.partition("://")[2].split("/")[0] or address


def shown_step(step: StepRow) -> str:
    """Return what may be shown of a step's address: of a webhook its host, of a gateway its kind; else nothing."""
    if not step.webhook:
        return ""
    return shown_gateway(step.webhook) if step.channel == GATEWAY else host_of(step.webhook)


def _chain(chain_id: int | None, head: Sequence[Any], steps: Sequence[StepRow]) -> ChainRow:
    return ChainRow(
        chain_id, head[1], Conditions(*(json.loads(one) for one in head[2:])), tuple(steps)
    )


def _step(row: Sequence[Any]) -> StepRow:
    (
        step_id, position, wait_s, from_round, webhook, channel, language, person_id, name, email, active,
        group_id, group_name, schedule_id, schedule_name, role,
    ) = row  # fmt: skip
    return StepRow(
        step_id, position, wait_s, from_round, webhook, channel, language, person_id, name or "",
        email or "", bool(active), group_id, group_name or "", schedule_id, schedule_name or "", role,
    )  # fmt: skip
