"""Sample types: built-in ones are kept as rows once they are used; an organisation adds its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage.models import SampleType, Vial
from server.storage.queries.sample_types import UNKNOWN, AnyType, of_organisation
from server.storage.rules.limits import CRYOVIAL
from server.storage.rules.sample_types import (
    why_not_sample_type,
    why_not_size_change,
    why_not_smaller,
)
from server.storage.sample_types import BUILT_IN, VESSELS
from server.storage.service.sites import save_new

PRODUCTS = N_("%(code)s comes with the product and stays as it is. Make a type of your own.")
RETIRED = N_("%(code)s is offered no longer; choose another sample type.")
NAMES = ("name", "vessel", "size_class", "largest_ul")


@dataclass(frozen=True)
class SampleTypeFacts:
    """All that a form says of a sample type."""

    name: str
    vessel: str
    size_class: str = ""
    largest_ul: int | None = None


def add_sample_type(
    session: Session, actor: Actor, org_id: int, code: str, facts: SampleTypeFacts, *, at: datetime
) -> SampleType:
    """Add a type of the organisation's own; refuses the code of a built-in one, and one that is taken."""
    if code in BUILT_IN:
        because = N_("%(code)s comes with the product; give yours another code.")
        raise Conflict(Refusal("built_in", because, {"code": code}), field="code")
    _check(facts)
    made = SampleType(org_id=org_id, code=code, created_at=at, **vars(facts))
    save_new(session, made, code)
    _record(session, actor, "sample_type.added", made, at, **vars(facts))
    return made


def edit_sample_type(
    session: Session, actor: Actor, found: SampleType, facts: SampleTypeFacts, *, at: datetime
) -> SampleType:
    """Change a type; refused, with the count, where samples of it are bigger, or stand by their size."""
    session.refresh(found, with_for_update=True)
    _check(facts)
    of = select(func.count()).where(Vial.sample_type_id == found.id)
    stored = session.scalar(of.where(Vial.state == "in_storage")) or 0
    if refusal := why_not_size_change(found.code, found.size_class, facts.size_class, stored):
        raise Conflict(refusal, field="size_class")
    largest = facts.largest_ul
    fuller = session.scalar(of.where(Vial.volume_ul > largest)) if largest is not None else 0
    if refusal := why_not_smaller(found.code, largest, fuller or 0):
        raise Conflict(refusal, field="largest_ul")
    now = vars(facts)
    changed = {
        name: [getattr(found, name), now[name]]
        for name in NAMES
        if getattr(found, name) != now[name]
    }
    for name, (_before, value) in changed.items():
        setattr(found, name, value)
    session.flush()
    if changed:
        _record(session, actor, "sample_type.changed", found, at, changed=changed)
    return found


def retire_sample_type(session: Session, actor: Actor, found: SampleType, *, at: datetime) -> None:
    """Offer a type no longer; samples of it stay."""
    if found.retired_at is None:
        found.retired_at = at
        _record(session, actor, "sample_type.retired", found, at)


def bring_back_sample_type(
    session: Session, actor: Actor, found: SampleType, *, at: datetime
) -> None:
    """Offer a retired type again."""
    if found.retired_at is not None:
        found.retired_at = None
        _record(session, actor, "sample_type.brought_back", found, at)


def chosen(session: Session, org_id: int, code: str, *, at: datetime) -> SampleType | None:
    """Return the type that was chosen for new samples of an organisation; None is a cryovial.

    Refused where there is none, or it is offered no longer.
    """
    if code in ("", CRYOVIAL):
        return None
    found = of_organisation(session, org_id, code)
    if found is None:
        raise Invalid(Refusal("no_such_sample_type", UNKNOWN, {"code": code}), field="sample_type")
    if isinstance(found, SampleType) and found.retired_at is not None:
        raise Conflict(Refusal("type_retired", RETIRED, {"code": code}), field="sample_type")
    return kept(session, found, at=at)


def kept(session: Session, found: AnyType, *, at: datetime) -> SampleType:
    """Return the type as a row: a built-in one is written here at its first use."""
    if isinstance(found, SampleType):
        return found
    wanted = select(SampleType).where(SampleType.org_id.is_(None), SampleType.code == found.code)
    if (row := session.scalars(wanted).first()) is not None:
        return row
    try:
        with session.begin_nested():
            made = SampleType(org_id=None, created_at=at, **vars(found))
            session.add(made)
            session.flush()
    except IntegrityError:  # another writer used it first, a moment ago
        return session.scalars(wanted).one()
    return made


def refuse_built_in(found: AnyType) -> SampleType:
    """Return an organisation's own type; refuses one that comes with the product."""
    if isinstance(found, SampleType) and found.org_id is not None:
        return found
    raise Conflict(Refusal("built_in", PRODUCTS, {"code": found.code}))


def _check(facts: SampleTypeFacts) -> None:
    refused = why_not_sample_type(
        facts.name, facts.vessel, facts.size_class, facts.largest_ul, VESSELS
    )
    if refused:
        raise Invalid(refused[1], field=refused[0])


def _record(
    session: Session,
    actor: Actor,
    action: str,
    found: SampleType,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> None:
    audit.record(
        session, actor, action, "sample_type", found.code, at=at, org_id=found.org_id, **facts
    )
