"""A scanned tube and the list that it should be on."""

from sqlalchemy.orm import Session

from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.handling.models import WorkLine, WorkList
from server.handling.queries import picks as queries
from server.storage.queries.aliases import as_recorded

NOT_ON_LIST = N_(
    "%(found)s is not on the list %(list)s. Put it back; %(expected)s is expected next."
)
NOT_ON_LIST_DONE = N_(
    "%(found)s is not on the list %(list)s, of which every tube is settled. Put it back."
)
SETTLED = N_("%(found)s of the list %(list)s is settled already.")
NOT_PICKED = N_(
    "Nothing is taken out by the put-away list %(list)s; scan the tube and its box there."
)
NOT_PUT = N_("Nothing is put away by the pick list %(list)s; scan the tube alone there.")
LIST_CLOSED = N_("The list %(list)s is closed.")


def hold_open(session: Session, work: WorkList) -> None:
    """Hold the list for this transaction; refused where it is closed."""
    session.flush()
    session.refresh(work, with_for_update=True)
    if work.state != "open":
        raise Conflict(Refusal("list_closed", LIST_CLOSED, {"list": work.code}))


def waiting_line(session: Session, work: WorkList, scanned: str, kind: str = "") -> WorkLine:
    """Return the waiting line of the scanned tube; refused, with both codes, where it is none of the list's.

    A tube that was said to be missing waits again when it turns up, on a list of this `kind`.
    """
    if not scanned.strip():
        raise Invalid(
            Refusal("empty", N_("Nothing was scanned; scan the tube again.")), field="tube"
        )
    hold_open(session, work)
    if kind and work.kind != kind:
        because = NOT_PICKED if kind == "pick" else NOT_PUT
        raise Conflict(Refusal("other_kind", because, {"list": work.code}), field="tube")
    lines = queries.lines_of(session, work)
    wanted = as_recorded(session, [scanned.strip()])[0]
    found = next((line for line in lines if line.vial.code in (wanted, wanted.upper())), None)
    if found is None:
        raise Invalid(_wrong(session, work, lines, wanted), field="tube")
    if found.state != "waiting" and not (kind and found.state == "missing"):
        facts = {"found": found.vial.code, "list": work.code}
        raise Conflict(Refusal("settled", SETTLED, facts), field="tube")
    return found


def _wrong(session: Session, work: WorkList, lines: list[WorkLine], wanted: str) -> Refusal:
    waiting = queries.walk(session, [line for line in lines if line.state == "waiting"])
    facts = {"found": wanted, "list": work.code}
    if not waiting:
        return Refusal("wrong_tube", NOT_ON_LIST_DONE, facts)
    return Refusal("wrong_tube", NOT_ON_LIST, {**facts, "expected": waiting[0].code})
