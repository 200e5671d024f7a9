"""Waits until the running house says that it is ready, and shows what it waits for."""

import json
import ssl
import sys
import threading
import urllib.error
import urllib.request

from server.core.address import local_url
from server.core.settings import Settings

TRIES = 240
PAUSE_S = 0.25


def address(settings: Settings) -> str:
    """Return where the pages are, without a slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    return local_url(settings)


def wait(settings: Settings, stop: threading.Event) -> bool:
    """Wait for a minute at most until /readyz is content; says what was missing when it was not."""
    missing = "the pages"
    for _ in range(TRIES):
        if stop.wait(PAUSE_S):
            return False
        missing = _missing(settings)
        if not missing:
            return True
    sys.stderr.write(f"Not ready after a minute: {missing}. See {settings.home / 'log'}.\n")
    return False


def _missing(settings: Settings) -> str:
    url = f"{local_url(settings)}/readyz"
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # its own pages, on its own machine; nothing is sent
    try:
        with urllib.request.urlopen(url, timeout=2, context=context):  # noqa: S310  an address of our own
            return ""
    except urllib.error.HTTPError as answer:
        return _named(answer.read())
    except OSError as error:
        return f"the pages ({error})"


def _named(body: bytes) -> str:
    try:
        parts = json.loads(body)
    except ValueError:
        return "the pages"
    found = {name: part for name, part in parts.items() if isinstance(part, dict)}
    return ", ".join(
        f"{name}: {part['because']}" for name, part in found.items() if not part["ready"]
    )
