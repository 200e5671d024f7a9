"""Every verb asks here whether holds allow what it is about to do."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.core.errors import Conflict, Refusal
from server.genealogy import rules as genealogy
from server.genealogy.models import Hold
from server.storage.models import Vial
from server.storage.queries.holds import holds_on


def refuse_if_held(session: Session, vials: Iterable[Vial | int], act: str) -> None:
    """Refuse an act with vials (or ids of vials) where a hold on one, its lot or its line forbids it."""
    if refusals := why_held(session, vials, act):
        raise Conflict(refusals[0])


def why_held(session: Session, vials: Iterable[Vial | int], act: str) -> list[Refusal]:
    """Return why holds forbid the act, one refusal for each vial that is held, by the vials' codes."""
    held = {
        vial: hold
        for vial, holds in holds_on(session, vials).items()
        if (hold := next((each for each in holds if genealogy.forbids(each.severity, act)), None))
    }
    if not held:
        return []
    codes = session.execute(select(Vial.id, Vial.code).where(Vial.id.in_(held)).order_by(Vial.code))
    told = (_refusal(code, act, held[number]) for number, code in codes)
    return [refusal for refusal in told if refusal is not None]


def _refusal(code: str, act: str, hold: Hold) -> Refusal | None:
    return genealogy.why_held(
        code, act, hold.cause, hold.severity, hold.target_code, hold.opened_by_name
    )
