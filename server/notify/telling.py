"""Writes what a plan says: letters, notices of who was told and who was not, what waits for later."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from server.core.plain import Plain, whole_row
from server.core.words import packed
from server.notify import letters
from server.notify.letters import Running
from server.notify.models import Call, HeldNotice, Notice
from server.notify.planning import Note, Plan
from server.notify.rules import Words

_CALL_ID = (
    select(Call.id)
    .where(
        Call.about_kind == bindparam("about_kind"),
        Call.about_id == bindparam("about_id"),
        Call.ended_at.is_(None),
    )
    .scalar_subquery()
)
_NOTICE = Plain(whole_row(Notice).values(call_id=_CALL_ID))
_LAST_NOTE = Plain(
    select(Notice.note)
    .where(
        Notice.call_id == _CALL_ID,
        Notice.position == bindparam("position"),
        Notice.person_id.is_not_distinct_from(bindparam("person_id", type_=Integer)),
    )
    .order_by(Notice.id.desc())
    .limit(1)
)
_KEPT: dict[str, Any] = {
    "person_id": bindparam("person_id"), "call_id": _CALL_ID, "why": bindparam("why"),
    "held_at": bindparam("at"), "release_at": bindparam("until"), "released_at": None, "outcome": "",
}  # fmt: skip
_HOLD = Plain(
    insert_sqlite(HeldNotice).values(_KEPT).on_conflict_do_nothing(),
    insert_postgresql(HeldNotice).values(_KEPT).on_conflict_do_nothing(),
)


def carry_out(session: Session, call: Running, words: Words, plan: Plan, at: datetime) -> None:
    """Write the letters of this plan, each on its own, and the notices beside them."""
    for note in plan.notes:
        _note(session, call, note, at)
    for to in plan.now:
        letter_id = letters.write(session, call, words, to, at)
        _notice(session, call, plan.position, to.person_id, letter_id, "", at)


def _note(session: Session, call: Running, note: Note, at: datetime) -> None:
    """Say why somebody was not told; not once more where that was the last word about this step."""
    said = packed({"note": note.sentence})
    if note.hold and note.person_id is not None:
        _HOLD.ask(
            session, about_kind=call.about_kind, about_id=call.about_id, person_id=note.person_id,
            why=note.hold.why, at=at, until=note.hold.until,
        )  # fmt: skip
    last = _LAST_NOTE.ask(
        session, about_kind=call.about_kind, about_id=call.about_id, position=note.position,
        person_id=note.person_id,
    )  # fmt: skip
    if last.value() != said:
        _notice(session, call, note.position, note.person_id, None, said, at)


def _notice(
    session: Session, call: Running, position: int, person_id: int | None, letter_id: int | None,
    note: str, at: datetime,
) -> None:  # fmt: skip
    _NOTICE.ask(
        session, about_kind=call.about_kind, about_id=call.about_id, position=position,
        person_id=person_id, letter_id=letter_id, note=note, at=at,
    )  # fmt: skip
