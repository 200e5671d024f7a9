"""Whether the house itself is well: certificates, the worker, the clock."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import paths
from server.core.db import Database
from server.core.settings import Settings
from server.core.words import N_
from server.notify.rules import Sentence
from server.telemetry import beats
from server.telemetry.models import Agent, AgentCertificate

_FILES: Final = "alarms.certificate files"
HEARD_WITHIN: Final = timedelta(minutes=5)


def know(database: Database, settings: Settings) -> None:
    """Let the watcher of this process look at the certificates that these settings name."""
    given = [settings.tls_cert] if settings.tls_cert else []
    database.info[_FILES] = [
        *given,
        settings.home / "ca" / "ca.crt",
        settings.home / "ca" / "server.crt",
    ]


def certificate(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say which certificates run out: of the pages, of the local authority, of agents that do not renew theirs."""
    files: list[Path] = session.info.get(_FILES, [])
    found = [
        paths.certificate(file.name, until, now)
        for file in files
        if (until := _ends(file)) is not None and until - now < paths.CERTIFICATE_LEFT
    ]
    rows = session.execute(
        select(Agent.site, Agent.code, AgentCertificate.expires_at)
        .join(Agent, Agent.id == AgentCertificate.agent_id)
        .where(
            Agent.org_id == org_id, Agent.revoked_at.is_(None), AgentCertificate.ended_at.is_(None),
            AgentCertificate.expires_at < now + paths.AGENT_CERTIFICATE_LEFT,
        )
        .order_by(AgentCertificate.expires_at)
    )  # fmt: skip
    found += [paths.certificate(f"{row.site}/{row.code}", row.expires_at, now) for row in rows]
    return paths.listed(found)


def _ends(file: Path) -> datetime | None:
    """When the certificate in this file runs out; None where there is none."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def worker(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say that no worker lives: nothing is stored, judged or told. A living worker never finds this."""
    if beats.fresh(session, now):
        return None
    return Sentence(
        N_("no worker lives: readings are neither stored nor judged, and no notice leaves")
    )


def clock(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say that the server's clock is off, by the clocks of all nodes that are set by the network."""
    rows = session.execute(
        select(Agent.heartbeat, Agent.heartbeat_at).where(
            Agent.revoked_at.is_(None), Agent.heartbeat_at > now - HEARD_WITHIN
        )
    )
    offsets = []
    for told, heard_at in rows:
        beat = json.loads(told)
        if heard_at and beat.get("synced") and isinstance(beat.get("at"), int):
            offsets.append(heard_at.timestamp() - beat["at"] / 1000)
    return paths.clock(offsets)
