"""Take in what was done without a network: once each, in order, at its own time; what quarrels is kept, not done."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, CryokeepError, Forbidden, Invalid, NotFound, Refusal
from server.core.words import N_, as_kept
from server.handling.models import OfflineAct
from server.handling.queries import offline as queries
from server.handling.rules.acts import MOST, MOVE_BOX, Act, Device, why_not_complete
from server.handling.rules.offline import LEEWAY, judge, why_not_after, why_not_believed
from server.handling.service.offline_verbs import Thing, do, hold_thing, thing_of
from server.storage.models import Vial
from server.storage.queries.stays import live_stay
from server.storage.service.stays import refuse

KEPT = (Conflict, Invalid, NotFound, Forbidden)
MANY = N_("%(found)s acts were sent at once; 1 to %(most)s are taken.")
OTHER_ACT = N_("The number %(uuid)s was used before with another act.")


def take_acts(
    session: Session,
    actor: Actor,
    device: Device,
    acts: Sequence[Act],
    sent_at: datetime,
    *,
    at: datetime,
) -> list[OfflineAct]:
    """Do these acts in their order, each at the time at which it happened, and return what became of each.

    One that was sent before changes nothing and is returned as it was. One that quarrels with what is
    there now, or that no rule allows, is kept for a person to decide; the others go on.
    """
    if not 0 < len(acts) <= MOST:
        raise Invalid(Refusal("many_acts", MANY, {"found": len(acts), "most": MOST}), field="acts")
    before = queries.taken_before(session, actor, device, [act.uuid for act in acts])
    taken = []
    for act in acts:
        if act.uuid in before:
            _same(before[act.uuid], act)
        else:
            before[act.uuid] = _take(session, actor, device, act, sent_at, at)
        taken.append(before[act.uuid])
    return taken


def _same(row: OfflineAct, act: Act) -> None:
    if json.loads(row.act) != act.plain():
        raise Conflict(Refusal("uuid_used", OTHER_ACT, {"uuid": act.uuid}))


def _take(
    session: Session, actor: Actor, device: Device, act: Act, sent_at: datetime, at: datetime
) -> OfflineAct:
    judged = judge(act.told(sent_at), at, queries.latest_of(session, actor, device))
    row = OfflineAct(
        org_id=actor.org_id, person_id=actor.id, device=device.id, device_name=device.name,
        uuid=act.uuid, kind=act.kind, act=json.dumps(act.plain(), ensure_ascii=False),
        stated_at=act.stated_at, offset_ms=act.offset_ms, happened_at=judged.happened_at,
        clock=judged.clock, arrived_at=at, outcome="done",
    )  # fmt: skip
    try:
        with session.begin_nested():
            _do(session, actor, device, act, row, at)
            session.flush()
    except KEPT as refused:
        _keep(session, actor, row, refused, at)
    session.add(row)
    session.flush()
    return row


def _do(
    session: Session, actor: Actor, device: Device, act: Act, row: OfflineAct, at: datetime
) -> None:
    if refusal := why_not_complete(act):
        raise Invalid(refusal)
    thing = thing_of(session, actor, act)
    row.vial_id, row.org_id = thing.id if isinstance(thing, Vial) else None, thing.org_id
    hold_thing(session, actor, act, thing)
    _believe(session, actor, device, act, thing)
    row.happened_at = not_before_its_stay(session, thing, row.happened_at, at)
    do(session, actor, act, thing, at=at, happened_at=row.happened_at)
    session.flush()
    stay = live_stay(session, thing)
    row.stay_after = stay.id if stay else None


def _believe(session: Session, actor: Actor, device: Device, act: Act, thing: Thing) -> None:
    """Refuse an act that builds upon what is no longer so."""
    now = queries.where_now(session, thing)
    believed = act.believed
    if act.after:
        earlier = queries.taken_before(session, actor, device, [act.after]).get(act.after)
        done = earlier is not None and (earlier.outcome == "done" or earlier.resolution == "late")
        refuse(why_not_after(thing.code, resolved=done))
        if earlier is not None and earlier.stay_after is not None:
            believed = type(believed)(earlier.stay_after, act.place)
    refuse(why_not_believed(thing.code, believed, now, act.contact_at))


def not_before_its_stay(
    session: Session, thing: Thing, happened_at: datetime, at: datetime
) -> datetime:
    """Return the time, or the beginning of the present stay where that is later by no more than clocks are exact."""
    stay = live_stay(session, thing)
    if stay is not None and happened_at < stay.began_at <= min(happened_at + LEEWAY, at):
        return stay.began_at
    return happened_at


def _keep(
    session: Session, actor: Actor, row: OfflineAct, refused: CryokeepError, at: datetime
) -> None:
    """Keep what was not done, with the reason."""
    why = refused.refusal
    row.outcome = "conflict" if isinstance(refused, Conflict) else "refused"
    row.stay_after = None
    told = {"code": why.code, "because": why.because, "facts": dict(why.facts)}
    row.reason = json.dumps(told, ensure_ascii=False, default=as_kept)
    code = json.loads(row.act)["tube"]
    kind = "box" if row.kind == MOVE_BOX else "vial"
    audit.record(
        session, actor, f"offline_act.{row.outcome}", kind, code, at=at, org_id=row.org_id,
        stated_at=row.happened_at, act=row.kind, device=row.device_name, because=why.text(),
    )  # fmt: skip
