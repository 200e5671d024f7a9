"""Calls along the call list: who is told, who is next, and how a call ends."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.core.errors import Refusal
from server.core.plain import Asked, Plain, whole_row
from server.notify import queries, rules
from server.notify.models import Call, Notice
from server.notify.queries import StepRow
from server.notify.rules import Sentence, Step, Words
from server.outbox.service import post

_CALL = Plain(whole_row(Call))
_NOTICE = Plain(
    whole_row(Notice).values(
        call_id=select(Call.id)
        .where(
            Call.about_kind == bindparam("about_kind"),
            Call.about_id == bindparam("about_id"),
            Call.ended_at.is_(None),
        )
        .scalar_subquery()
    )
)


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


@dataclass(frozen=True)
class Begun:
    """A call that begins; see `Running`."""

    org_id: int
    about_kind: str
    about_id: int
    severity: str
    began_at: datetime


def call(
    session: Session,
    *,
    org_id: int,
    about: tuple[str, int],
    severity: str,
    subject: Sentence,
    text: Sentence | Sequence[Sentence],
    path: str,
    at: datetime,
    facts: Mapping[str, object] | None = None,
    steps: Asked | None = None,
) -> None:
    """Begin a call: the first step of the organisation's list is told at once.

    `facts` are for machines and go to webhooks as they are. `steps` is the list where the caller has asked
    for it already (`queries.ask_steps`). With an empty list nobody is told; it
    is looked at again each minute.
    """
    words = Words(subject, _lines(text), path, facts or {})
    begun = Begun(org_id, *about, severity, at)
    step = _next_step(steps or queries.ask_steps(session, org_id), 0)
    kept = {"words": words.packed(), "ended_at": None, "chain_id": None, "round": 1}
    row = asdict(begun) | kept | _where_it_is(step, 0, at)
    _CALL.ask(session, **row)
    if step:
        _tell(session, begun, words, step, at)


def answer(session: Session, about: tuple[str, int], at: datetime) -> bool:
    """End the running call about this: nobody else is told. Says whether there was one."""
    ended = session.execute(
        update(Call)
        .where(Call.about_kind == about[0], Call.about_id == about[1], Call.ended_at.is_(None))
        .values(ended_at=at, due_at=None)
        .execution_options(synchronize_session=False)
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def is_any_due(session: Session, now: datetime) -> bool:
    """Say whether `escalate` would tell anybody now; only reads."""
    due = select(Call.id).where(Call.ended_at.is_(None), Call.due_at <= now).limit(1)
    return session.scalar(due) is not None


def escalate(session: Session, now: datetime) -> int:
    """Tell the next step of every call that nobody has answered in time; returns how many calls.

    At the end of the list it begins again from the top, until somebody answers.
    """
    due = session.scalars(
        select(Call)
        .where(Call.ended_at.is_(None), Call.due_at <= now)
        .order_by(Call.due_at)
        .limit(200)
        .with_for_update(skip_locked=True)
    ).all()
    for waiting in due:
        with session.no_autoflush:  # a call that moves on is written once, with its letter
            steps = queries.ask_steps(session, waiting.org_id)
        step = _next_step(steps, waiting.next_position)
        for name, value in _where_it_is(step, waiting.next_position, now).items():
            setattr(waiting, name, value)
        if step:
            _tell(session, waiting, Words.unpacked(waiting.words), step, now)
    return len(due)


def tell(
    session: Session,
    person: Person,
    subject: Sentence | Refusal,
    text: Sentence | Refusal | Sequence[Sentence | Refusal],
    path: str,
    at: datetime,
    *,
    about: tuple[str, int] | None = None,
) -> int | None:
    """Queue one mail to one person in their language and return its number; None where they are switched off."""
    if not person.active:
        return None
    words = Words(_sentence(subject), _lines(text), path)
    title, body = words.subject.text(person.language), mail_body(words, person.language)
    return post(
        session, "smtp", person.email, title, body, at=at, about=about, org_id=person.org_id
    )


def mail_body(words: Words, language: str) -> str:
    """Return the text of a mail; the sender puts the server's address before the path."""
    lines = [line.text(language) for line in words.text]
    if words.path:
        lines += ["", f"{PUBLIC_URL}{words.path}"]
    return "\n".join(lines) + "\n"


PUBLIC_URL = "{public_url}"
"""Stands in a letter for the server's address, which the sender knows."""


def _next_step(asked: Asked, position: int) -> StepRow | None:
    steps = [one for one in queries.steps_in(asked) if one.webhook or one.active]
    chosen = rules.step_to_tell([Step(s.position, s.wait_s) for s in steps], position)
    return next((step for step in steps if chosen and step.position == chosen.position), None)


def _where_it_is(step: StepRow | None, position: int, at: datetime) -> dict[str, object]:
    """How far along the list a call is once this step has been told."""
    told = Step(step.position, step.wait_s) if step else None
    return {
        "due_at": rules.due_after(told, at),
        "next_position": step.position + 1 if step else position,
    }


def _tell(session: Session, told: Running, words: Words, step: StepRow, at: datetime) -> None:
    letter_id = _letter(session, told, words, step, at)
    _NOTICE.ask(
        session,
        about_kind=told.about_kind,
        about_id=told.about_id,
        position=step.position,
        person_id=step.person_id,
        letter_id=letter_id,
        at=at,
        note="",
    )


def _letter(session: Session, waiting: Running, words: Words, step: StepRow, at: datetime) -> int:
    about = (waiting.about_kind, waiting.about_id)
    if step.webhook:
        subject, body = words.subject.text(), webhook_body(waiting, words)
        return post(
            session,
            "webhook",
            step.webhook,
            subject,
            body,
            at=at,
            about=about,
            urgent=True,
            org_id=waiting.org_id,
        )
    subject, body = words.subject.text(step.language), mail_body(words, step.language)
    return post(
        session,
        "smtp",
        step.email,
        subject,
        body,
        at=at,
        about=about,
        urgent=True,
        org_id=waiting.org_id,
    )


def webhook_body(waiting: Running, words: Words) -> str:
    """Return what a webhook gets: the sentences in English, and the facts for machines."""
    return json.dumps(
        {
            "kind": waiting.about_kind,
            "id": waiting.about_id,
            "severity": waiting.severity,
            "subject": words.subject.text(),
            "text": " ".join(line.text() for line in words.text),
            "url": f"{PUBLIC_URL}{words.path}",
            "began_at": waiting.began_at.isoformat(),
            **words.facts,
        },
        ensure_ascii=False,
    )


def _sentence(found: Sentence | Refusal) -> Sentence:
    return found if isinstance(found, Sentence) else Sentence(found.because, found.facts)


def _lines(text: Sentence | Refusal | Sequence[Sentence | Refusal]) -> tuple[Sentence, ...]:
    lines = (text,) if isinstance(text, Sentence | Refusal) else text
    return tuple(_sentence(line) for line in lines)
