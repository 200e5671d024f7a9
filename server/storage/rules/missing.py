"""What is said of a code that leads to nothing."""

from server.core.errors import Refusal
from server.core.words import N_

_NO_SUCH = {
    "box": N_("No box has the code %(code)s. Scan the box again, or look for it by its rack."),
    "rack": N_("No rack has the code %(code)s. Scan the rack again."),
    "freezer": N_("No freezer has the code %(code)s. The list of freezers shows all of them."),
    "": N_("No freezer, rack or box has the code %(code)s. Scan it again."),
}


def no_such_container(code: str, *kinds: str) -> Refusal:
    """Return the refusal of a code that no container of these kinds (any, where none is named) bears."""
    because = _NO_SUCH.get(kinds[0] if len(kinds) == 1 else "", _NO_SUCH[""])
    return Refusal("no_such_container", because, {"code": code})
