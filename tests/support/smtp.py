"""A mail server that keeps what it is given."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller

from tests.support.ports import free_port
from tests.support.waiting import eventually


class SmtpSink:
    """Collects mails on a free port of 127.0.0.1; `refuse` makes it answer 451 to every mail."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self.mails: list[EmailMessage] = []
        self.refuse = False
        self._controller = Controller(self, hostname=self.host, port=self.port)
        self._controller.start()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take or refuse one mail."""
        if self.refuse:
            return "451 not now"
        self.mails.append(
            cast("EmailMessage", message_from_bytes(envelope.content, policy=policy.default))
        )
        return "250 kept"

    def wait_for(self, count: int = 1, timeout: float = 15) -> list[EmailMessage]:
        """Return the mails as soon as there are `count` of them."""
        return (
            eventually(lambda: self.mails if len(self.mails) >= count else None, timeout=timeout)
            or []
        )

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to this address."""
        return [mail for mail in self.mails if address in str(mail["to"])]

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()
