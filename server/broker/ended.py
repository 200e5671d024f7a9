"""The list of agents' certificates that hold no more, as mosquitto reads it (a CRL)."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from server.broker.credentials import replace
from server.core.db import Database
from server.telemetry import agent_certificates
from server.telemetry.broker_plan import BrokerPlan
from server.telemetry.models import AgentCertificate

ENDED = "ended.crl"
_MADE_OF = "ended.txt"
_AGAIN_AFTER = timedelta(days=30)
_LISTED_AFTER_END = timedelta(days=2)
"""A certificate stays on the list until it has run out on every clock."""


def write(database: Database, plan: BrokerPlan, home: Path, *, now: datetime) -> bool:
    """Sign the list anew where a certificate ended since, or the list is a month old; says whether."""
    with database.reading() as session:
        query = select(AgentCertificate.serial, AgentCertificate.ended_at).where(
            AgentCertificate.ended_at.is_not(None),
            AgentCertificate.expires_at > now - _LISTED_AFTER_END,
        )
        ended = [
            (serial, at)
            for serial, at in session.execute(query.order_by(AgentCertificate.id))
            if at
        ]
    file, made_of = plan.folder / ENDED, plan.folder / _MADE_OF
    month = int(now.timestamp() // _AGAIN_AFTER.total_seconds())
    content = "\n".join([f"month {month}", *(serial for serial, _at in ended), ""])
    if file.exists() and made_of.exists() and made_of.read_text(encoding="utf-8") == content:
        return False
    plan.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    signed = agent_certificates.ended_list(home / "ca", ended, now).decode()
    replace(file, signed)
    replace(made_of, content)
    return True
