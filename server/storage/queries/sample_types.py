"""Sample types: those that come with the product and those of the organisation."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.models import SampleType, Vial
from server.storage.rules.limits import CRYOVIAL
from server.storage.sample_types import BUILT_IN, Template

MOST_COUNTED = 10_000
AnyType = SampleType | Template
UNKNOWN = N_("There is no sample type %(code)s. The list of sample types shows all of them.")


@dataclass(frozen=True)
class TypeRow:
    """One line of the list: the type, and how many samples of it are in storage.

    Counted up to MOST_COUNTED; None for the cryovial, which is what everything is that names no type.
    """

    type: AnyType
    stored: int | None

    @property
    def built_in(self) -> bool:
        """Say whether it comes with the product."""
        return isinstance(self.type, Template)

    @property
    def retired(self) -> bool:
        """Say whether it is offered no longer."""
        return isinstance(self.type, SampleType) and self.type.retired_at is not None


def sample_types(session: Session, actor: Actor) -> list[TypeRow]:
    """Return the types that the actor may use: own ones first, by code, then the built-in ones."""
    own = select(SampleType).where(SampleType.org_id.is_not(None)).order_by(SampleType.code)
    rows: list[AnyType] = [
        *session.scalars(visible(own, actor, "storage.read", SampleType.org_id)),
        *BUILT_IN.values(),
    ]
    stored = _stored(session, actor)
    return [TypeRow(row, stored.get((_org(row), row.code), _none(row))) for row in rows]


def _org(row: AnyType) -> int | None:
    return row.org_id if isinstance(row, SampleType) else None


def _none(row: AnyType) -> int | None:
    return None if row.code == CRYOVIAL and isinstance(row, Template) else 0


def _stored(session: Session, actor: Actor) -> dict[tuple[int | None, str], int | None]:
    """Return how many of each type are in storage, but of cryovials, which nobody counts by their millions."""
    used = select(SampleType).where(SampleType.code != CRYOVIAL)
    found: dict[tuple[int | None, str], int | None] = {}
    for one in session.scalars(used):
        some: Any = select(Vial.id).where(Vial.sample_type_id == one.id, Vial.state == "in_storage")
        some = visible(some, actor, "storage.read", Vial.org_id).limit(MOST_COUNTED)
        counted = select(func.count()).select_from(some.subquery())
        found[one.org_id, one.code] = session.scalar(counted) or 0
    return found


def sample_type(session: Session, actor: Actor, permission: str, code: str) -> AnyType:
    """Return a type by its code, an own one before a built-in one; NotFound where there is none to see."""
    wanted = select(SampleType).where(SampleType.code == code, SampleType.org_id.is_not(None))
    wanted = visible(wanted, actor, permission, SampleType.org_id).order_by(SampleType.id)
    found: AnyType | None = session.scalars(wanted).first() or BUILT_IN.get(code)
    if found is None:
        raise NotFound(Refusal("no_such_sample_type", UNKNOWN, {"code": code}), field="sample_type")
    return found


def offered(session: Session, org_id: int) -> list[AnyType]:
    """Return the types in which an organisation keeps new samples: the cryovial, own ones, all others."""
    own = select(SampleType).where(SampleType.org_id == org_id, SampleType.retired_at.is_(None))
    mine = list(session.scalars(own.order_by(SampleType.code)))
    built_in = [one for code, one in BUILT_IN.items() if code != CRYOVIAL]
    return [BUILT_IN[CRYOVIAL], *mine, *built_in]


def of_organisation(session: Session, org_id: int, code: str) -> AnyType | None:
    """Return the type that an organisation means by this code, or None where there is none."""
    mine = or_(SampleType.org_id == org_id, SampleType.org_id.is_(None))
    wanted = select(SampleType).where(mine, SampleType.code == code)
    # an own one hides the product's
    found = session.scalars(wanted.order_by(SampleType.org_id.is_(None))).first()
    return found or BUILT_IN.get(code)
