"""mosquitto as a child of this house: its configuration."""

import getpass
import socket
from urllib.parse import urlsplit

from server.broker.credentials import PASSWORDS, RIGHTS
from server.broker.ended import ENDED
from server.core.clock import SystemClock
from server.core.settings import Settings
from server.telemetry import certificates
from server.telemetry.broker_plan import BrokerPlan

OWN_NAME = "use_username_as_clientid true"
"""Nobody can take an agent's client id: each connection is called by the name it has proved."""


def configuration(plan: BrokerPlan, settings: Settings) -> str:
    """Return mosquitto.conf.

    Neither autosave_on_changes nor a short autosave_interval: the whole store would be rewritten at
    nearly every message, and no promise of ours rests on the broker's disk.
    """
    lines = [
        f"listener {plan.server_port()} 127.0.0.1",
        f"listener {plan.port()} 127.0.0.1",
        OWN_NAME,
        *_tls_listener(plan, settings),
        "persistence true",
        f"persistence_location {plan.folder / 'data'}/",
        "max_queued_messages 0",
        "max_inflight_messages 0",
        "set_tcp_nodelay true",
        "message_size_limit 1048576",  # the wire's limit is 128 KiB; what lies between is answered in words
        f"user {getpass.getuser()}",  # as root it would become nobody and could not write its folder
        "allow_anonymous false",
        f"password_file {plan.folder / PASSWORDS}",
        f"acl_file {plan.folder / RIGHTS}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    return "\n".join([*lines, ""])


def command(plan: BrokerPlan, settings: Settings) -> list[str]:
    """Write the configuration and return the command that runs the broker."""
    (plan.folder / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
    file = plan.folder / "mosquitto.conf"
    file.write_text(configuration(plan, settings), encoding="utf-8")
    return [plan.program(), "-c", str(file)]


def _tls_listener(plan: BrokerPlan, settings: Settings) -> list[str]:
    """A listener for other machines, as soon as the pages listen beyond this one.

    TLS on both sides: who comes shows a certificate of the local CA that has not ended, and is called
    and may do what stands in it.
    """
    if settings.loopback_only:
        return []
    certificate, key = settings.tls_cert, settings.tls_key
    now = SystemClock().now()
    if certificate is None or key is None:
        earlier = settings.home / "ca-broker"  # agents of an earlier version trust this one
        folder = earlier if earlier.exists() else settings.home / "ca"
        certificate, key = certificates.for_server(folder, _names(settings), now, "broker")
    return [
        f"listener {settings.broker_tls_port} {settings.host}",
        f"certfile {certificate}",
        f"keyfile {key}",
        f"cafile {certificates.authority(settings.home / 'ca', now)[0]}",
        f"crlfile {plan.folder / ENDED}",
        "require_certificate true",
        "use_identity_as_username true",
        OWN_NAME,
        "tls_version tlsv1.2",
    ]


def _names(settings: Settings) -> list[str]:
    """What agents may call this machine."""
    names = ["localhost", "127.0.0.1", socket.gethostname(), socket.getfqdn()]
    if settings.host not in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        names.append(settings.host)
    if settings.public_url:
        names.append(urlsplit(settings.public_url).hostname or "localhost")
    return list(dict.fromkeys(names))
