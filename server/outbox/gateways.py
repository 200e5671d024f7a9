"""The gateway channel: SMS, voice, WeCom, DingTalk, Feishu, Teams, ntfy, Matrix and others, through Apprise.

Apprise is an extra (`cryokeep[notify]`); without it letters of this channel wait, and pages say why. An address
is an Apprise URL. It holds tokens, so it is shown only by its scheme.
"""

import importlib.util
import logging
import re
import threading
from functools import cache
from typing import Any, Final

from server.core.errors import Refusal
from server.core.words import N_
from server.outbox.channels import NotSent
from server.outbox.repeats import body_of
from server.outbox.rules import Parcel, scheme_of, shown_gateway

ANSWER_WITHIN_S: Final = 5.0
"""For the connection, and for each answer."""
OF_THE_MACHINE: Final = frozenset(
    {"syslog", "dbus", "qt", "kde", "glib", "gnome", "macosx", "windows"}
)
"""Schemes that only tell the server's own machine, where nobody looks."""
_LOADING: Final = threading.Lock()
_SECRETS_SPLIT = re.compile(r"[/:@?&=#%]+")


@cache
def is_installed() -> bool:
    """Say whether the extra is there."""
    return importlib.util.find_spec("apprise") is not None


def why_not_address(address: str) -> Refusal | None:
    """Say why no letter can go to this Apprise URL, or None when it can be tried. The URL is not repeated."""
    if not is_installed():
        because = N_(
            "This server has no gateways: install the extra “notify” (cryokeep[notify]) and start it again."
        )
        return Refusal("no_gateways", because)
    found = {"found": shown_gateway(address)}
    if scheme_of(address) in OF_THE_MACHINE:
        because = N_(
            "“%(found)s” tells only the server's own machine; choose one that reaches a person."
        )
        return Refusal("local_gateway", because, found)
    if _notifier(address) is None:
        because = N_(
            "“%(found)s” is no address that Apprise understands; something like ntfy://host/topic or"
            " wecombot://KEY is expected. Each gateway's form stands in Apprise's documentation."
        )
        return Refusal("bad_gateway", because, found)
    return None


class GatewayCarrier:
    """Hands letters to one gateway; Apprise says only yes or no, its log says why."""

    def __init__(self, public_url: str) -> None:
        self.public_url = public_url

    def send(self, parcel: Parcel) -> None:
        """Hand over one letter; the gateway's acceptance counts as sent."""
        notifier = _notifier(parcel.address)
        if notifier is None:
            raise NotSent(f"{shown_gateway(parcel.address)} is no gateway that Apprise knows")
        body = body_of(parcel, self.public_url)
        with _Reasons() as reasons:
            taken = notifier.notify(
                title=" ".join(parcel.subject.split()), body=body, notify_type=_kind(parcel),
                body_format="text",
            )  # fmt: skip
        if not taken:
            raise NotSent(without_secrets(parcel.address, reasons.text()))

    def abort(self) -> None:
        """An attempt ends by itself: each connection and each answer has its time."""

    def close(self) -> None:
        """Nothing is kept."""


def without_secrets(address: str, text: str) -> str:
    """Return the text with the parts of the address, which may be tokens, left out."""
    host = address.partition("://")[2].split("/")[0].rpartition("@")[2]
    for part in _SECRETS_SPLIT.split(address.partition("://")[2]):
        if len(part) > 3 and part not in host:
            text = text.replace(part, "…")
    return text or "the gateway refused it"


def _kind(parcel: Parcel) -> str:
    return "failure" if parcel.urgent else "info"


def _notifier(address: str) -> Any:  # noqa: ANN401  Apprise is an extra; its types may be absent
    if not is_installed():
        return None
    from apprise import Apprise  # noqa: PLC0415  an extra, and slow to import

    with _LOADING:  # the first one loads all plugins; lanes are threads
        notifier = Apprise.instantiate(address, suppress_exceptions=True)
    if notifier is not None:
        notifier.socket_connect_timeout = notifier.socket_read_timeout = ANSWER_WITHIN_S
    return notifier


class _Reasons(logging.Handler):
    """Listens to what Apprise says in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self._said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.thread == self._thread:
            self._said.append(record.getMessage())

    def text(self) -> str:
        """Return what was said."""
        return "; ".join(self._said)

    def __enter__(self) -> "_Reasons":
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger("apprise").removeHandler(self)
