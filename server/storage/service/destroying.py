"""Destruction: signed by who destroys and by a witness; until both have, the vial is what it was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.accounts import service as accounts
from server.accounts.proof import Proof
from server.accounts.rules import why_not_sign_unseen
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.genealogy.rules import why_not_note
from server.storage import queries, rules
from server.storage.models import Destruction, Vial
from server.storage.queries.guarding import destruction_of
from server.storage.rules import Act
from server.storage.rules.protection import why_not_witness
from server.storage.service.clearing import end_if_cleared
from server.storage.service.guarding import refuse_use
from server.storage.service.stays import Moment, begin_stay, end_stay, hold, refuse
from server.storage.service.vials import refuse_if_promised, trace

DISCARD_MEANING = N_("I state that this vial is destroyed for the reason given.")
WITNESS_MEANING = N_("I witnessed that this vial was destroyed.")
WITNESS = "storage.witness"


@dataclass(frozen=True)
class Witness:
    """A second person who has just given their own password."""

    actor: Actor
    proof: Proof


def discard_vial(
    session: Session,
    actor: Actor,
    vial: Vial,
    reason: str,
    proof: Proof,
    *,
    witness: Witness | None = None,
    version: int | None = None,
    at: datetime,
) -> Destruction:
    """Sign that a vial is destroyed for one of the known reasons; a promised or held vial is refused.

    With a witness it is destroyed at once; without one it stays what it is until a second person
    confirms it. `version` is the one that the signer saw; refused where the vial was changed since.
    """
    if reason not in rules.DISCARD_REASONS:
        because = N_("Choose why the vial is destroyed; “%(found)s” is not one of the reasons.")
        raise Invalid(Refusal("no_reason", because, {"found": reason}), field="reason")
    hold(session, vial)
    refuse(why_not_sign_unseen(version, vial.version))
    _refuse_discard(session, vial)
    signature = _sign(session, actor, vial, reason, proof, DISCARD_MEANING, at)
    assert actor.id is not None  # only a person signs
    asked = Destruction(
        org_id=vial.org_id, vial_id=vial.id, reason=reason, asked_at=at, asked_by=actor.id,
        asked_by_name=actor.name, signature_id=signature,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(asked)
            session.flush()
    except IntegrityError as error:  # another came first
        raise Conflict(Refusal("destruction_waits", _WAITS, {"vial": vial.code})) from error
    trace(session, actor, "vial.destruction_asked", vial, at, reason=reason, signature=signature)
    if witness is not None:
        witness_destruction(session, witness.actor, asked, witness.proof, at=at)
    return asked


_WAITS = N_("%(vial)s waits for the witness of its destruction already.")


def _refuse_discard(session: Session, vial: Vial) -> None:
    refuse(rules.why_not_act(vial.code, vial.state, Act.DISCARD))
    refuse_use(session, vial, Act.DISCARD)
    refuse_if_promised(session, vial, None)


def witness_destruction(
    session: Session, actor: Actor, asked: Destruction, proof: Proof, *, at: datetime
) -> Vial:
    """Confirm, signed, that a vial was destroyed: a second person's act, and only now it is destroyed."""
    vial = _open(session, asked)
    if not actor.may(WITNESS, vial.org_id):
        because = N_("%(name)s may not witness a destruction here.")
        raise Forbidden(Refusal("no_witness", because, {"name": actor.name}))
    refuse(why_not_witness(vial.code, asked.asked_by, actor.id))
    asked.ended_at, asked.ended_because, asked.ended_by_name = at, "destroyed", actor.name
    session.flush()  # from here on the vial waits for nobody
    _refuse_discard(session, vial)
    before = queries.vial_path(session, vial).text
    when = Moment.of(at)
    end_stay(session, actor, queries.live_custody(session, vial), when)
    begin_stay(session, actor, vial, "destroyed", when, reason=asked.reason)
    vial.state = str(rules.State.DESTROYED)
    session.flush()  # the witness signs the version that this change makes
    signature = _sign(session, actor, vial, asked.reason, proof, WITNESS_MEANING, at)
    asked.witness_id, asked.witness_name = actor.id, actor.name
    asked.witness_signature_id = signature
    end_if_cleared(session, actor, vial, "used", at=at)
    trace(
        session, actor, "vial.discarded", vial, at, reason=asked.reason, before=before,
        signature=asked.signature_id, destroyed_by=asked.asked_by_name, witness_signature=signature,
    )  # fmt: skip
    return vial


def end_destruction(
    session: Session, actor: Actor, asked: Destruction, note: str, *, at: datetime
) -> Vial:
    """Take back a destruction that waits (who asked) or refuse to witness it (anybody else), with a reason.

    The vial was and stays what it is; the signature under its destruction becomes void.
    """
    vial = _open(session, asked)
    if not note.strip():
        raise Invalid(Refusal("no_reason", N_("Say why it is not destroyed.")), field="note")
    refuse(why_not_note(note))
    asked.ended_because = "withdrawn" if actor.id == asked.asked_by else "refused"
    asked.ended_at, asked.ended_by_name, asked.ended_note = at, actor.name, note.strip()
    because = N_("the destruction was taken back")
    accounts.void(session, actor, kind="vial", row_id=vial.id, because=because, at=at)
    told: dict[str, Any] = {"because": asked.ended_because, "note": note.strip()}
    trace(session, actor, "vial.destruction_ended", vial, at, **told)
    session.flush()
    return vial


def _open(session: Session, asked: Destruction) -> Vial:
    vial = session.get_one(Vial, asked.vial_id)
    hold(session, vial)
    waiting = destruction_of(session, vial)
    if waiting is None or waiting.id != asked.id:
        because = N_("The destruction of %(vial)s does not wait for anybody any more.")
        raise Conflict(Refusal("ended", because, {"vial": vial.code}))
    return vial


def _sign(
    session: Session,
    actor: Actor,
    vial: Vial,
    reason: str,
    proof: Proof,
    meaning: str,
    at: datetime,
) -> int:
    content = {"vial": vial.code, "lot": vial.lot.code, "reason": reason}
    signature = accounts.sign(
        session, actor, proof, meaning, kind="vial", row_id=vial.id, code=vial.code,
        version=vial.version, content=content, at=at,
    )  # fmt: skip
    return signature.id
