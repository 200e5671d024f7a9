"""What a letter about a call says: to persons in their language, to machines as JSON."""

import json
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.orm import Session

from server.core.words import N_
from server.notify import links
from server.notify.reached import Address
from server.notify.rules import Sentence, Words
from server.outbox.service import post

PUBLIC_URL: Final = "{public_url}"
"""Stands in a letter for the server's address, which the sender knows."""
WEBHOOK: Final = "webhook"
_ANSWER = N_("I take it: %(link)s")


class Running(Protocol):
    """What telling needs of a call: its row, or one that is being written."""

    @property
    def org_id(self) -> int:
        """Whose call list it runs along."""

    @property
    def about_kind(self) -> str:
        """What it is about, with `about_id`."""

    @property
    def about_id(self) -> int:
        """The number of that."""

    @property
    def severity(self) -> str:
        """How bad it is."""

    @property
    def began_at(self) -> datetime:
        """When it began."""


def write(session: Session, call: Running, words: Words, to: Address, at: datetime) -> int:
    """Queue the letter about this call to one address and return its number.

    A person gets a link of their own with which they may answer.
    """
    if to.channel == WEBHOOK:
        subject, body = words.subject.text(), webhook_body(call, words)
    else:
        subject = words.subject.text(to.language)
        body = mail_body(words, to.language, _token(session, call, words, to, at))
    return post(
        session, to.channel, to.address, subject, body, at=at, about=(call.about_kind, call.about_id),
        urgent=True, org_id=call.org_id,
    )  # fmt: skip


def mail_body(words: Words, language: str, token: str = "") -> str:
    """Return the text of a mail; the sender puts the server's address before the paths.

    `token` is what the person's own link to answer ends with (`links.token_for`).
    """
    lines = [line.text(language) for line in words.text]
    if words.path:
        lines += ["", f"{PUBLIC_URL}{words.path}"]
    if words.answer_path and token:
        line = Sentence(_ANSWER, {"link": f"{PUBLIC_URL}{words.answer_path}/{token}"})
        lines += ["", line.text(language)]
    return "\n".join(lines) + "\n"


def _token(session: Session, call: Running, words: Words, to: Address, at: datetime) -> str:
    if not words.answer_path or to.person_id is None:
        return ""
    return links.token_for(session, (call.about_kind, call.about_id), to.person_id, at=at)


def webhook_body(call: Running, words: Words) -> str:
    """Return what a webhook gets: the sentences in English, and the facts for machines."""
    return json.dumps(
        {
            "kind": call.about_kind,
            "id": call.about_id,
            "severity": call.severity,
            "subject": words.subject.text(),
            "text": " ".join(line.text() for line in words.text),
            "url": f"{PUBLIC_URL}{words.path}",
            "began_at": call.began_at.isoformat(),
            **words.facts,
        },
        ensure_ascii=False,
    )
