"""The heartbeat to the outside: as long as alarms can reach people, an address elsewhere is asked for each minute.

Whoever listens there (a dead man's switch service, another machine) tells somebody when the asking stops: then
the server, its network, its broker or its way out to people is gone, and it can say so no longer itself.
"""

import logging
from datetime import datetime, timedelta
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.clock import Clock
from server.core.db import Database
from server.outbox.models import Letter
from server.telemetry import beats

log = logging.getLogger(__name__)

EVERY_S = 60.0
ANSWER_WITHIN_S = 10.0
STUCK = timedelta(minutes=10)
"""An urgent letter that is older and still waits means that nobody is reached."""


class _Stay(HTTPRedirectHandler):
    """Follows no redirect: the address is the one that was chosen."""

    def redirect_request(self, *_asked: object) -> None:
        """Go nowhere else."""


_OPENER = build_opener(_Stay)


def why_silent(session: Session, now: datetime) -> str:
    """Return what keeps alarms from reaching people, for the log; empty where nothing does. Only reads."""
    if not any(one.broker_connected for one in beats.fresh(session, now)):
        return "no worker is connected to the broker"
    stuck = select(Letter.id).where(
        Letter.state == "waiting", Letter.urgent, Letter.created_at < now - STUCK
    )
    if session.scalar(stuck.limit(1)) is not None:
        return "an urgent letter has been waiting for more than ten minutes"
    return ""


def ping(database: Database, clock: Clock, url: str) -> bool:
    """Ask for the address, unless alarms cannot reach people; says whether it answered with 200 to 299."""
    if not url:
        return False
    with database.reading() as session:
        why = why_silent(session, clock.now())
    if why:
        log.warning("heartbeat held back", extra={"reason": why})
        return False
    try:
        request = Request(url, headers={"User-Agent": "Cryokeep"})  # noqa: S310  the settings allow http and https only
        with _OPENER.open(request, timeout=ANSWER_WITHIN_S) as answer:
            return 200 <= int(answer.status) < 300
    except (URLError, OSError, ValueError) as error:
        log.warning("heartbeat not taken", extra={"reason": str(error)})
        return False
