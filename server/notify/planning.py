"""What a call does next: which step is told, who of it now and who later, and when it goes on.

Reads only; `telling` writes what is decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from server.core.words import N_
from server.notify import limits
from server.notify.along import step_to_tell
from server.notify.holding import QUIET, Hold, is_never_held
from server.notify.queries import ChainRow, StepRow
from server.notify.reached import Address, Reachable, people_of
from server.notify.rules import EMPTY_LIST_LOOK_S, Sentence, Words

NOBODY_THERE: Final = N_("nobody could be told: %(who)s; the next step was told at once")
NO_CHAIN: Final = N_(
    "nobody of the chain “%(chain)s” could be told; the call list was told instead"
)
WHO: Final[Mapping[str, str]] = {
    "person": N_("%(name)s is away or switched off"),
    "group": N_("nobody of the group “%(name)s” is there"),
    "schedule": N_("the schedule “%(name)s” has nobody on call"),
    "role": N_("nobody has the role %(name)s"),
}


@dataclass(frozen=True)
class Where:
    """How far along its list a call is."""

    chain_id: int | None = None
    next_position: int = 0
    round: int = 1


@dataclass(frozen=True)
class Note:
    """Why nobody, or a person only later, is told of a step."""

    position: int
    sentence: Sentence
    person_id: int | None = None
    hold: Hold | None = None


@dataclass
class Plan:
    """What is told now, what later, and when the call goes on."""

    where: Where
    due_at: datetime
    position: int = 0
    """Of the step that is told."""
    now: list[Address] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def columns(self) -> dict[str, object]:
        """Return what the row of the call keeps of it."""
        where = self.where
        return {
            "chain_id": where.chain_id, "next_position": where.next_position,
            "round": where.round, "due_at": self.due_at,
        }  # fmt: skip


@dataclass(frozen=True)
class Asking:
    """What is asked of each step: about which organisation's call, how bad, of which class, when."""

    org_id: int
    severity: str
    alarm_class: str
    at: datetime


def chain_for(chains: Sequence[ChainRow], severity: str, words: Words) -> ChainRow:
    """Return the first chain that is for this; the last is the call list, which is for anything."""
    return next(one for one in chains if one.conditions.hold(severity, words.facts))


def chain_of(chains: Sequence[ChainRow], chain_id: int | None) -> ChainRow:
    """Return the chain that a call runs along; the call list where that chain is no more."""
    return next((one for one in chains if one.id == chain_id), chains[-1])


def plan(
    session: Session, chains: Sequence[ChainRow], chain: ChainRow, where: Where, asking: Asking
) -> Plan:
    """Return what a call that stands here does now.

    A step of which nobody can be told, or everybody has quiet hours, is followed at once by the next. Where that
    holds for a whole chain, the call goes on along the call list; where it holds for that too, all is looked at
    again when the first quiet hours end, or after a minute.
    """
    made = _along(session, chain, replace(where, chain_id=chain.id), asking)
    if made.now or chain.id is None or made.position:
        return made
    note = Note(where.next_position, Sentence(NO_CHAIN, {"chain": chain.name}))
    other = _along(session, chains[-1], Where(), asking)
    other.notes = [*made.notes, note, *other.notes]
    return other


def _along(session: Session, chain: ChainRow, where: Where, asking: Asking) -> Plan:
    made = Plan(where, asking.at + timedelta(seconds=EMPTY_LIST_LOOK_S))
    left, position, round_ = list(chain.steps), where.next_position, where.round
    while found := step_to_tell(left, position, round_):
        step, round_ = found
        if _try(session, made, step, asking):
            made.position = step.position
            made.where = Where(where.chain_id, step.position + 1, round_)
            made.due_at = asking.at + timedelta(seconds=step.wait_s)
            return made
        left.remove(step)
        position = step.position + 1
    ends = [note.hold.until for note in made.notes if note.hold]
    if ends:  # who sleeps is told when that ends, and then has as long as always
        made.due_at = min(ends) + timedelta(seconds=min(step.wait_s for step in chain.steps))
    return made


def _try(session: Session, made: Plan, step: StepRow, asking: Asking) -> bool:
    """Add to the plan who of this step is told, and say whether the call waits for them."""
    if step.webhook:
        made.now = [Address(None, step.channel, step.webhook, step.language)]
        return True
    people = people_of(session, step, asking.org_id, asking.at)
    if not people:
        made.notes.append(Note(step.position, Sentence(NOBODY_THERE, {"who": _who(step)})))
        return False
    holds = _holds(session, people, asking)
    for person in people:
        held = holds.get(person.id)
        if held:
            made.notes.append(Note(step.position, held.sentence, person.id, held.hold))
        else:
            made.now += person.addresses(asking.severity)
    return bool(made.now) or any(one.hold.why != QUIET for one in holds.values())


def _holds(
    session: Session, people: Sequence[Reachable], asking: Asking
) -> Mapping[int, limits.Held]:
    if is_never_held(asking.severity, asking.alarm_class):
        return {}
    return limits.holds(
        session, [person.id for person in people], asking.severity, asking.alarm_class, asking.at
    )


def _who(step: StepRow) -> Sentence:
    if step.person_id is not None:
        return Sentence(WHO["person"], {"name": step.person_name})
    if step.group_id is not None:
        return Sentence(WHO["group"], {"name": step.group_name})
    if step.schedule_id is not None:
        return Sentence(WHO["schedule"], {"name": step.schedule_name})
    return Sentence(WHO["role"], {"name": step.role})
