"""The gate before every use of a vial: holds, a destruction that waits, damage, floors, the last of a line."""

from sqlalchemy.orm import Session

from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.storage.models import Vial
from server.storage.queries import guarding as queries
from server.storage.queries.things import live_custody
from server.storage.rules import protection
from server.storage.rules.protection import LINE, NO_NEED, Need, Policy, Stock
from server.storage.rules.states import Act, State, why_not_damaged, why_not_in_transit
from server.storage.service.holding import refuse_if_held

NEAR = 8
"""So close to a floor, uses of one line wait for one another."""
IN_STOCK = frozenset({State.IN_STORAGE, State.CHECKED_OUT})


def refuse_use(session: Session, vial: Vial, act: Act, use: str = "") -> None:
    """Refuse what holds, damage or the bank's rules forbid to do with a vial that the caller holds.

    `use` says what for, where the tier wants to know; what quality has cleared counts before it.
    """
    refuse_if_held(session, [vial.id], act)
    refuse_if_waiting(session, vial)
    _refuse_in_transit(session, vial)
    _refuse(why_not_damaged(vial.code, act, damaged=vial.damaged_at is not None))
    refuse_unless_cleared(session, vial, act, use)


def _refuse_in_transit(session: Session, vial: Vial) -> None:
    if vial.state == State.CHECKED_OUT:
        stay = live_custody(session, vial)
        if stay is not None and stay.place == "transit":
            raise Conflict(why_not_in_transit(vial.code))


def refuse_if_waiting(session: Session, vial: Vial) -> None:
    """Refuse what is done with a vial whose destruction waits for its witness."""
    waiting = queries.destruction_of(session, vial)
    if waiting is not None:
        because = N_(
            "%(vial)s is to be destroyed and waits for its witness; confirm or withdraw that first."
        )
        facts = {"vial": vial.code, "by": waiting.asked_by_name}
        raise Conflict(Refusal("destruction_waits", because, facts))


def refuse_unless_cleared(session: Session, vial: Vial, act: Act, use: str = "") -> None:
    """Refuse a use that quality clears first, until enough of them have signed for this vial."""
    cleared = queries.clearance_of(session, vial)
    wanted = queries.policy(session, vial.org_id, vial.lot.tier)
    _refuse(protection.why_not_use(vial.code, act, cleared.use if cleared else use, wanted))
    needed = need_of(session, vial, act)
    covered = cleared is not None and protection.covers(cleared.use, act, use)
    if needed.signatures > (len(cleared.signed) if cleared and covered else 0):
        _refuse(needed.refusal)


def need_of(session: Session, vial: Vial, act: Act, *, reading: bool = False) -> Need:
    """Return who of quality has to clear this act with a vial; nobody for a tube that is not in the stock.

    Close to a floor other uses of the line wait until this transaction ends, except where it only reads.
    """
    if State(vial.state) not in IN_STOCK:
        return NO_NEED
    known = queries.policies(session, vial.org_id)
    wanted = known.get(vial.lot.tier) or Policy(vial.lot.tier)
    last = known[LINE].least_vials
    stock = _stock(session, vial, wanted, last, act)
    near = stock.line_left < last + NEAR or stock.tier_left < wanted.least(stock.tier_filled) + NEAR
    if near and not reading:
        queries.hold_line(session, vial)
        stock = _stock(session, vial, wanted, last, act)
    return protection.need(vial.code, vial.lot.line.name, act, wanted, stock, last)


def _stock(session: Session, vial: Vial, wanted: Policy, last: int, act: Act) -> Stock:
    promised_too = act is not Act.RESERVE
    return queries.stock_without(
        session, vial, wanted, last, beyond=NEAR, promised_too=promised_too
    )


def _refuse(refusal: Refusal | None) -> None:
    if refusal:
        raise Conflict(refusal)
