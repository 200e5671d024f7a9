"""The API's descriptions and its strict reading of bodies.

    @api.post("/vials/<code>/move")
    @require("storage.move")
    @describes("Move a vial", body=MoveVial, answers={200: VialOut})
    def move(code: str) -> VialOut:
        wanted = read(MoveVial)

Bodies and answers are msgspec structs; from them /api/v1/openapi.json is made.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from flask import request

from server.core.errors import Invalid, Refusal
from server.core.words import N_

S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Any])

AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
NOT_JSON = N_("The body is not JSON: %(why)s. A JSON object is expected.")
WRONG = N_("%(field)s: %(found)s was found. %(expected)s.")
ABSENT = N_("nothing")


class Answer(msgspec.Struct, kw_only=True):
    """Base of what the API answers."""


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of what the API is sent; unknown fields are refused."""


@dataclass(frozen=True)
class Description:
    """What openapi.json says of one view."""

    summary: str
    body: Any = None
    answers: Mapping[int, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    listed: bool = False


def describes(
    summary: str,
    *,
    body: Any = None,  # noqa: ANN401  a struct's type
    answers: Mapping[int, Any] | None = None,
    query: Mapping[str, str] | None = None,
    listed: bool = False,
) -> Callable[[F], F]:
    """Describe a view of the API; `query` maps parameters to words, `listed` adds cursor and limit."""

    def decorate(view: F) -> F:
        said = Description(summary, body, answers or {204: None}, query or {}, listed)
        view.description = said  # type: ignore[attr-defined]  # read by web/openapi.py
        return view

    return decorate


def read(kind: type[S]) -> S:
    """Return the request's body as this struct; refuses with field, found and expected."""
    raw = request.get_data(cache=True)
    try:
        return msgspec.json.decode(raw or b"null", type=kind)
    except msgspec.ValidationError as error:
        raise _refused(str(error), raw) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = str(error).rstrip(".")
        raise Invalid(Refusal("not_json", NOT_JSON, {"why": why})) from None


def _refused(message: str, raw: bytes) -> Invalid:
    parts = AT.match(message)
    what, path = (parts["what"], parts["path"] or "$") if parts else (message, "$")
    found = _found(raw, path) if not what.startswith("Object missing") else ABSENT
    name = path.removeprefix("$.").removeprefix("$") or "body"
    facts = {"field": name, "found": found, "expected": what.rstrip(".")}
    return Invalid(Refusal("bad_body", WRONG, facts), field=name)


def _found(raw: bytes, path: str) -> str:
    value: Any = msgspec.json.decode(raw or b"null")
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            break
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:59] + "…"
