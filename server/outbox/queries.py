"""Reads of letters."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, false, func, select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.outbox.models import Letter, LetterTry
from server.outbox.rules import GATEWAY, shown_gateway

STATES = ("waiting", "sent", "given_up")


def letters(
    session: Session, actor: Actor, permission: str, state: str, limit: int, offset: int
) -> tuple[Sequence[Letter], int]:
    """Return a page of the letters that the actor may see, newest first, and how many there are."""
    query = mine(select(Letter), actor, permission)
    if state in STATES:
        query = query.where(Letter.state == state)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = query.order_by(Letter.id.desc()).limit(limit).offset(offset)
    return session.scalars(page).all(), total


def one(session: Session, actor: Actor, permission: str, letter_id: int) -> Letter | None:
    """Return this letter if the actor may see it."""
    query = mine(select(Letter).where(Letter.id == letter_id), actor, permission)
    return session.scalars(query).first()


def tries(session: Session, letter_id: int) -> Sequence[LetterTry]:
    """Return the attempts at a letter, the first one first."""
    query = select(LetterTry).where(LetterTry.letter_id == letter_id).order_by(LetterTry.id)
    return session.scalars(query).all()


def shown_address(letter: Letter) -> str:
    """Return where a letter goes as it may be shown: of a webhook its host, of a gateway its scheme."""
    if letter.channel == GATEWAY:
        return shown_gateway(letter.address)
    if letter.channel == "smtp":
        return letter.address
    return letter.address.partition("://")[2].split("/")[0] or letter.address


def counts(session: Session, actor: Actor, permission: str) -> dict[str, int]:
    """Return how many letters are in each state."""
    query = mine(select(Letter.state, func.count()), actor, permission).group_by(Letter.state)
    return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in session.execute(query)}


def mine(
    query: Select[*tuple[Any, ...]], actor: Actor, permission: str
) -> Select[*tuple[Any, ...]]:
    """Narrow a query of letters; those of no organisation are for who may see all of them."""
    orgs = actor.orgs(permission)
    if orgs is None:
        return query
    return query.where(Letter.org_id.in_(sorted(orgs)) if orgs else false())
