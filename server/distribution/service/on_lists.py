"""Tubes of requests on a pick list: taken and missed by the verbs of the request, so that it follows."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.distribution.models import Request
from server.distribution.service import steps
from server.distribution.service.picking import not_there, pick
from server.handling.service import hooks


def pick_on_list(
    session: Session,
    actor: Actor,
    request_id: int,
    code: str,
    at: datetime,
    happened_at: datetime | None = None,
) -> object:
    """Take a tube of the request out; the request goes on as if it had been picked on its own page."""
    request = session.get_one(Request, request_id)
    return pick(session, actor, request, code, code, at=at, happened_at=happened_at)


def missed_on_list(
    session: Session,
    actor: Actor,
    request_id: int,
    code: str,
    at: datetime,
    happened_at: datetime | None = None,
) -> object:
    """Record a tube of the request as missing; another is promised where one may be."""
    request = session.get_one(Request, request_id)
    return not_there(session, actor, request, code, at=at, happened_at=happened_at)


hooks.provide(steps.KIND, pick_on_list, missed_on_list)
