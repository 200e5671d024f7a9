"""A placing taken back: the vial is again what it was before it had any place."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.storage import queries
from server.storage.models import Vial
from server.storage.rules import State
from server.storage.service.holding import refuse_if_held
from server.storage.service.stays import Moment, end_stay, hold

WITHOUT_PLACE = frozenset({State.LABELLED, State.FILLED})
NOT_THERE = N_("%(vial)s is in no position any more, so that its placing cannot be taken back.")


def unplace(session: Session, actor: Actor, vial: Vial, state: str, *, at: datetime) -> None:
    """End the stay of a vial that had no place before it, and give it its state of then.

    The stay is kept with its two times. `state` is labelled or filled; refused where the vial is in
    no position now, or on hold.
    """
    hold(session, vial)
    if state not in WITHOUT_PLACE:
        raise ValueError(f"{state} is no state of a vial without a place")
    stay = queries.live_custody(session, vial)
    if stay is None or stay.place != "position":
        raise Conflict(Refusal("not_placed", NOT_THERE, {"vial": vial.code}))
    refuse_if_held(session, [vial], "move")
    end_stay(session, actor, stay, Moment.of(at, None))
    before, vial.state, vial.verified_at = vial.state, state, None
    session.flush()
    audit.record(
        session, actor, "vial.unplaced", "vial", vial.code, at=at, org_id=vial.org_id,
        before=before, state=state,
    )  # fmt: skip
