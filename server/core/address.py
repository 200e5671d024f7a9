"""The address of this house's pages; never taken from a request, whose sender may have chosen it."""

from socket import getfqdn

from server.core.settings import Settings

EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, never listened on


def base_url(settings: Settings) -> str:
    """Return where letters lead: CRYOKEEP_PUBLIC_URL, or this machine's name; without a slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    return _at(settings, getfqdn() if settings.host in EVERYWHERE else settings.host)


def local_url(settings: Settings) -> str:
    """Return where this machine itself reaches the pages; without a slash at the end."""
    if settings.host in EVERYWHERE:
        return _at(settings, "::1" if settings.host == "::" else "127.0.0.1")
    return _at(settings, settings.host)


def _at(settings: Settings, host: str) -> str:
    secure = settings.tls_cert is not None or not settings.loopback_only
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{'https' if secure else 'http'}://{host}:{settings.port}"
