"""What a rack scan would change: the box as recorded beside the box as scanned. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

from server.core.errors import Refusal
from server.core.words import N_
from server.storage import rules
from server.storage.rules import Act, State


class Change(StrEnum):
    """What happens at one position, or to one vial."""

    SAME = "same"
    PLACED = "placed"
    MOVED = "moved"
    PUT_BACK = "put_back"
    ENTERED = "entered"
    UNKNOWN = "unknown"
    UNREAD = "unread"
    MISSING = "missing"
    CONFLICT = "conflict"
    FREE = "free"


@dataclass(frozen=True)
class Known:
    """A scanned code that is in the record."""

    code: str
    state: str
    org_id: int
    tier: str
    place: str
    """The way there in one line, for people."""
    box_id: int | None
    ordinal: int | None
    promised_to: str = ""
    """The code of the request it is promised to, empty where it is free."""
    on_its_way: bool = False
    """It travels in a shipment."""
    may_return: bool | None = None
    """Whether the bank's rules let one of its tier back; without them the default holds."""
    id: int = 0
    project_id: int | None = None


@dataclass(frozen=True)
class Seen:
    """One position of the scan."""

    ordinal: int
    code: str | None
    unread: bool


@dataclass(frozen=True)
class Entry:
    """One line of the plan: at this position, the recorded vial, the scanned one, and what follows."""

    ordinal: int
    recorded: str
    scanned: str
    change: Change
    source: str = ""
    """Where a moved vial comes from."""
    why: Refusal | None = None
    promised_to: str = ""
    """The request that the vial is promised to, where applying would touch the vial."""


@dataclass(frozen=True)
class Plan:
    """All that the scan would change in one box."""

    entries: tuple[Entry, ...] = field(default_factory=tuple)

    def of(self, *changes: Change) -> list[Entry]:
        """Return the entries with these changes."""
        return [entry for entry in self.entries if entry.change in changes]

    @property
    def conflicts(self) -> list[Entry]:
        """Return what must be settled before the scan can be applied."""
        return self.of(Change.CONFLICT)

    @property
    def changes(self) -> int:
        """Return how many vials get another place or state."""
        kinds = (Change.PLACED, Change.MOVED, Change.PUT_BACK, Change.ENTERED, Change.MISSING)
        return len(self.of(*kinds))

    @property
    def fingerprint(self) -> str:
        """Return a short hash: two equal plans have the same."""
        lines = (
            f"{e.ordinal}|{e.recorded}|{e.scanned}|{e.change}|{e.source}|{e.promised_to}"
            for e in self.entries
        )
        return sha256("\n".join(lines).encode()).hexdigest()[:16]


def plan(
    box_id: int,
    org_id: int,
    seen: Sequence[Seen],
    recorded: Mapping[int, str],
    known: Mapping[str, Known],
    *,
    enter_unknown: bool,
    promised: Mapping[str, str] | None = None,
) -> Plan:
    """Compare the scan with the record. Positions that the file does not name stay as they are.

    A tube that was not read leaves the vial that is recorded there; a position seen to be empty, or
    holding another tube, makes its recorded vial missing unless the scan found that vial elsewhere.
    `promised` names what recorded vials are promised to, by their codes.
    """
    promises = promised or {}
    found = {one.code for one in seen if one.code}
    entries: list[Entry] = []
    for one in sorted(seen, key=lambda item: item.ordinal):
        was = recorded.get(one.ordinal, "")
        entries.append(_at(box_id, org_id, one, was, known, enter_unknown=enter_unknown))
        displaced = was and was != one.code and not one.unread and was not in found
        if displaced:
            to = promises.get(was, "")
            entries.append(Entry(one.ordinal, was, "", Change.MISSING, promised_to=to))
    return Plan(tuple(entries))


def arriving(plan: Plan) -> list[Entry]:
    """Return the entries in which a tube would come to a position."""
    return plan.of(Change.PLACED, Change.MOVED, Change.PUT_BACK, Change.ENTERED)


def refused(plan: Plan, why: Mapping[int, Refusal], box: str, labels: Mapping[int, str]) -> Plan:
    """Return the plan in which the tubes that would come to these positions conflict, each with its reason.

    A tube that conflicts stays where it is recorded; where that is a position of this box, whatever
    would come there conflicts with it.
    """
    reasons, coming = dict(why), arriving(plan)
    while True:
        staying = {one.scanned for one in coming if one.ordinal in reasons}
        staying |= {one.scanned for one in plan.conflicts}
        late = [one for one in coming if one.recorded in staying and one.ordinal not in reasons]
        if not late:
            break
        reasons |= {
            one.ordinal: rules.position_taken(labels[one.ordinal], box, one.recorded)
            for one in late
        }
    refusing = {id(one): reasons[one.ordinal] for one in coming if one.ordinal in reasons}
    return Plan(
        tuple(
            replace(one, change=Change.CONFLICT, why=refusing[id(one)], promised_to="")
            if id(one) in refusing
            else one
            for one in plan.entries
        )
    )


def doubts(
    box: str, box_marks: Collection[str], rack: str, recorded: int, plan: Plan
) -> list[Refusal]:
    """Say why this may be the scan of another rack, which only someone who looks can settle.

    `box_marks` are the code and the barcode by which the box is known, `rack` what the file names
    (empty where it names none), `recorded` how many vials the record has in the box.
    """
    found: list[Refusal] = []
    if rack and rack not in box_marks:
        because = N_("The file names rack %(rack)s, and box %(box)s bears no barcode to compare.")
        found.append(Refusal("rack_unproved", because, {"rack": rack, "box": box}))
    missing = len(plan.of(Change.MISSING))
    if recorded and missing == recorded:
        because = N_(
            "Not one of the %(recorded)s vials recorded in box %(box)s was scanned: all of them"
            " would become missing. Other tubes scanned: %(scanned)s."
        )
        scanned = sum(bool(entry.scanned) for entry in plan.entries)
        facts = {"recorded": recorded, "box": box, "scanned": scanned}
        found.append(Refusal("all_missing", because, facts))
    return found


def _at(
    box_id: int,
    org_id: int,
    one: Seen,
    was: str,
    known: Mapping[str, Known],
    *,
    enter_unknown: bool,
) -> Entry:
    if one.unread:
        return Entry(one.ordinal, was, "", Change.UNREAD)
    if one.code is None:
        return Entry(one.ordinal, was, "", Change.FREE)
    vial = known.get(one.code)
    if vial is None:
        change = Change.ENTERED if enter_unknown else Change.UNKNOWN
        return Entry(one.ordinal, was, one.code, change)
    if vial.box_id == box_id and vial.ordinal == one.ordinal:
        return Entry(one.ordinal, was, one.code, Change.SAME)
    if why := why_not_take_in(vial, org_id):
        return Entry(one.ordinal, was, one.code, Change.CONFLICT, vial.place, why)
    change = _CHANGE[State(vial.state)]
    return Entry(one.ordinal, was, one.code, change, vial.place, promised_to=vial.promised_to)


_CHANGE = {
    State.LABELLED: Change.PLACED,
    State.FILLED: Change.PLACED,
    State.MISSING: Change.PLACED,
    State.IN_STORAGE: Change.MOVED,
    State.CHECKED_OUT: Change.PUT_BACK,
}


def why_not_take_in(vial: Known, org_id: int) -> Refusal | None:
    """Say why a vial that was scanned in this box cannot be recorded there."""
    if vial.org_id != org_id:
        because = N_("%(vial)s belongs to another organisation.")
        return Refusal("other_organisation", because, {"vial": vial.code})
    state = State(vial.state)
    if state in rules.TERMINAL:
        return rules.why_not_act(vial.code, vial.state, Act.MOVE)
    if vial.on_its_way:
        return rules.why_not_in_transit(vial.code)
    if state is State.CHECKED_OUT:
        return rules.why_not_return(
            vial.code, vial.tier, allowed=vial.may_return
        ) or rules.why_not_put_back(vial.code, vial.promised_to)
    return None
