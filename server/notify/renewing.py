"""Lets a call that nobody has answered yet tell what is new when its next step is told."""

from collections.abc import Mapping, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from server.notify.models import Call
from server.notify.rules import Sentence, Words


def say_anew(
    session: Session, about: tuple[str, int], subject: Sentence, text: Sequence[Sentence],
    path: str, facts: Mapping[str, object],
) -> bool:  # fmt: skip
    """Give the running call about this other words; nobody is told sooner. Says whether there was one."""
    words = Words(subject, tuple(text), path, facts)
    changed = session.execute(
        update(Call)
        .where(Call.about_kind == about[0], Call.about_id == about[1], Call.ended_at.is_(None))
        .values(words=words.packed())
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
