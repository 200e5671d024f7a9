"""On what terms an agent is enrolled here: whom it trusts, and where it finds the broker."""

from dataclasses import dataclass
from datetime import datetime

from server.core.errors import Conflict, Refusal
from server.core.settings import Settings
from server.core.words import N_
from server.telemetry import certificates
from server.telemetry.broker_plan import choose

_ONLY_HERE = Refusal(
    "no_certificates_here",
    N_(
        "This house listens on its own machine only, where agents sign in with a password. For agents on other machines set CRYOKEEP_HOST, and let mosquitto or a broker of your own carry the messages."
    ),
)


@dataclass(frozen=True)
class Terms:
    """What an agent must know. An empty host means the one under which it reached the pages."""

    fingerprint: str
    """Of the authority of the pages; empty where somebody else vouches for them."""
    broker_host: str
    broker_port: int
    broker_by_local_ca: bool
    prefix: str


def terms(settings: Settings, now: datetime) -> Terms:
    """Return the terms of this house; refuses one that no other machine reaches."""
    plan = choose(settings)
    if plan.own and (plan.kind == "embedded" or settings.loopback_only):
        raise Conflict(_ONLY_HERE)
    given = settings.tls_cert is not None or settings.loopback_only
    fingerprint = "" if given else certificates.fingerprint(settings.home / "ca", now)
    if plan.own:
        port, local = settings.broker_tls_port, settings.tls_cert is None
        return Terms(fingerprint, "", port, local, settings.topic_prefix)
    address = plan.address()
    port = address.port if address.tls else settings.broker_tls_port
    return Terms(fingerprint, address.host, port, not address.tls, settings.topic_prefix)
