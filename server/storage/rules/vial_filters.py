"""What is looked for in the list of vials, read from an address or a form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from urllib.parse import parse_qsl, urlencode

from server.core.errors import Refusal
from server.core.words import N_, N_n

YES_NO = ("", "yes", "no")
SORTS = ("code", "lot", "line", "state", "entered")
FIELD = "field."
LONGEST_NAME = 80
LONGEST_WANTED = 2000
NOT_DAY = N_("“%(found)s” is not a date; a date such as 2026-03-14 is expected.")
NOT_YES = N_("“%(found)s” is not an answer; yes, no or nothing is expected.")
BACKWARDS = N_("The list would end on %(until)s, before it begins on %(since)s.")


@dataclass(frozen=True)
class VialFilter:
    """What is looked for; what is empty does not narrow."""

    q: str = ""
    lot: str = ""
    line: str = ""
    tier: str = ""
    state: str = ""
    freezer: str = ""
    rack: str = ""
    box: str = ""
    project: str = ""
    held: str = ""
    reserved: str = ""
    verified: str = ""
    placed_after: date | None = None
    placed_before: date | None = None
    custom: tuple[tuple[str, str], ...] = ()
    """(code of the custom field, what it holds)"""

    @property
    def places(self) -> list[str]:
        """Return the codes of the containers in which to look, all of them at once."""
        return [code for code in (self.freezer, self.rack, self.box) if code]

    def written(self) -> str:
        """Return this as the query of an address; the same filter is always written alike."""
        named = [
            (one.name, getattr(self, one.name)) for one in fields(self) if one.name != "custom"
        ]
        more = [(FIELD + code, value) for code, value in self.custom]
        return urlencode([(name, str(value)) for name, value in (*named, *more) if value])


NAMES = tuple(one.name for one in fields(VialFilter) if one.name != "custom")
"""By what the list is narrowed, beside custom fields."""


def read(sent: Iterable[tuple[str, str]]) -> tuple[VialFilter, dict[str, Refusal]]:
    """Return the filter that these names and values ask for, and what of them cannot be read."""
    errors: dict[str, Refusal] = {}
    found: dict[str, object] = {}
    custom: list[tuple[str, str]] = []
    for name, value in ((name, value.strip()) for name, value in sent):
        if name.startswith(FIELD) and value:
            custom.append((name.removeprefix(FIELD), value))
        elif name in NAMES and value:
            found[name] = _value(name, value, errors)
    good = {name: value for name, value in found.items() if name not in errors}
    wanted = VialFilter(**good, custom=tuple(sorted(custom)))  # type: ignore[arg-type]  # read by name above
    _check_days(wanted, errors)
    return wanted, errors


def read_written(written: str) -> VialFilter:
    """Return the filter of a query that `written` made; what cannot be read is left out."""
    return read(parse_qsl(written))[0]


def _value(name: str, value: str, errors: dict[str, Refusal]) -> object:
    if name.startswith("placed_"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            errors[name] = Refusal("not_a_date", NOT_DAY, {"found": value})
    elif name in ("held", "reserved", "verified") and value not in YES_NO:
        errors[name] = Refusal("not_yes", NOT_YES, {"found": value})
    return value


def _check_days(wanted: VialFilter, errors: dict[str, Refusal]) -> None:
    since, until = wanted.placed_after, wanted.placed_before
    if since and until and until < since:
        facts: Mapping[str, object] = {"since": since, "until": until}
        errors["placed_before"] = Refusal("backwards", BACKWARDS, facts)


def why_not_name(name: str) -> Refusal | None:
    """Say why a filter cannot be saved under this name, or None."""
    if not name.strip():
        return Refusal("no_name", N_("A saved filter needs a name."))
    if len(name) > LONGEST_NAME:
        because = N_("The name has %(found)s characters; at most %(most)s are expected.")
        return Refusal("name_long", because, {"found": len(name), "most": LONGEST_NAME})
    return None


def why_not_act_on(count: int, shown: int | None) -> Refusal | None:
    """Say why so many vials cannot be acted on, or None; `shown` is how many there were when somebody looked."""
    if not count:
        return Refusal("none_chosen", N_("No vial is chosen. Tick some, or choose all of them."))
    if shown is not None and shown != count:
        because = N_n(
            "1 vial fits now; %(shown)s did when you looked. Look at them again, then go on.",
            "%(count)s vials fit now; %(shown)s did when you looked. Look at them again, then go on.",
            "count",
        )
        return Refusal("others_fit", because, {"count": count, "shown": shown})
    return None
