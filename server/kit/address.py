"""The address of this house in letters; never taken from a request, whose sender may have chosen it."""

from socket import getfqdn

from server.core.settings import Settings

EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, never listened on


def base_url(settings: Settings) -> str:
    """Return CRYOKEEP_PUBLIC_URL, or where this machine listens; without a slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = getfqdn() if settings.host in EVERYWHERE else settings.host
    secure = settings.tls_cert is not None or not settings.loopback_only
    return f"{'https' if secure else 'http'}://{host}:{settings.port}"
