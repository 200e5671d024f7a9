"""The mail channel: one kept connection to the mail server that the settings name."""

import contextlib
import smtplib
import ssl
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.outbox.channels import NotSent
from server.outbox.repeats import POSSIBLE_REPEAT, body_of
from server.outbox.rules import SEND_WITHIN_S, Parcel

CONNECT_S = 5.0
KEPT_FOR_S = 20.0
"""A connection idle for longer is made anew: mail servers hang up on idlers."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes: read from smtp://user:password@host:port?starttls=1 or smtps://..."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool

    @classmethod
    def read(cls, address: str) -> "MailServer":
        """Return the server of this address; refuses one that is none."""
        url = urlsplit(address)
        if url.scheme not in {"smtp", "smtps"} or not url.hostname:
            because = N_(
                "CRYOKEEP_SMTP is no mail server; smtp://host:port or smtps://host is expected."
            )
            raise Invalid(Refusal("bad_smtp", because))
        tls = url.scheme == "smtps"
        starttls = parse_qs(url.query).get("starttls", ["0"])[0] not in {"0", "no", "false"}
        port = url.port or (465 if tls else 587 if starttls else 25)
        return cls(
            url.hostname,
            port,
            unquote(url.username or ""),
            unquote(url.password or ""),
            starttls,
            tls,
        )


class SmtpCarrier:
    """Hands mails to the mail server."""

    def __init__(self, server: MailServer, sender: str, public_url: str) -> None:
        self.server = server
        self.sender = sender
        self.public_url = public_url
        self._connection: smtplib.SMTP | None = None
        self._used_at = 0.0

    def send(self, parcel: Parcel) -> None:
        """Hand over one mail; the server's acceptance counts as sent."""
        mail = self._mail(parcel)
        try:
            self._deliver(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            self.close()
            raise NotSent(_why(error), address_only=True) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise NotSent(_why(error)) from error
        self._used_at = time.monotonic()

    def abort(self) -> None:
        """Cut the connection under an attempt that takes too long."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(2)

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _deliver(self, mail: EmailMessage) -> None:
        if self._connection is not None and time.monotonic() - self._used_at < KEPT_FOR_S:
            try:
                self._connection.send_message(mail)
            except (smtplib.SMTPServerDisconnected, ConnectionError):
                self.close()
            else:
                return
        self.close()
        self._connect().send_message(mail)

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        context = ssl.create_default_context()
        if server.tls:
            self._connection = smtplib.SMTP_SSL(
                server.host, server.port, timeout=CONNECT_S, context=context
            )
        else:
            self._connection = smtplib.SMTP(server.host, server.port, timeout=CONNECT_S)
        assert self._connection.sock is not None
        self._connection.sock.settimeout(SEND_WITHIN_S)
        if server.starttls:
            self._connection.starttls(context=context)
        if server.user:
            self._connection.login(server.user, server.password)
        return self._connection

    def _mail(self, parcel: Parcel) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self.sender
        mail["To"] = parcel.address
        mail["Subject"] = " ".join(parcel.subject.split())
        mail["Date"] = format_datetime(parcel.created_at)
        mail["Message-ID"] = f"<{parcel.message_id}>"
        mail["X-Cryokeep-Message-Id"] = parcel.message_id
        mail["Auto-Submitted"] = "auto-generated"
        if parcel.urgent:
            mail["X-Priority"] = "1"
        if parcel.maybe_sent:
            mail[POSSIBLE_REPEAT] = "yes"
        mail.set_content(body_of(parcel, self.public_url))
        return mail


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {_text(text)}" for code, text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
