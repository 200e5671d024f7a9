"""Custom fields: what one may be, and what a typed value means in it."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite

from server.core.errors import Refusal
from server.core.words import N_, N_n, Sentence, say

KINDS: Mapping[str, str] = {
    "text": N_("text"),
    "number": N_("number"),
    "date": N_("date"),
    "yes_no": N_("yes or no"),
    "choice": N_("one of several words"),
}
SUBJECTS: Mapping[str, str] = {
    "vial": N_("Vials"),
    "lot": N_("Lots"),
    "line": N_("Cell lines"),
    "container": N_("Freezers, racks and boxes"),
}
LONGEST_TEXT = 2000
LONGEST_NAME = 80
MOST_CHOICES = 100
YES, NO = "yes", "no"

NOT_NUMBER = N_("%(field)s: “%(found)s” is not a number; a number such as 12.5 is expected.")
NOT_DATE = N_("%(field)s: “%(found)s” is not a date; a date such as 2026-03-14 is expected.")
NOT_YES = N_("%(field)s: “%(found)s” is neither yes nor no; one of them is expected.")
NOT_CHOICE = N_("%(field)s: “%(found)s” is not offered; one of these is expected: %(expected)s.")
MISSING = N_("%(field)s: a value is expected; this field is needed.")
TOO_LONG = N_("%(field)s: %(found)s characters were typed; at most %(expected)s are expected.")
OUTSIDE = N_("%(field)s: %(found)s was typed; a number of %(expected)s is expected.")

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_ANSWERS = {
    "yes": YES, "y": YES, "true": YES, "1": YES, "是": YES, "有": YES,
    "no": NO, "n": NO, "false": NO, "0": NO, "否": NO, "无": NO,
}  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """A field: how it is called and what may stand in it."""

    code: str
    name: str
    kind: str
    unit: str = ""
    choices: Sequence[str] = ()
    least: float | None = None
    most: float | None = None
    required: bool = False


@dataclass(frozen=True)
class Value:
    """What stands in a field: its text as it is kept, and the number where it is one."""

    text: str
    number: float | None = None


def read(definition: Definition, typed: str, language: str = "en") -> Value | Refusal | None:
    """Return what was typed into a field, None for nothing; a refusal says what was found and expected.

    Full-width digits and signs mean what the narrow ones mean; a date has its year first.
    """
    text = typed.strip()
    if not text:
        return _refused(definition, "field_missing", MISSING) if definition.required else None
    if len(text) > LONGEST_TEXT:
        return _refused(definition, "field_long", TOO_LONG, found=len(text), expected=LONGEST_TEXT)
    return _READ[definition.kind](definition, text, language)


def _text(_definition: Definition, text: str, _language: str) -> Value | Refusal:
    return Value(text.replace("\r\n", "\n"))


def _number(definition: Definition, text: str, _language: str) -> Value | Refusal:
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace(" ", "")
    number = float(plain) if _NUMBER.fullmatch(plain) else None
    if number is None or not isfinite(number):
        return _refused(definition, "field_not_number", NOT_NUMBER, found=text)
    least, most = definition.least, definition.most
    if (least is not None and number < least) or (most is not None and number > most):
        expected = bounds(definition)
        return _refused(definition, "field_outside", OUTSIDE, found=text, expected=expected)
    return Value(plain_number(number), number)


def _date(definition: Definition, text: str, _language: str) -> Value | Refusal:
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", ""))
    try:
        year, month, day = (int(part) for part in found.groups()) if found else (0, 0, 0)
        return Value(date(year, month, day).isoformat())
    except ValueError:
        return _refused(definition, "field_not_date", NOT_DATE, found=text)


def _yes_no(definition: Definition, text: str, language: str) -> Value | Refusal:
    low = unicodedata.normalize("NFKC", text).casefold()
    own = {say(language, word).casefold(): word for word in (N_("yes"), N_("no"))}
    answer = own.get(low) or _ANSWERS.get(low)
    if answer is None:
        return _refused(definition, "field_not_yes", NOT_YES, found=text)
    return Value(answer, float(answer == YES))


def _choice(definition: Definition, text: str, _language: str) -> Value | Refusal:
    alike = [one for one in definition.choices if one.casefold() == text.casefold()]
    if text in definition.choices or len(alike) == 1:
        return Value(text if text in definition.choices else alike[0])
    expected = ", ".join(definition.choices)
    return _refused(definition, "field_not_choice", NOT_CHOICE, found=text, expected=expected)


_READ: Mapping[str, Callable[[Definition, str, str], Value | Refusal]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "yes_no": _yes_no,
    "choice": _choice,
}


def _refused(definition: Definition, code: str, because: str, **facts: object) -> Refusal:
    return Refusal(code, because, {"field": definition.name, **facts})


def plain_number(value: float) -> str:
    """Return a number in its shortest form, without a point where it is whole."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def bounds(definition: Definition) -> str:
    """Return the bounds of a number as they are shown: 0 to 10 %, at least 0; empty where there are none."""
    least, most = definition.least, definition.most
    unit = f" {definition.unit}" if definition.unit else ""
    if least is not None and most is not None:
        return f"{plain_number(least)} … {plain_number(most)}{unit}"
    if least is not None:
        return f"≥ {plain_number(least)}{unit}"
    return f"≤ {plain_number(most)}{unit}" if most is not None else ""


def why_not_definition(wanted: Definition, subject: str) -> tuple[str, Refusal] | None:
    """Say which part of a definition cannot stay so, and why; None when all can."""
    if subject not in SUBJECTS:
        return "subject", _bad(N_("“%(found)s” has no custom fields."), subject)
    if not _CODE.fullmatch(wanted.code):
        because = N_(
            "“%(found)s” is no code of a field: a letter first, then letters, digits, _ and -, 40 at most."
        )
        return "code", _bad(because, wanted.code)
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME:
        because = N_("“%(found)s” is no name of a field: 1 to 80 characters are expected.")
        return "name", _bad(because, wanted.name)
    if wanted.kind not in KINDS:
        return "kind", _bad(N_("“%(found)s” is no kind of field."), wanted.kind)
    return _why_not_of_kind(wanted)


def _why_not_of_kind(wanted: Definition) -> tuple[str, Refusal] | None:
    choices = list(wanted.choices)
    if wanted.kind == "choice":
        alike = {one.casefold() for one in choices}
        if not choices or len(choices) > MOST_CHOICES or len(alike) < len(choices):
            because = N_("1 to 100 different words to choose from are expected; found: %(found)s.")
            return "choices", _bad(because, ", ".join(choices) or "–")
    elif choices:
        because = N_("Words to choose from belong to a field of that kind only; found: %(found)s.")
        return "choices", _bad(because, ", ".join(choices))
    if wanted.kind != "number" and not (wanted.unit == "" and wanted.least is wanted.most is None):
        because = N_("A unit and bounds belong to a number; this is a field of kind “%(found)s”.")
        return "unit", _bad(because, wanted.kind)
    if wanted.least is not None and wanted.most is not None and wanted.least > wanted.most:
        because = N_("The least, %(found)s, is above the most, %(expected)s.")
        facts = {"found": plain_number(wanted.least), "expected": plain_number(wanted.most)}
        return "least", Refusal("bad_field", because, facts)
    return None


def _bad(because: str, found: str) -> Refusal:
    return Refusal("bad_field", because, {"found": found})


def why_not_change(
    before: Definition, now: Definition, filled: int, outside: int
) -> Refusal | None:
    """Say why a field that stands filled cannot become another, or None when it can.

    `filled` things have a value in it, `outside` of them one that it would no longer allow.
    """
    facts: dict[str, object] = {"field": before.name, "count": filled}
    if filled and before.kind != now.kind:
        because = N_n(
            "%(field)s is filled in once as %(found)s; its kind cannot become %(expected)s. Make a new field, and retire this one.",
            "%(field)s is filled in %(count)s times as %(found)s; its kind cannot become %(expected)s. Make a new field, and retire this one.",
            "count",
        )
        more: dict[str, object] = {
            "found": Sentence(KINDS[before.kind]),
            "expected": Sentence(KINDS[now.kind]),
        }
        return Refusal("field_filled", because, {**facts, **more})
    if filled and before.unit != now.unit:
        because = N_n(
            "%(field)s is filled in once in “%(found)s”; its unit cannot become “%(expected)s”. Make a new field, and retire this one.",
            "%(field)s is filled in %(count)s times in “%(found)s”; its unit cannot become “%(expected)s”. Make a new field, and retire this one.",
            "count",
        )
        more = {"found": before.unit, "expected": now.unit}
        return Refusal("field_filled", because, {**facts, **more})
    if outside:
        because = N_n(
            "%(field)s is filled in once, with a value that would not be allowed any more. Change it first.",
            "%(field)s is filled in %(count)s times; %(outside)s of these values would not be allowed any more. Change them first.",
            "count",
        )
        return Refusal("field_outside", because, {**facts, "outside": outside})
    return None
