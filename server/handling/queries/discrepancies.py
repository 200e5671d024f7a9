"""Discrepancies: which are open, and who settled the others in which way."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.handling.models import Discrepancy

READ = "storage.read"
NO_DISCREPANCY = N_("There is no discrepancy %(found)s.")
MOST = 300


def of_source(session: Session, kind: str, source_id: int) -> list[Discrepancy]:
    """Return the discrepancies of a stock-take or an audit, open ones first, box by box."""
    wanted = (
        _loaded()
        .where(Discrepancy.source_kind == kind, Discrepancy.source_id == source_id)
        .order_by(Discrepancy.settled_at.is_not(None), Discrepancy.id)
    )
    return list(session.scalars(wanted))


def discrepancies(session: Session, actor: Actor, *, settled: bool = False) -> list[Discrepancy]:
    """Return the newest discrepancies of the bank, open ones or settled ones."""
    state = Discrepancy.settled_at.is_not(None) if settled else Discrepancy.settled_at.is_(None)
    wanted = _loaded().where(state).order_by(Discrepancy.id.desc()).limit(MOST)
    return list(session.scalars(visible(wanted, actor, READ, Discrepancy.org_id)))


def every(actor: Actor) -> Select[Any]:
    """Return the query of all discrepancies that the actor may see."""
    return visible(_loaded(), actor, READ, Discrepancy.org_id)


def discrepancy(session: Session, actor: Actor, permission: str, number: int) -> Discrepancy:
    """Return one discrepancy; refused (NotFound) where there is none to see."""
    wanted = _loaded().where(Discrepancy.id == number)
    found: Discrepancy | None = session.scalars(
        visible(wanted, actor, permission, Discrepancy.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_discrepancy", NO_DISCREPANCY, {"found": number}))
    return found


def _loaded() -> Select[Any]:
    return select(Discrepancy).options(joinedload(Discrepancy.box), joinedload(Discrepancy.vial))
