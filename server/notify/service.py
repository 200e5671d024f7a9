"""Calls along the call list: who is told, who is next, and how a call ends."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.core.errors import Refusal
from server.notify import queries, rules
from server.notify.models import Call, Notice
from server.notify.queries import StepRow
from server.notify.rules import Sentence, Step, Words
from server.outbox.models import Letter
from server.outbox.service import post


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
) -> Call:
    """Begin a call: the first step of the organisation's list is told at once.

    `facts` are for machines and go to webhooks as they are. With an empty list nobody is told; it
    is looked at again each minute.
    """
    words = Words(subject, _lines(text), path, facts or {})
    begun = Call(
        org_id=org_id,
        about_kind=about[0],
        about_id=about[1],
        severity=severity,
        words=words.packed(),
        next_position=0,
        due_at=at,
        began_at=at,
    )
    session.add(begun)
    _tell_next(session, begun, words, at)
    return begun


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
        _tell_next(session, waiting, Words.unpacked(waiting.words), now)
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
) -> Letter | None:
    """Queue one mail to one person in their language; None where the person is switched off."""
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


def _tell_next(session: Session, waiting: Call, words: Words, at: datetime) -> None:
    steps = [step for step in _steps_of(session, waiting.org_id) if step.webhook or step.active]
    by_position = {step.position: step for step in steps}
    chosen = rules.step_to_tell([Step(s.position, s.wait_s) for s in steps], waiting.next_position)
    waiting.due_at = rules.due_after(chosen, at)
    if chosen is None:
        return
    waiting.next_position = chosen.position + 1
    step = by_position[chosen.position]
    letter = _letter(session, waiting, words, step, at)
    session.flush()  # reason: the notice names both the call and the letter by their numbers
    session.add(
        Notice(
            call_id=waiting.id,
            position=step.position,
            person_id=step.person_id,
            letter_id=letter.id,
            at=at,
        )
    )


def _steps_of(session: Session, org_id: int) -> list[StepRow]:
    with session.no_autoflush:  # what waits to be written is written once, with the letter
        return queries.steps_of(session, org_id)


def _letter(session: Session, waiting: Call, words: Words, step: StepRow, at: datetime) -> Letter:
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


def webhook_body(waiting: Call, words: Words) -> str:
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
