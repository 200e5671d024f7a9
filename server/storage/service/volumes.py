"""The volume ledger: every change is a line of its own, and no vial falls below zero."""

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict
from server.storage.models import Vial, VolumeEntry
from server.storage.rules.lineage import why_not_draw
from server.storage.service.stays import Moment


def draw(
    session: Session,
    actor: Actor,
    vial: Vial,
    volume_ul: int,
    reason: str,
    about: str,
    when: Moment,
) -> VolumeEntry:
    """Take so much out of a vial that is held; refused where less is in it or nobody knows how much."""
    if refusal := why_not_draw(vial.code, vial.volume_ul, volume_ul):
        raise Conflict(refusal, field="volume_ul")
    return enter(session, actor, vial, -volume_ul, reason, about, when)


def enter(
    session: Session,
    actor: Actor,
    vial: Vial,
    change_ul: int,
    reason: str,
    about: str,
    when: Moment,
) -> VolumeEntry:
    """Write a line of the ledger and what is in the vial after it; the caller holds the vial."""
    vial.volume_ul = (vial.volume_ul or 0) + change_ul
    entry = VolumeEntry(
        vial_id=vial.id, change_ul=change_ul, after_ul=vial.volume_ul, reason=reason, about=about,
        happened_at=when.happened_at, recorded_at=when.recorded_at, by_name=actor.name,
    )  # fmt: skip
    session.add(entry)
    return entry
