"""Levels measured by hand, and notes: two times each, late ones marked, nothing overwritten.

In one great loss the levels of four weeks were entered afterwards, with the days that they were said to be of;
only the files' own times told. Here the time of entering is the server's and always shown.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_, Sentence
from server.storage.models import Container
from server.telemetry.entry_models import FreezerEntry
from server.telemetry.happened import Line
from server.telemetry.quantities import figure

LATE: Final = timedelta(minutes=30)
"""Entered so long after it was measured, an entry is marked late."""
OLDEST: Final = timedelta(days=366)
MOST_MM: Final = 3000.0
MOST_WORDS: Final = 1000


def enter(
    session: Session, actor: Actor, freezer: Container, *, measured_at: datetime, at: datetime,
    level_mm: float | None = None, text: str = "", corrects: FreezerEntry | None = None,
) -> FreezerEntry:  # fmt: skip
    """Enter a level (mm of liquid above the vessel's floor, from 0 to 3,000) or, without one, a note.

    `measured_at` is when it was so; one in the future or over a year ago is refused, a late one is taken and
    marked. `corrects` is the entry that it puts right: of this freezer and not put right before; it stays.
    """
    _check(level_mm, text, measured_at, at)
    if corrects is not None:
        _check_correction(session, freezer, corrects)
    made = FreezerEntry(
        org_id=freezer.org_id, freezer_id=freezer.id,
        kind="note" if level_mm is None else "dipstick", level_mm=level_mm,
        text=text.strip()[:MOST_WORDS], measured_at=measured_at, entered_at=at,
        by_id=actor.id if actor.kind == "person" else None, by_name=actor.name,
        corrects_id=corrects.id if corrects else None,
    )  # fmt: skip
    session.add(made)
    session.flush()  # reason: the audit entry names it
    audit.record(
        session, actor, "freezer.level_entered" if level_mm is not None else "freezer.noted",
        "freezer", freezer.code, at=at, org_id=freezer.org_id, stated_at=measured_at,
        level_mm=level_mm, text=made.text, late_s=round(late_by(made).total_seconds()),
        corrects=made.corrects_id,
    )  # fmt: skip
    return made


def late_by(entry: FreezerEntry) -> timedelta:
    """Return how long after the measurement it was entered."""
    return entry.entered_at - entry.measured_at


def is_late(entry: FreezerEntry) -> bool:
    """Say whether it is marked late."""
    return late_by(entry) > LATE


def of_freezer(
    session: Session, freezer_id: int, since: datetime, until: datetime | None = None
) -> Sequence[FreezerEntry]:
    """Return a freezer's entries whose measurement lies in this time, the newest first, corrected ones too."""
    query = select(FreezerEntry).where(
        FreezerEntry.freezer_id == freezer_id, FreezerEntry.measured_at >= since
    )
    if until is not None:
        query = query.where(FreezerEntry.measured_at < until)
    newest = query.order_by(FreezerEntry.measured_at.desc(), FreezerEntry.id.desc())
    return session.scalars(newest).all()


def corrected(session: Session, entries: Sequence[FreezerEntry]) -> set[int]:
    """Return the numbers of those that a later entry puts right."""
    ids = [one.id for one in entries]
    found = select(FreezerEntry.corrects_id).where(FreezerEntry.corrects_id.in_(ids))
    return {one for one in session.scalars(found) if one is not None}


def lines(session: Session, freezer_id: int, since: datetime) -> list[Line]:
    """Return the entries as lines of what happened."""
    found = of_freezer(session, freezer_id, since)
    wrong = corrected(session, found)
    return [_line(one, wrong=one.id in wrong) for one in found]


def _line(one: FreezerEntry, *, wrong: bool) -> Line:
    facts: dict[str, object] = {"who": one.by_name, "text": one.text}
    if one.level_mm is not None:
        facts["level"] = figure("level_mm", one.level_mm)
        text = N_("Dipstick: %(level)s (%(who)s) %(text)s")
    else:
        text = N_("Note by %(who)s: %(text)s")
    if wrong:
        return Line(one.measured_at, Sentence(text, facts), "plain", Sentence(N_("put right")))
    if is_late(one):
        when = f"{one.entered_at:%Y-%m-%d %H:%M} UTC"
        late = Sentence(N_("entered late, %(when)s"), {"when": when})
        return Line(one.measured_at, Sentence(text, facts), "warning", late)
    return Line(one.measured_at, Sentence(text, facts))


def _check(level_mm: float | None, text: str, measured_at: datetime, at: datetime) -> None:
    if level_mm is None and not text.strip():
        because = N_("Give a level, or write a note.")
        raise Invalid(Refusal("empty_entry", because), field="level_mm")
    if level_mm is not None and not 0 <= level_mm <= MOST_MM:
        because = N_("%(found)s mm cannot be; from 0 to 3000 is expected.")
        raise Invalid(Refusal("bad_level", because, {"found": f"{level_mm:g}"}), field="level_mm")
    if measured_at > at + timedelta(minutes=2):
        because = N_("That is still to come; enter it when it has been measured.")
        raise Invalid(Refusal("in_the_future", because), field="measured_at")
    if measured_at < at - OLDEST:
        because = N_("That is more than a year ago; bring old records in as a controller's log.")
        raise Invalid(Refusal("too_old", because), field="measured_at")


def _check_correction(session: Session, freezer: Container, corrects: FreezerEntry) -> None:
    if corrects.freezer_id != freezer.id:
        because = N_("That entry is of another freezer.")
        raise Conflict(Refusal("other_freezer", because))
    if corrected(session, [corrects]):
        because = N_("That entry has been put right already; put the later one right.")
        raise Conflict(Refusal("already_corrected", because))
