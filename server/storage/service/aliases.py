"""A tube gets another code: it is re-labelled, or others have their own name for it (BR-01)."""

from datetime import datetime

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from server.core.actor import Actor
from server.core.errors import Conflict
from server.storage.models import Vial, VialAlias
from server.storage.rules.aliases import why_not_alias
from server.storage.service.sites import keep_new
from server.storage.service.stays import hold
from server.storage.service.tube_codes import refuse_any
from server.storage.service.vials import trace


def add_alias(
    session: Session, actor: Actor, vial: Vial, code: str, kind: str, *, at: datetime
) -> VialAlias:
    """Let the vial be found by this code too, for ever; `kind` is label or external.

    Refused where the code is or was any tube's, and for a new label on a tube that has left for good.
    """
    hold(session, vial)
    if refusal := why_not_alias(vial.code, vial.state, code, kind):
        raise Conflict(refusal, field="kind" if refusal.code == "bad_alias" else "code")
    refuse_any(session, vial.org_id, code)
    alias = VialAlias(vial_id=vial.id, code=code, kind=kind, at=at, by_name=actor.name)
    keep_new(session, alias, code)
    flag_modified(vial, "comment")  # a new version: whoever saw the vial has not seen this code
    session.flush()
    trace(session, actor, "vial.alias_added", vial, at, alias=code, kind=kind)
    return alias
