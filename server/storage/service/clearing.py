"""Quality clears uses of protected vials: asked for, signed by one or two, used up with the vial."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.accounts import service as accounts
from server.accounts.proof import Proof
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.genealogy.rules import why_not_note
from server.storage.models import Clearance, ClearanceSignature, TierPolicy, Vial
from server.storage.queries import guarding as queries
from server.storage.queries.paths import vial_path
from server.storage.rules import protection
from server.storage.rules.protection import Policy
from server.storage.rules.states import Act
from server.storage.service.guarding import need_of, refuse_if_waiting
from server.storage.service.holding import refuse_if_held
from server.storage.service.stays import hold, refuse

DISCARD_USE = {"discard": N_("destroy it")}
CLEAR_MEANING = N_("I clear the use of this vial for the purpose given.")


def ask_clearance(
    session: Session, actor: Actor, vial: Vial, use: str, note: str = "", *, at: datetime
) -> Clearance:
    """Ask quality to clear the use of a protected vial; refused for one that needs no clearance."""
    hold(session, vial)
    refuse_if_held(session, [vial], Act.TAKE_OUT)
    refuse_if_waiting(session, vial)
    if use not in protection.USES | DISCARD_USE:
        because = N_("Say what %(vial)s is used for.")
        raise Invalid(Refusal("no_use", because, {"vial": vial.code}), field="use")
    act = Act.DISCARD if use in DISCARD_USE else Act.TAKE_OUT
    if act is Act.TAKE_OUT:
        wanted = queries.policy(session, vial.org_id, vial.lot.tier)
        refuse(protection.why_not_use(vial.code, act, use, wanted))
    refuse(why_not_note(note))
    needed = need_of(session, vial, act).signatures
    if not needed:
        because = N_("%(vial)s may be used without a signature of quality.")
        raise Conflict(Refusal("needs_none", because, {"vial": vial.code}))
    asked = Clearance(
        org_id=vial.org_id, vial_id=vial.id, use=use, note=note.strip(), needed=needed, asked_at=at,
        asked_by=actor.id, asked_by_name=actor.name,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(asked)
            session.flush()
    except IntegrityError as error:
        because = N_("Quality has been asked for %(vial)s already.")
        raise Conflict(Refusal("asked_already", because, {"vial": vial.code})) from error
    _trace(
        session, actor, "vial.clearance_asked", vial, at, use=use, needed=needed, note=asked.note
    )
    return asked


def sign_clearance(
    session: Session, actor: Actor, asked: Clearance, proof: Proof, *, at: datetime
) -> Clearance:
    """Clear a use, signed; never the asker's own, and each person once."""
    vial = _open(session, asked)
    signed = frozenset(each.person_id for each in asked.signed)
    refuse(
        protection.why_not_clear(
            vial.code, person_id=actor.id, asked_by=asked.asked_by, signed_by=signed
        )
    )
    assert actor.id is not None  # the rule refuses a program
    content = {
        "vial": vial.code, "lot": vial.lot.code, "use": asked.use, "note": asked.note,
        "where": vial_path(session, vial).text,
    }  # fmt: skip
    signature = accounts.sign(
        session, actor, proof, CLEAR_MEANING, kind="vial", row_id=vial.id, code=vial.code,
        version=vial.version, content=content, at=at,
    )  # fmt: skip
    asked.signed.append(
        ClearanceSignature(
            person_id=actor.id, person_name=actor.name, signature_id=signature.id, at=at
        )
    )
    session.flush()
    told: dict[str, Any] = {
        "use": asked.use,
        "signature": signature.id,
        "signed": len(asked.signed),
    }
    _trace(session, actor, "vial.use_cleared", vial, at, **told)
    return asked


def end_clearance(
    session: Session, actor: Actor, asked: Clearance, because: str, note: str = "", *, at: datetime
) -> None:
    """End a clearance: used, put back, refused by quality (with a note) or withdrawn; what was signed counts no more."""
    vial = _open(session, asked)
    if because == "refused" and not note.strip():
        raise Invalid(Refusal("no_reason", N_("Say why; who asked reads it.")), field="note")
    refuse(why_not_note(note))
    asked.ended_at, asked.ended_because = at, because
    asked.ended_by_name, asked.ended_note = actor.name, note.strip()
    session.flush()
    _trace(session, actor, "vial.clearance_ended", vial, at, because=because, note=note.strip())


def end_if_cleared(
    session: Session, actor: Actor, vial: Vial, because: str, *, at: datetime
) -> None:
    """End the clearance of a vial that has been used, or put back."""
    asked = queries.clearance_of(session, vial)
    if asked is not None:
        end_clearance(session, actor, asked, because, at=at)


def set_policy(
    session: Session,
    actor: Actor,
    org_id: int,
    wanted: Policy,
    *,
    at: datetime,
) -> TierPolicy:
    """Say what the organisation wants for a tier from now on; what it wanted before stays in the record."""
    if wanted.tier not in protection.DEFAULTS:
        because = N_("“%(found)s” is not a tier; one of %(expected)s is expected.")
        facts = {"found": wanted.tier, "expected": ", ".join(protection.DEFAULTS)}
        raise Invalid(Refusal("bad_tier", because, facts), field="tier")
    if refusal := protection.why_not_policy(wanted):
        raise Invalid(refusal)
    before = queries.policy(session, org_id, wanted.tier)
    same = (TierPolicy.org_id == org_id) & (TierPolicy.tier == wanted.tier)
    row = session.scalars(select(TierPolicy).where(same).with_for_update()).first()
    if row is None:
        row = TierPolicy(org_id=org_id, tier=wanted.tier)
        session.add(row)
    for name, value in asdict(wanted).items():
        setattr(row, name, " ".join(sorted(wanted.uses)) if name == "uses" else value)
    changed = {
        name: [_plain(value), _plain(getattr(wanted, name))]
        for name, value in asdict(replace(before, tier=wanted.tier)).items()
        if value != getattr(wanted, name)
    }
    audit.record(
        session,
        actor,
        "policy.changed",
        "policy",
        wanted.tier,
        at=at,
        org_id=org_id,
        changed=changed,
    )
    return row


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _open(session: Session, asked: Clearance) -> Vial:
    vial = session.get_one(Vial, asked.vial_id)
    hold(session, vial)
    session.refresh(asked, ["ended_at", "signed"])
    if asked.ended_at is not None:
        because = N_("This question about %(vial)s has been ended already.")
        raise Conflict(Refusal("ended", because, {"vial": vial.code}))
    return vial


def _trace(
    session: Session, actor: Actor, action: str, vial: Vial, at: datetime, **facts: object
) -> None:
    org_id = vial.org_id
    audit.record(
        session, actor, action, "vial", vial.code, at=at, org_id=org_id, stated_at=None, **facts
    )
