"""What an import may do next, what its columns are, and when a webhook is told."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from server.core.errors import Refusal
from server.core.words import N_, Sentence

LARGEST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 250_000
MOST_COLUMNS = 200
LONGEST_CELL = 4_000
LONGEST_NAME = 80
MOST_PROBLEMS_A_ROW = 10


class State(StrEnum):
    """Where an import stands."""

    RECEIVING = "receiving"
    RECEIVED = "received"
    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    LOOKING_BACK = "looking_back"
    TAKING_BACK = "taking_back"
    TAKEN_BACK = "taken_back"
    HALTED = "halted"
    PUT_ASIDE = "put_aside"


class Act(StrEnum):
    """What a person can ask of an import."""

    MAP = "map"
    APPLY = "apply"
    TAKE_BACK = "take_back"
    PUT_ASIDE = "put_aside"


WORKING = (State.CHECKING, State.APPLYING, State.LOOKING_BACK, State.TAKING_BACK)
"""The worker has something to do."""
ENDED = (State.APPLIED, State.TAKEN_BACK, State.PUT_ASIDE)
STATE_WORDS = {
    State.RECEIVING: N_("being received"),
    State.RECEIVED: N_("columns to be mapped"),
    State.CHECKING: N_("being checked"),
    State.CHECKED: N_("checked, nothing changed yet"),
    State.APPLYING: N_("being applied"),
    State.APPLIED: N_("applied"),
    State.LOOKING_BACK: N_("being checked before it is taken back"),
    State.TAKING_BACK: N_("being taken back"),
    State.TAKEN_BACK: N_("taken back"),
    State.HALTED: N_("halted half-way"),
    State.PUT_ASIDE: N_("put aside"),
}
NEXT: Mapping[Act, Mapping[State, State]] = {
    Act.MAP: {State.RECEIVED: State.CHECKING, State.CHECKED: State.CHECKING},
    Act.APPLY: {State.CHECKED: State.APPLYING, State.HALTED: State.APPLYING},
    Act.TAKE_BACK: {State.APPLIED: State.LOOKING_BACK, State.HALTED: State.LOOKING_BACK},
    Act.PUT_ASIDE: {
        State.RECEIVING: State.PUT_ASIDE,
        State.RECEIVED: State.PUT_ASIDE,
        State.CHECKED: State.PUT_ASIDE,
    },
}
ALL, GOOD = "all", "good"
MODES = (ALL, GOOD)


@dataclass(frozen=True)
class Column:
    """One column of a sheet of ours: what its cells are, and whether a row can do without."""

    name: str
    label: str
    kind: str = "text"
    """code, text, whole, number, date, yes_no, choice, codes or version."""
    required: bool = False
    choices: tuple[str, ...] = ()
    most: int = 200
    hint: str = ""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a row: where, what was found, what is expected."""

    column: str
    found: str
    expected: str
    """An English template, marked for translation; `facts` fill it."""
    facts: Mapping[str, object] = field(default_factory=dict)


def state_after(state: str, act: Act) -> State | None:
    """Return the state that this act leads to, or None where it is not possible."""
    return NEXT[act].get(State(state))


def why_not_act(code: str, state: str, act: Act) -> Refusal | None:
    """Say why this cannot be asked of an import now, or None when it can."""
    if state_after(state, act):
        return None
    because = N_("%(import)s is %(state)s; this is not possible now.")
    facts = {"import": code, "state": Sentence(STATE_WORDS[State(state)])}
    return Refusal("wrong_state", because, facts)


def why_not_apply(code: str, mode: str, rows: int, bad: int) -> Refusal | None:
    """Say why a checked import cannot be applied in this way, or None when it can."""
    if mode not in MODES:
        because = N_("Choose between all or nothing, and the good rows now.")
        return Refusal("no_mode", because)
    if rows == bad:
        because = N_("No row of %(import)s is good; there is nothing to apply.")
        return Refusal("nothing_good", because, {"import": code})
    if mode == ALL and bad:
        because = N_(
            "%(bad)s of %(rows)s rows are refused, and all or nothing was chosen."
            " Mend them and hand the file in again, or apply the good rows now."
        )
        return Refusal("bad_rows", because, {"bad": bad, "rows": rows})
    return None


def why_not_size(size: int) -> Refusal | None:
    """Say that a file is empty or too large, or None when it is neither."""
    if size == 0:
        return Refusal("empty_file", N_("The file is empty; rows under one header are expected."))
    if size <= LARGEST_BYTES:
        return None
    because = N_("The file has more than %(most)s MB; hand it in as several files.")
    return Refusal("large_file", because, {"most": LARGEST_BYTES // 1024 // 1024})


def why_not_mapping(
    columns: Sequence[Column], mapping: Mapping[str, int], width: int
) -> dict[str, Refusal]:
    """Return what is wrong with a mapping, by column: one that is needed, or one that the file lacks."""
    wrong: dict[str, Refusal] = {}
    known = {column.name for column in columns}
    for column in columns:
        if column.required and column.name not in mapping:
            because = N_("This column is needed; choose the column of the file that holds it.")
            wrong[column.name] = Refusal("no_column", because)
    for name, at in mapping.items():
        if name not in known or not 0 <= at < width:
            because = N_("There is no such column; choose again.")
            wrong[name] = Refusal("no_such_column", because)
    return wrong


def plain_name(name: str) -> str:
    """Return the name of a file without folders and strange signs, short enough to be shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(one for one in last if one.isprintable()).strip()
    if len(plain) > LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= 5 else ""
        plain = plain[: LONGEST_NAME - len(kept) - 1] + "…" + kept
    return plain or "–"


def wants(patterns: Sequence[str], action: str) -> bool:
    """Say whether one of these patterns (vial.*, request.shipped, *) means this event."""
    return any(fnmatchcase(action, pattern) for pattern in patterns)


IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
EVENT_GROUPS: Mapping[str, tuple[str, ...]] = {
    N_("Vials and what they come from"): ("vial", "hold", "edge", "move", "sample_type", "field"),
    N_("Containers and places"): (
        "box", "rack", "freezer", "container", "container_type", "container_tree", "site", "room",
        "circuit", "supply",
    ),
    N_("Cell lines, lots and projects"): ("line", "lot", "project", "policy"),
    N_("Work at the freezers"): (
        "work_list", "scan", "scanner", "stock_take", "discrepancy", "position_audit",
        "coverage_target", "offline_act", "handling_times", "label_template", "label_printer",
        "consolidation",
    ),
    N_("Requests and shipments"): ("request", "shipment", "shipment_rule", "delivery_site"),
    N_("Alarms and readings"): (
        "alarm", "alarm_rule", "type_rule", "drill", "drill_plan", "warmth", "late_policy", "agent", "channel",
        "history", "log", "readings", "retention",
    ),
    N_("The bank"): ("organisation", "import", "demo"),
}  # fmt: skip
"""What can be told, as it stands together on the page: all that is recorded of things."""
EVENT_KINDS = tuple(kind for kinds in EVENT_GROUPS.values() for kind in kinds)
NEVER_TOLD = ("person", "password", "token", "webhook", "call_step", "letter", "filter")
"""What is recorded of people, and of where they are reached; nobody elsewhere is told of it."""


def why_not_events(patterns: Sequence[str]) -> Refusal | None:
    """Say why these are not events that can be told, or None when they are."""
    for pattern in patterns:
        kind, dot, verb = pattern.partition(".")
        if dot and kind in EVENT_KINDS and (verb == "*" or verb.replace("_", "").isalpha()):
            continue
        because = N_("“%(found)s” is no event; one such as %(example)s is expected.")
        return Refusal("bad_event", because, {"found": pattern[:80], "example": "vial.*"})
    if not patterns:
        return Refusal("no_event", N_("Choose at least one kind of event."))
    return None


def is_inward(address: str) -> bool:
    """Say whether an IP address leads into this machine or its own network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    carried = _carried(found)
    reached: tuple[IpAddress, ...] = tuple(carried) or (found,)
    return any(not one.is_global or one.is_multicast for one in reached)


def _carried(address: IpAddress) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses to which an IPv6 address may be led on: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]
