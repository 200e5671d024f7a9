"""Other codes of a tube: what may become one."""

from collections.abc import Mapping

from server.core.errors import Refusal
from server.core.words import N_
from server.storage.rules.codes import why_not_code
from server.storage.rules.states import TERMINAL

LABEL, EXTERNAL = "label", "external"
KINDS: Mapping[str, str] = {
    LABEL: N_("a new label on the tube"),
    EXTERNAL: N_("what others call it"),
}


def why_not_alias(vial: str, state: str, code: str, kind: str) -> Refusal | None:
    """Say why a vial in this state cannot bear this other code, or None; whose it is is not asked here."""
    if refusal := why_not_code(code):
        return refusal
    facts = {"vial": vial, "code": code}
    if code.upper() == vial.upper():
        because = N_("%(code)s is the code of %(vial)s already; another one is expected.")
        return Refusal("own_code", because, facts)
    if kind not in KINDS:
        because = N_("“%(found)s” is no kind of code: %(expected)s are expected.")
        return Refusal("bad_alias", because, {"found": kind, "expected": ", ".join(KINDS)})
    if kind == LABEL and state in TERMINAL:
        because = N_("%(vial)s has left for good; no new label can be stuck on it.")
        return Refusal("terminal_state", because, facts)
    return None
