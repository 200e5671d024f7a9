"""How a vial leaves for good: shipped, thawed, used up for tests, lost; and how quality reverses an ending."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.accounts import service as accounts
from server.accounts.proof import Proof
from server.accounts.rules import why_not_sign_unseen
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.genealogy.queries import children
from server.genealogy.rules import why_not_note
from server.storage import queries, rules
from server.storage.models import Custody, Vial
from server.storage.queries.holds import ref
from server.storage.rules import Act
from server.storage.rules.lineage import why_not_reversed
from server.storage.rules.states import state_reversed
from server.storage.service.clearing import end_if_cleared
from server.storage.service.guarding import refuse_if_waiting, refuse_use
from server.storage.service.holding import refuse_if_held
from server.storage.service.reservations import end_reservation
from server.storage.service.stays import (
    Moment,
    begin_stay,
    end_stay,
    hold,
    occupy,
    refuse,
    why_not_into,
)
from server.storage.service.vials import Purpose, become, refuse_if_promised, trace

REVERSE_MEANING = N_(
    "I state that this ending was recorded by mistake; both facts stay in the record."
)


def ship_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    recipient_org_id: int,
    *,
    purpose: Purpose | None = None,
    at: datetime,
) -> Custody:
    """Hand a vial that was taken out to a recipient, in whose custody it stands from now on; ends its promise."""
    hold(session, vial)
    refuse_if_promised(session, vial, purpose)
    refuse(rules.why_not_act(vial.code, vial.state, Act.SHIP))
    refuse_use(session, vial, Act.SHIP)
    promise = queries.reservation_of(session, vial)
    when = Moment.of(at)
    before = queries.vial_path(session, vial)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    custody = begin_stay(session, actor, vial, "recipient", when, recipient_org_id=recipient_org_id)
    become(vial, Act.SHIP)
    facts: dict[str, Any] = {
        "recipient_org_id": recipient_org_id,
        "before": before.text or before.place,
    }
    trace(session, actor, "vial.shipped", vial, at, **facts)
    if promise is not None:
        end_reservation(session, actor, promise, "shipped", at=at)
    end_if_cleared(session, actor, vial, "used", at=at)
    return custody


def thaw_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    reason: str = "",
    *,
    ends: bool = True,
    use: str = "",
    purpose: Purpose | None = None,
    at: datetime,
    happened_at: datetime | None = None,
) -> Vial:
    """Thaw a vial that was taken out, and count it. Where it `ends` the vial is used up by that.

    Otherwise it stays in hand and may be frozen again where its tier lets it go back.
    """
    when = Moment.of(at, happened_at)
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, Act.THAW))
    refuse_if_promised(session, vial, purpose)
    refuse_use(session, vial, Act.THAW, use)
    vial.thaws += 1
    if ends:
        _use_up(session, actor, vial, Act.THAW, reason, when)
    told = {"thaws": vial.thaws, "ended": ends, "reason": reason}
    trace(session, actor, "vial.thawed", vial, at, stated_at=_stated(when), **told)
    return vial


def consume_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    reason: str = "",
    *,
    at: datetime,
    happened_at: datetime | None = None,
) -> Vial:
    """Record that a vial that was taken out was used up for tests of quality."""
    when = Moment.of(at, happened_at)
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, Act.CONSUME))
    refuse_if_promised(session, vial, None)
    refuse_use(session, vial, Act.CONSUME, "qc")
    _use_up(session, actor, vial, Act.CONSUME, reason, when)
    trace(session, actor, "vial.consumed", vial, at, stated_at=_stated(when), reason=reason)
    return vial


def use_up(session: Session, actor: Actor, vial: Vial, reason: str, when: Moment) -> None:
    """End a vial whose content has gone into others: thawed, and out of anyone's custody; asks nothing more."""
    vial.thaws += 1
    _use_up(session, actor, vial, Act.THAW, reason, when)


def _use_up(
    session: Session, actor: Actor, vial: Vial, act: Act, reason: str, when: Moment
) -> None:
    end_stay(session, actor, queries.live_custody(session, vial), when)
    begin_stay(session, actor, vial, "consumed", when, reason=reason)
    vial.state = str(rules.State.CONSUMED_QC if act is Act.CONSUME else rules.State.THAWED)
    end_if_cleared(session, actor, vial, "used", at=when.recorded_at)


def _stated(when: Moment) -> datetime | None:
    return when.happened_at if when.happened_at != when.recorded_at else None


def lose_vial(session: Session, actor: Actor, vial: Vial, reason: str, *, at: datetime) -> Vial:
    """Give up a missing vial as lost; what it was promised to has to look for another.

    A held one is refused: whoever lifts holds decides about it first.
    """
    _refuse_empty(reason, N_("Say why it is given up: where it was looked for, and by whom."))
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, Act.LOSE))
    refuse_if_held(session, [vial], Act.LOSE)
    refuse_if_waiting(session, vial)
    when = Moment.of(at)
    promise = queries.reservation_of(session, vial)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    begin_stay(session, actor, vial, "unknown", when, reason=reason)
    become(vial, Act.LOSE)
    trace(session, actor, "vial.lost", vial, at, reason=reason)
    if promise is not None:
        end_reservation(session, actor, promise, "lost", at=at)
    end_if_cleared(session, actor, vial, "used", at=at)
    return vial


def reverse_ending(
    session: Session,
    actor: Actor,
    vial: Vial,
    because: str,
    proof: Proof,
    *,
    version: int | None = None,
    at: datetime,
) -> Vial:
    """Say, signed, that an ending was recorded by mistake (BR-07): the vial is again what it was before.

    The ending stays in its life beside the reversal. A tube that may no longer stand where it was,
    because its position is taken, blocked or kept, or because of what it or the box is by now, is
    missing until it is put somewhere. Refused while something stands in the record as made out of it.
    """
    _refuse_empty(because, N_("Say what was wrong with the ending that is reversed."))
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, Act.REVERSE))
    refuse(why_not_sign_unseen(version, vial.version))
    refuse(why_not_reversed(vial.code, [one.child_code for one in children(session, ref(vial))]))
    ending, former = vial.state, queries.stay_before(session, vial)
    place = former.place if former else None
    when = Moment.of(at)
    why_missing = _why_not_there(session, vial, former, when)
    after = state_reversed(ending, place, free=why_missing is None)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    _stay_again(session, actor, vial, after, former, when)
    vial.state = str(after)
    vial.thaws -= ending == rules.State.THAWED
    session.flush()  # the signature is bound to the version that this change makes
    content = {"vial": vial.code, "ending": ending, "now": vial.state, "because": because}
    signature = accounts.sign(
        session, actor, proof, REVERSE_MEANING, kind="vial", row_id=vial.id, code=vial.code,
        version=vial.version, content=content, at=at,
    )  # fmt: skip
    told: dict[str, Any] = {
        "before": ending,
        "now": vial.state,
        "reason": because,
        "signature": signature.id,
    }
    if why_missing is not None and after is rules.State.MISSING:
        told["not_there"] = why_missing.text()
    trace(session, actor, "vial.ending_reversed", vial, at, **told)
    return vial


def _stay_again(
    session: Session,
    actor: Actor,
    vial: Vial,
    after: rules.State,
    former: Custody | None,
    when: Moment,
) -> None:
    if after is rules.State.IN_STORAGE and former is not None and former.container is not None:
        occupy(session, actor, vial, former.container, former.ordinal or 1, when, reason="reversal")
    elif after is not rules.State.LABELLED:
        place = "bench" if after is rules.State.CHECKED_OUT else "unknown"
        begin_stay(session, actor, vial, place, when, reason="reversal")


def _why_not_there(
    session: Session, vial: Vial, former: Custody | None, when: Moment
) -> Refusal | None:
    """Say why a tube cannot stand again in the position that it had; None also where it had none."""
    if former is None or former.place != "position" or former.container is None:
        return None
    hold(session, former.container, shared=True)
    try:
        why_not_into(session, vial, former.container, former.ordinal or 1, when)
    except Conflict as refused:
        return refused.refusal
    return None


def _refuse_empty(text: str, because: str) -> None:
    if not text.strip():
        raise Invalid(Refusal("no_reason", because), field="reason")
    refuse(why_not_note(text))
