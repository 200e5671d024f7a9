"""The API's descriptions and its strict reading of bodies.

    @api.post("/vials/<code>/move")
    @require("storage.move")
    @describes("Move a vial", body=MoveVial, answers={200: VialOut})
    def move(code: str) -> VialOut:
        wanted = read(MoveVial)

Bodies and answers are msgspec structs; from them /api/v1/openapi.json is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from flask import request

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import bodies

S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Any])

NOT_JSON = N_("The body is not JSON: %(why)s. A JSON object is expected.")

UNPRINTED = N_("%(field)s: holds a sign that cannot be printed; leave it out.")


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
    """Return the request's body as this struct; refuses with field, found and expected.

    A time without its zone is refused: nobody knows which moment it means.
    """
    raw = request.get_data(cache=True)
    try:
        found = msgspec.json.decode(raw or b"null", type=kind)
    except msgspec.ValidationError as error:
        raise bodies.refused(str(error), raw) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = str(error).rstrip(".")
        raise Invalid(Refusal("not_json", NOT_JSON, {"why": why})) from None
    if (path := next(bodies.without_zone(found), None)) is not None:
        raise bodies.refused(f"Expected `datetime` - at `{path}`", raw)
    if (path := next(bodies.unprinted(found, raw), None)) is not None:
        field = path.removeprefix("$").lstrip(".")
        raise Invalid(Refusal("unprinted", UNPRINTED, {"field": field}), field=field)
    return found
