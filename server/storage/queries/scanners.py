"""Rack scanners of the organisations that someone may see."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.models import Scanner

NO_SUCH = N_("There is no scanner %(found)s.")


def scanners(
    session: Session, actor: Actor, permission: str = "storage.import", *, retired: bool = False
) -> list[Scanner]:
    """Return the scanners by code; those that are no longer offered only where asked for."""
    wanted = select(Scanner).order_by(Scanner.code)
    if not retired:
        wanted = wanted.where(Scanner.retired_at.is_(None))
    return list(session.scalars(visible(wanted, actor, permission, Scanner.org_id)))


def scanner(session: Session, actor: Actor, permission: str, scanner_id: int) -> Scanner:
    """Return one scanner; refused (NotFound) where there is none that the actor may see."""
    wanted = select(Scanner).where(Scanner.id == scanner_id)
    found: Scanner | None = session.scalars(
        visible(wanted, actor, permission, Scanner.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_scanner", NO_SUCH, {"found": scanner_id}))
    return found
