"""What is found out about a vial in hand: that it is damaged, and how much is in it."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.genealogy.rules import why_not_note
from server.storage import rules
from server.storage.models import Vial, VolumeEntry
from server.storage.rules.lineage import why_not_measured
from server.storage.service.stays import Moment, hold, refuse
from server.storage.service.vials import trace
from server.storage.service.volumes import enter


def mark_damaged(session: Session, actor: Actor, vial: Vial, note: str, *, at: datetime) -> None:
    """Mark a vial as damaged: it is promised, shipped and shared out no more, and still has to be destroyed."""
    _begin(session, vial, note)
    if vial.damaged_at is not None:
        because = N_("%(vial)s is marked as damaged already.")
        raise Conflict(Refusal("damaged", because, {"vial": vial.code}))
    vial.damaged_at = at
    trace(session, actor, "vial.damaged", vial, at, note=note.strip())


def unmark_damaged(session: Session, actor: Actor, vial: Vial, note: str, *, at: datetime) -> None:
    """Take the mark back: the vial turned out to be whole."""
    _begin(session, vial, note)
    if vial.damaged_at is None:
        because = N_("%(vial)s is not marked as damaged.")
        raise Conflict(Refusal("not_damaged", because, {"vial": vial.code}))
    vial.damaged_at = None
    trace(session, actor, "vial.found_whole", vial, at, note=note.strip())


def _begin(session: Session, vial: Vial, note: str) -> None:
    if not note.strip():
        raise Invalid(Refusal("no_note", N_("Say what was seen.")), field="note")
    refuse(why_not_note(note))
    hold(session, vial)
    if vial.state in rules.TERMINAL:
        refuse(rules.why_not_act(vial.code, vial.state, rules.Act.DISCARD))


def measure_volume(
    session: Session,
    actor: Actor,
    vial: Vial,
    found_ul: int,
    note: str = "",
    *,
    at: datetime,
) -> VolumeEntry:
    """Enter how much was found in a vial; the ledger keeps what was thought before and the difference."""
    hold(session, vial)
    if vial.state in rules.TERMINAL:
        refuse(rules.why_not_act(vial.code, vial.state, rules.Act.DISCARD))
    refuse(why_not_note(note))
    largest = vial.sample_type.largest_ul if vial.sample_type else None
    if refusal := why_not_measured(vial.code, found_ul, largest):
        raise Invalid(refusal, field="found_ul")
    before = vial.volume_ul
    change = found_ul - (before or 0)
    entry = enter(session, actor, vial, change, "measured", note.strip(), Moment.of(at))
    told = {"before": before, "now": found_ul, "note": note.strip()}
    trace(session, actor, "vial.measured", vial, at, stated_at=None, **told)
    return entry
