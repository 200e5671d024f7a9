"""Changing chains of steps for some alarms, and named teams."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, NotFound, Refusal
from server.core.words import N_
from server.notify.along import Conditions
from server.notify.holding import SEVERITIES
from server.notify.models import CallChain, CallGroup, CallStep, GroupMember

CLASSES = ("process", "equipment", "system", "safety")
MOST_CHAINS = 50


def make_chain(
    session: Session, actor: Actor, org_id: int, *, name: str, conditions: Conditions, at: datetime
) -> CallChain:
    """Make a chain without steps, behind the others; alarms run along it once it has one."""
    _check_conditions(conditions)
    count, last = session.execute(
        select(func.count(), func.max(CallChain.position)).where(
            CallChain.org_id == org_id, CallChain.ended_at.is_(None)
        )
    ).one()
    if count >= MOST_CHAINS:
        because = N_("There are %(most)s chains; that is as many as there can be.")
        raise Conflict(Refusal("many_chains", because, {"most": MOST_CHAINS}))
    made = CallChain(org_id=org_id, name=name.strip(), position=(last or 0) + 1)
    _keep(made, conditions)
    session.add(made)
    session.flush()
    _record(session, actor, "call_chain.made", made, at, _told(made))
    return made


def change_chain(
    session: Session, actor: Actor, chain: CallChain, *, name: str, conditions: Conditions, at: datetime,
) -> None:  # fmt: skip
    """Give a chain this name and these conditions; calls that run along it go on."""
    _check_conditions(conditions)
    before = _told(chain)
    chain.name = name.strip()
    _keep(chain, conditions)
    _record(session, actor, "call_chain.changed", chain, at, {"before": before, **_told(chain)})


def end_chain(
    session: Session, actor: Actor, chain: CallChain, *, because: str, at: datetime
) -> None:
    """End a chain, with the reason; calls that run along it go on along the call list."""
    chain.ended_at = at
    _record(session, actor, "call_chain.ended", chain, at, {"because": because})


def set_group(
    session: Session, actor: Actor, org_id: int, group: CallGroup | None, *, name: str,
    people: Sequence[Person], at: datetime,
) -> CallGroup:  # fmt: skip
    """Make a group, or give one this name and these members; an empty one is refused."""
    if not people:
        raise Invalid(
            Refusal("empty_group", N_("A group needs at least one person.")), field="people"
        )
    if any(person.org_id != org_id or not person.active for person in people):
        because = N_("Somebody of these does not belong to the organisation, or is switched off.")
        raise Invalid(Refusal("not_theirs", because), field="people")
    group = group or CallGroup(org_id=org_id, name=name)
    group.name = name.strip()
    session.add(group)
    session.flush()
    session.execute(delete(GroupMember).where(GroupMember.group_id == group.id))
    session.add_all(GroupMember(group_id=group.id, person_id=person.id) for person in people)
    names = [person.name for person in people]
    _record(session, actor, "call_group.set", group, at, {"name": group.name, "people": names})
    return group


def end_group(
    session: Session, actor: Actor, group: CallGroup, *, because: str, at: datetime
) -> None:
    """End a group, with the reason; one that a step still tells is refused."""
    used = select(CallStep.id).where(CallStep.group_id == group.id).limit(1)
    if session.scalar(used) is not None:
        why = N_("A step of the call list tells “%(name)s”; take that step off first.")
        raise Conflict(Refusal("group_used", why, {"name": group.name}))
    group.ended_at = at
    _record(session, actor, "call_group.ended", group, at, {"because": because})


def chains_of(session: Session, org_id: int) -> list[CallChain]:
    """Return the chains of an organisation in the order in which they are tried."""
    query = select(CallChain).where(CallChain.org_id == org_id, CallChain.ended_at.is_(None))
    return list(session.scalars(query.order_by(CallChain.position, CallChain.id)))


def groups_of(session: Session, org_id: int) -> list[tuple[CallGroup, list[Person]]]:
    """Return the groups of an organisation by name, with their members."""
    query = select(CallGroup).where(CallGroup.org_id == org_id, CallGroup.ended_at.is_(None))
    groups = list(session.scalars(query.order_by(CallGroup.name, CallGroup.id)))
    rows = session.execute(
        select(GroupMember.group_id, Person)
        .join(Person, Person.id == GroupMember.person_id)
        .where(GroupMember.group_id.in_([group.id for group in groups]))
        .order_by(Person.name)
    ).all()
    return [(one, [row.Person for row in rows if row.group_id == one.id]) for one in groups]


def conditions_of(chain: CallChain) -> Conditions:
    """Return what a chain is for."""
    kept = (chain.severities, chain.classes, chain.sites, chain.freezers)
    return Conditions(*(json.loads(one) for one in kept))


def find_chain(session: Session, orgs: Collection[int] | None, chain_id: int) -> CallChain:
    """Return a chain of these organisations (None: of any) that was not ended; NotFound otherwise."""
    found = session.get(CallChain, chain_id)
    if found is None or found.ended_at or (orgs is not None and found.org_id not in orgs):
        raise NotFound(Refusal("no_such_chain", N_("There is no such chain.")))
    return found


def find_group(session: Session, orgs: Collection[int] | None, group_id: int) -> CallGroup:
    """Return a group of these organisations (None: of any) that was not ended; NotFound otherwise."""
    found = session.get(CallGroup, group_id)
    if found is None or found.ended_at or (orgs is not None and found.org_id not in orgs):
        raise NotFound(Refusal("no_such_group", N_("There is no such group.")))
    return found


def _check_conditions(conditions: Conditions) -> None:
    wrong = [one for one in conditions.severities if one not in SEVERITIES]
    wrong += [one for one in conditions.classes if one not in CLASSES]
    if wrong:
        because = N_("“%(found)s” is not one of the choices; choose again.")
        raise Invalid(Refusal("not_offered", because, {"found": wrong[0]}))
    every = (conditions.severities, conditions.classes, conditions.sites, conditions.freezers)
    if not any(every):
        because = N_("Say for which alarms the chain is; for all others there is the call list.")
        raise Invalid(Refusal("chain_for_what", because), field="severities")


def _keep(chain: CallChain, conditions: Conditions) -> None:
    kept = (conditions.severities, conditions.classes, conditions.sites, conditions.freezers)
    chain.severities, chain.classes, chain.sites, chain.freezers = (
        json.dumps(list(one), ensure_ascii=False) for one in kept
    )


def _told(chain: CallChain) -> dict[str, object]:
    return {
        "name": chain.name, "severities": chain.severities, "classes": chain.classes,
        "sites": chain.sites, "freezers": chain.freezers,
    }  # fmt: skip


def _record(
    session: Session, actor: Actor, action: str, thing: CallChain | CallGroup, at: datetime,
    change: dict[str, object],
) -> None:  # fmt: skip
    kind = "call_chain" if isinstance(thing, CallChain) else "call_group"
    audit.record(
        session, actor, action, kind, str(thing.id), at=at, org_id=thing.org_id, change=change
    )
