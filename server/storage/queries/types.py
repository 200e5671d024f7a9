"""Container types: those that come with the product and those of the organisation."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.container_types import BUILT_IN, Template
from server.storage.models import Container, ContainerType

AnyType = ContainerType | Template


@dataclass(frozen=True)
class TypeRow:
    """One line of the list of types: the type, and how many containers were made from it."""

    type: AnyType
    used: int

    @property
    def built_in(self) -> bool:
        """Say whether it comes with the product."""
        return isinstance(self.type, Template)

    @property
    def retired(self) -> bool:
        """Say whether it is offered no longer."""
        return isinstance(self.type, ContainerType) and self.type.retired_at is not None


def container_types(session: Session, actor: Actor) -> list[TypeRow]:
    """Return the types that the actor may use: own ones first, by code, then the built-in ones."""
    own = select(ContainerType).where(ContainerType.org_id.is_not(None))
    own = visible(own, actor, "storage.read", ContainerType.org_id)
    rows: list[AnyType] = [
        *session.scalars(own.order_by(ContainerType.code)),
        *BUILT_IN.values(),
    ]
    used = _used(session, actor)
    return [TypeRow(row, used.get((_org(row), row.code), 0)) for row in rows]


def _org(row: AnyType) -> int | None:
    return row.org_id if isinstance(row, ContainerType) else None


def _used(session: Session, actor: Actor) -> dict[tuple[int | None, str], int]:
    counted: Any = (
        select(ContainerType.org_id, ContainerType.code, func.count())
        .join(Container, Container.type_id == ContainerType.id)
        .where(Container.retired_at.is_(None))
        .group_by(ContainerType.org_id, ContainerType.code)
    )
    rows = session.execute(visible(counted, actor, "storage.read", Container.org_id))
    return {(org_id, code): count for org_id, code, count in rows}


def container_type(
    session: Session, actor: Actor, permission: str, code: str, *kinds: str
) -> AnyType:
    """Return the type with this code, of the organisation or built in; NotFound where there is none to see."""
    wanted = select(ContainerType).where(
        ContainerType.code == code, ContainerType.org_id.is_not(None)
    )
    wanted = visible(wanted, actor, permission, ContainerType.org_id).order_by(ContainerType.id)
    found: AnyType | None = session.scalars(wanted).first() or BUILT_IN.get(code)
    if found is None or (kinds and found.kind not in kinds):
        because = N_(
            "No container type has the code %(code)s. The list of types shows all of them."
        )
        raise NotFound(Refusal("no_such_type", because, {"code": code}), field="type")
    return found
