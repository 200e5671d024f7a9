"""What a shipment is, what may be done with it in which state, and what goes into quarantine. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from server.core.errors import Refusal
from server.core.words import N_


class Kind(StrEnum):
    """Where a shipment comes from."""

    INCOMING = "incoming"
    TRANSFER = "transfer"
    RETURN = "return"


KIND_WORDS = {
    Kind.INCOMING: N_("incoming"),
    Kind.TRANSFER: N_("transfer between sites"),
    Kind.RETURN: N_("return"),
}
STATE_WORDS = {
    "expected": N_("expected"),
    "packing": N_("being packed"),
    "in_transit": N_("on its way"),
    "receiving": N_("being received"),
    "received": N_("received"),
    "cancelled": N_("cancelled"),
}
LINE_WORDS = {
    "expected": N_("expected"),
    "packed": N_("packed"),
    "unpacked": N_("taken out again"),
    "received": N_("received"),
    "missing": N_("missing"),
    "unexpected": N_("unexpected"),
}
_NOW = {
    "expected": N_("The shipment %(shipment)s is expected; nothing of it is packed here."),
    "packing": N_("The shipment %(shipment)s is still being packed; send it first."),
    "in_transit": N_("The shipment %(shipment)s is on its way; receive it at the other site."),
    "receiving": N_("The shipment %(shipment)s is being received; close it instead."),
    "received": N_("The shipment %(shipment)s was received and is closed."),
    "cancelled": N_("The shipment %(shipment)s was cancelled."),
}
ACTS: dict[str, frozenset[str]] = {
    "pack": frozenset({"packing"}),
    "send": frozenset({"packing"}),
    "receive": frozenset({"expected", "in_transit", "receiving"}),
    "close": frozenset({"receiving", "in_transit", "expected"}),
    "cancel": frozenset({"expected", "packing"}),
}
"""In which states each act is possible."""
QUARANTINE = {Kind.INCOMING: True, Kind.TRANSFER: False, Kind.RETURN: True}
"""What goes into quarantine where a bank has no rule of its own; what comes back always does."""
CAUSES = {Kind.INCOMING: "documents", Kind.TRANSFER: "stock_check", Kind.RETURN: "other"}
"""Why what arrives is held, in the words of holds."""
OPEN = frozenset({"expected", "packed"})
"""Lines of which nobody has said yet what became of them."""


def why_not(act: str, shipment: str, state: str) -> Refusal | None:
    """Say why this cannot be done with a shipment in this state, or None when it can."""
    if state in ACTS[act]:
        return None
    return Refusal("wrong_state", _NOW[state], {"shipment": shipment, "state": state})


def why_not_on_manifest(
    shipment: str, found: str, waiting: Iterable[str], *, on_purpose: bool
) -> Refusal | None:
    """Say that a scanned tube was not announced, or None where it is taken on purpose."""
    if on_purpose:
        return None
    left = list(waiting)
    facts = {"found": found, "shipment": shipment, "count": len(left)}
    because = N_(
        "%(found)s is not among the tubes of %(shipment)s. Tubes still expected: %(count)s."
        " If it really came, say that it was not announced."
    )
    return Refusal("not_announced", because, facts)


def why_no_reason(reason: str, unsettled: int) -> Refusal | None:
    """Say that a reason is missing for deciding that tubes did not arrive, or None."""
    if not unsettled or reason.strip():
        return None
    because = N_(
        "Tubes that did not arrive: %(count)s. Say what is known of them; they become missing."
    )
    return Refusal("no_reason", because, {"count": unsettled})


def quarantined(kind: str, *, rule: bool | None) -> bool:
    """Say whether what arrives goes into quarantine; `rule` is the bank's own, if it has one."""
    usual = QUARANTINE[Kind(kind)]
    return True if kind == Kind.RETURN else usual if rule is None else rule
