"""How a vial leaves for good: destroyed with a reason and a signature, or shipped."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.accounts import service as accounts
from server.accounts.proof import Proof
from server.accounts.rules import why_not_sign_unseen
from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.storage import queries, rules
from server.storage.models import Custody, Vial
from server.storage.rules import Act
from server.storage.service.reservations import end_reservation
from server.storage.service.stays import Moment, begin_stay, end_stay, hold, refuse
from server.storage.service.vials import Purpose, refuse_if_promised, trace

DISCARD_MEANING = N_("I state that this vial is destroyed for the reason given.")


def discard_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    reason: str,
    proof: Proof,
    *,
    version: int | None = None,
    at: datetime,
) -> Custody:
    """Destroy a vial, signed, for one of the known reasons; a promised vial is refused.

    `version` is the one that the signer saw; refused where the vial has been changed since.
    """
    if reason not in rules.DISCARD_REASONS:
        because = N_("Choose why the vial is destroyed; “%(found)s” is not one of the reasons.")
        raise Invalid(Refusal("no_reason", because, {"found": reason}), field="reason")
    hold(session, vial)
    refuse(rules.why_not_act(vial.code, vial.state, Act.DISCARD))
    refuse(why_not_sign_unseen(version, vial.version))
    refuse_if_promised(session, vial, None)
    path = queries.vial_path(session, vial)
    when = Moment.of(at)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    custody = begin_stay(session, actor, vial, "destroyed", when, reason=reason)
    vial.state = str(rules.State.DESTROYED)
    session.flush()  # the signature is bound to the version that this change makes
    signature = accounts.sign(
        session,
        actor,
        proof,
        DISCARD_MEANING,
        kind="vial",
        row_id=vial.id,
        code=vial.code,
        version=vial.version,
        content={"vial": vial.code, "lot": vial.lot.code, "reason": reason, "from": path.text},
        at=at,
    )
    facts: dict[str, Any] = {"reason": reason, "before": path.text, "signature": signature.id}
    trace(session, actor, "vial.discarded", vial, at, **facts)
    return custody


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
    promise = queries.reservation_of(session, vial)
    when = Moment.of(at)
    before = queries.vial_path(session, vial)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    custody = begin_stay(session, actor, vial, "recipient", when, recipient_org_id=recipient_org_id)
    vial.state = str(rules.State.SHIPPED)
    facts: dict[str, Any] = {
        "recipient_org_id": recipient_org_id,
        "before": before.text or before.place,
    }
    trace(session, actor, "vial.shipped", vial, at, **facts)
    if promise is not None:
        end_reservation(session, actor, promise, "shipped", at=at)
    return custody
