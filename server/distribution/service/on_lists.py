"""Tubes of requests on a pick list: taken and missed by the verbs of the request, so that it follows."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.distribution.models import Request
from server.distribution.service import steps
from server.distribution.service.picking import not_there, pick
from server.handling.service import hooks


def pick_on_list(
    session: Session, actor: Actor, request_id: int, code: str, at: datetime
) -> object:
    """Take a tube of the request out; the request goes on as if it had been picked on its own page."""
    return pick(session, actor, session.get_one(Request, request_id), code, code, at=at)


def missed_on_list(
    session: Session, actor: Actor, request_id: int, code: str, at: datetime
) -> object:
    """Record a tube of the request as missing; another is promised where one may be."""
    return not_there(session, actor, session.get_one(Request, request_id), code, at=at)


hooks.provide(steps.KIND, pick_on_list, missed_on_list)
