"""Settings are read once, at the start, into one frozen object that is handed down."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.core.errors import Invalid, Refusal
from server.core.words import N_

YES = frozenset({"yes", "true", "1", "on"})


@dataclass(frozen=True)
class Settings:
    """Everything that the surroundings may say to Cryokeep; docs/settings.md explains each."""

    home: Path
    database: str
    broker: str
    broker_tls_port: int
    """Where agents on other machines find mosquitto."""
    host: str
    port: int
    public_url: str
    tls_cert: Path | None
    tls_key: Path | None
    smtp: str
    mail_from: str
    ping_url: str
    """Asked for each minute while alarms can reach people; empty for none."""
    session_hours: int
    trusted_proxies: int
    agent_certificate_minutes: int
    """So long a certificate of an agent holds; it renews when a third is left."""
    topic_prefix: str
    log_level: str
    private_webhooks: bool
    """Webhooks of the API may lead into this machine and its own network."""
    label_font: Path | None

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings of this environment; refuses a value that cannot be right."""
        found = _Reader(os.environ if environ is None else environ)
        home = Path(found.text("CRYOKEEP_HOME", "cryokeep-home")).absolute()
        port = found.number("CRYOKEEP_PORT", 8077, 0, 65535)
        host = found.text("CRYOKEEP_HOST", "127.0.0.1")
        return cls(
            home=home,
            database=found.text("CRYOKEEP_DATABASE", f"sqlite:///{home / 'cryokeep.sqlite3'}"),
            broker=found.text("CRYOKEEP_BROKER", "auto"),
            broker_tls_port=found.number("CRYOKEEP_BROKER_TLS_PORT", 8883, 1, 65535),
            host=host,
            port=port,
            public_url=found.text("CRYOKEEP_PUBLIC_URL", ""),
            tls_cert=found.path("CRYOKEEP_TLS_CERT"),
            tls_key=found.path("CRYOKEEP_TLS_KEY"),
            smtp=found.text("CRYOKEEP_SMTP", ""),
            mail_from=found.text("CRYOKEEP_MAIL_FROM", "cryokeep@localhost"),
            ping_url=found.web_address("CRYOKEEP_PING_URL"),
            session_hours=found.number("CRYOKEEP_SESSION_HOURS", 12, 1, 720),
            trusted_proxies=found.number("CRYOKEEP_TRUSTED_PROXIES", 0, 0, 5),
            agent_certificate_minutes=found.number(
                "CRYOKEEP_AGENT_CERTIFICATE_MINUTES", 129_600, 1, 1_051_200
            ),
            topic_prefix=found.text("CRYOKEEP_TOPIC_PREFIX", "ck1"),
            log_level=found.text("CRYOKEEP_LOG_LEVEL", "INFO"),
            private_webhooks=found.text("CRYOKEEP_PRIVATE_WEBHOOKS", "no").lower() in YES,
            label_font=found.path("CRYOKEEP_LABEL_FONT"),
        )

    @property
    def loopback_only(self) -> bool:
        """Say whether only this machine can reach the pages."""
        return self.host in {"127.0.0.1", "localhost", "::1"}


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def path(self, name: str) -> Path | None:
        value = self.environ.get(name, "").strip()
        return Path(value).absolute() if value else None

    def web_address(self, name: str) -> str:
        value = self.environ.get(name, "").strip()
        scheme, found, rest = value.partition("://")
        if value and (scheme not in {"http", "https"} or not found or not rest.split("/")[0]):
            because = N_("%(name)s is no web address; https://host/path is expected.")
            raise Invalid(Refusal("bad_setting", because, {"name": name}))
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.environ.get(name, "").strip()
        if not value:
            return default
        if not value.isdecimal() or not least <= int(value) <= most:
            because = N_(
                "%(name)s is “%(found)s”; a whole number from %(least)s to %(most)s is expected."
            )
            raise Invalid(
                Refusal(
                    "bad_setting",
                    because,
                    {"name": name, "found": value, "least": least, "most": most},
                )
            )
        return int(value)
