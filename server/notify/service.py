"""Calls along the call list or a chain: who is told, who is next, and how a call ends."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.core.errors import Refusal
from server.core.plain import Asked, Plain, whole_row
from server.notify import planning, queries, telling
from server.notify.letters import PUBLIC_URL, Running, mail_body, webhook_body
from server.notify.models import Call
from server.notify.planning import Asking, Where
from server.notify.rules import Sentence, Words
from server.outbox.service import post

__all__ = [
    "PUBLIC_URL", "answer", "call", "escalate", "is_any_due", "mail_body", "tell", "webhook_body",
]  # fmt: skip

_CALL = Plain(whole_row(Call))


@dataclass(frozen=True)
class Begun:
    """A call that begins; see `letters.Running`."""

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
    answer_path: str = "",
) -> None:
    """Begin a call: the first step of the chain that is for it, or of the call list, is told at once.

    `facts` are for machines and go to webhooks as they are; chains are chosen by those named alarm_class, site
    and freezer. `steps` are the organisation's steps where the caller has asked for them already
    (`queries.ask_steps`). `answer_path` is the page to which each person's signed link leads, its token behind
    it. Where nobody can be told, that is noted, and all is looked at again each minute.
    """
    words = Words(subject, _lines(text), path, facts or {}, answer_path)
    begun = Begun(org_id, *about, severity, at)
    chains = queries.chains_in(steps or queries.ask_steps(session, org_id))
    chain = planning.chain_for(chains, severity, words)
    plan = planning.plan(session, chains, chain, Where(), _asking(begun, words, at))
    kept = {"words": words.packed(), "ended_at": None}
    _CALL.ask(session, **asdict(begun), **kept, **plan.columns())
    telling.carry_out(session, begun, words, plan, at)


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

    At the end of the list it begins again from the top, until somebody answers. What has moved on is not due
    any more: a worker that is killed before the commit leaves the call as it was, letter and all.
    """
    due = session.scalars(
        select(Call)
        .where(Call.ended_at.is_(None), Call.due_at <= now)
        .order_by(Call.due_at)
        .limit(200)
        .with_for_update(skip_locked=True)
    ).all()
    for waiting in due:
        words = Words.unpacked(waiting.words)
        with session.no_autoflush:  # a call that moves on is written once, with its letter
            chains = queries.chains_in(queries.ask_steps(session, waiting.org_id))
            chain = planning.chain_of(chains, waiting.chain_id)
            where = Where(chain.id, waiting.next_position, waiting.round)
            plan = planning.plan(session, chains, chain, where, _asking(waiting, words, now))
        for name, value in plan.columns().items():
            setattr(waiting, name, value)
        telling.carry_out(session, waiting, words, plan, now)
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


def _asking(call: Running, words: Words, at: datetime) -> Asking:
    alarm_class = str(words.facts.get("alarm_class", ""))
    return Asking(call.org_id, call.severity, alarm_class, at)


def _sentence(found: Sentence | Refusal) -> Sentence:
    return found if isinstance(found, Sentence) else Sentence(found.because, found.facts)


def _lines(text: Sentence | Refusal | Sequence[Sentence | Refusal]) -> tuple[Sentence, ...]:
    lines = (text,) if isinstance(text, Sentence | Refusal) else text
    return tuple(_sentence(line) for line in lines)
