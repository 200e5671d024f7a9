"""What is said of an API body that is not as it should be: which field, what was found, what is expected."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit.fields import UNPRINTED
from server.kit.i18n import gettext

AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
KIND = re.compile(r"^Expected `(?P<kinds>[\w| ]+)`(?:, got `\w+`)?$")
NAMED = re.compile(r"^Object (?P<how>missing required|contains unknown) field `(?P<name>.*)`$")
ENCODED = re.compile(r"^Invalid RFC3339 encoded (?P<kinds>datetime|date)$")
SECRET = re.compile("password|secret|token", re.IGNORECASE)
LONGEST = 60
NESTED = (datetime, msgspec.Struct, list, tuple)
"""What a time without its zone may be, or lie in."""
ESCAPED = re.compile(rb"\\u00(?:0[0-8bcef]|1[0-9a-f]|7f)", re.IGNORECASE)
"""How such a sign is written in JSON; without it no text needs a closer look."""

WRONG = N_("%(field)s: %(found)s was found; %(expected)s is expected.")
MISSING = N_("%(field)s is missing; it is needed here.")
UNKNOWN = N_("%(field)s: no such field is expected here.")
HIDDEN = N_("something that is not repeated here")
OTHERWISE = N_("%(field)s: %(found)s was found. %(expected)s.")
EITHER = N_("%(one)s or %(other)s")
KINDS = {
    "str": N_("a text"),
    "int": N_("a whole number"),
    "float": N_("a number"),
    "bool": N_("true or false"),
    "datetime": N_("a time such as 2026-03-14T15:00:00Z"),
    "date": N_("a date such as 2026-03-14"),
    "array": N_("a list"),
    "object": N_("an object"),
    "null": N_("null"),
}


def refused(message: str, raw: bytes) -> Invalid:
    """Return the refusal for what msgspec says of this body; unusual kinds keep msgspec's words."""
    parts = AT.match(message)
    what, path = (parts["what"], parts["path"] or "$") if parts else (message, "$")
    because, facts = OTHERWISE, {"expected": what.rstrip(".")}
    if named := NAMED.match(what):
        because = MISSING if named["how"].startswith("missing") else UNKNOWN
        path, facts = f"{path}.{named['name']}", {}
    elif (kind := KIND.match(what) or ENCODED.match(what)) and (said := _kinds(kind["kinds"])):
        because, facts = WRONG, {"expected": said}
    field = path.removeprefix("$").removeprefix(".") or "body"
    facts["field"] = field
    if because is not UNKNOWN:  # a misspelt password is an unknown field, too
        facts["found"] = _found(raw, path)
    return Invalid(Refusal("bad_body", because, facts), field=field)


def without_zone(value: object, path: str = "$") -> Iterator[str]:
    """Yield where in a body that was read there is a time that does not say its zone."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            yield path
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if isinstance(inner := getattr(value, name), NESTED):
                yield from without_zone(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            if isinstance(one, NESTED):
                yield from without_zone(one, f"{path}[{index}]")


def unprinted(found: object, raw: bytes, path: str = "$") -> Iterator[str]:
    """Yield where in a body that was read there is a text with a sign that cannot be printed, such as NUL."""
    if ESCAPED.search(raw) is None:
        return
    if isinstance(found, str):
        if UNPRINTED.search(found):
            yield path
    elif isinstance(found, msgspec.Struct):
        for name in found.__struct_fields__:
            yield from unprinted(getattr(found, name), raw, f"{path}.{name}")
    elif isinstance(found, dict):
        for name, one in found.items():
            yield from unprinted(name, raw, f"{path}.{name}")
            yield from unprinted(one, raw, f"{path}.{name}")
    elif isinstance(found, list | tuple | set | frozenset):
        for index, one in enumerate(found):
            yield from unprinted(one, raw, f"{path}[{index}]")


def _kinds(kinds: str) -> str:
    """Return the kinds in words of the request's language; empty where one has none."""
    names = kinds.split(" | ")
    if not set(names) <= set(KINDS):
        return ""
    said = gettext(KINDS[names[0]])
    for name in names[1:]:
        said = gettext(EITHER, one=said, other=gettext(KINDS[name]))
    return said


def _found(raw: bytes, path: str) -> str:
    try:
        value: Any = msgspec.json.decode(raw or b"null")
    except (msgspec.DecodeError, RecursionError):  # numbers without end, lists in lists in lists
        return gettext(HIDDEN)
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            break
    if isinstance(value, dict | list):  # never the whole body: there may be a password in it
        kind = KINDS["object"] if isinstance(value, dict) else KINDS["array"]
        return gettext(kind)
    if SECRET.search(path):
        return gettext(HIDDEN)
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
