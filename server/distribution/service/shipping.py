"""Hand the picked vials to the carrier: from now on they stand in the recipient's custody."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.distribution import queries, rules
from server.distribution.models import Request
from server.distribution.rules import Act
from server.distribution.service import steps
from server.storage import service as storage

LONGEST = 120


def ship(
    session: Session, actor: Actor, request: Request, carrier: str, tracking: str, *, at: datetime
) -> Request:
    """Ship all vials of the request to the requester's organisation with this carrier.

    Refused where the lot of one has been recalled, rejected or put into quarantine meanwhile.
    """
    if refusal := why_not_carrier(carrier, tracking):
        raise Invalid(refusal, field="carrier")
    steps.hold(session, request)
    steps.check(rules.why_not_act(request.code, request.state, Act.SHIP))
    vials = [chosen.vial for chosen in queries.vials_of(session, request.id)]
    for vial in vials:
        steps.refuse_withheld(session, vial)
        storage.ship_vial(
            session, actor, vial, request.requester_org_id, purpose=(steps.KIND, request.id), at=at
        )
    request.carrier, request.tracking = carrier.strip(), tracking.strip()
    request.shipped_at, request.shipped_by_name = at, actor.name
    codes = [vial.code for vial in vials]
    told = {"carrier": request.carrier, "tracking": request.tracking}
    steps.advance(session, actor, request, Act.SHIP, "request.shipped", at=at, vials=codes, **told)
    subject = N_("%(request)s: %(line)s is on its way")
    text = N_(
        "%(sent)s × %(line)s left the bank with %(carrier)s, number %(tracking)s. On arrival, transfer the vials to gas-phase nitrogen."
    )
    steps.tell_requester(
        session,
        request,
        subject,
        text,
        at=at,
        sent=len(vials),
        **{**told, "tracking": request.tracking or "—"},
    )
    return request


def why_not_carrier(carrier: str, tracking: str) -> Refusal | None:
    """Say what is missing about the carrier, or None when nothing is."""
    if not carrier.strip():
        return Refusal("no_carrier", N_("Say who carries the vials."))
    found = max(len(carrier), len(tracking))
    if found > LONGEST:
        because = N_("This text has %(found)s characters; at most %(most)s are expected.")
        return Refusal("long_text", because, {"found": found, "most": LONGEST})
    return None
