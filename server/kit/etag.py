"""ETag and If-Match: nobody overwrites what they have not seen.

A thing that is one row has the row's version as its tag (`tell`, `check`). What is made of many rows,
such as a list with its tubes, has a digest of the whole answer (`tell_answer`, `check_answer`).
"""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Response, after_this_request, request

from server.core.errors import Conflict, Refusal
from server.core.words import N_

A = TypeVar("A", bound=msgspec.Struct)

HEADER = "If-Match"
STALE = N_(
    "You saw version %(found)s; it is version %(expected)s now. Load it again, then repeat your change."
)
CHANGED = N_("It has changed since you saw it. Load it again, then repeat your change.")
_DIGITS = 24


class Stale(Conflict):
    """The asker's If-Match names another version than the one that is there."""


def tell(version: int) -> None:
    """Put the version's ETag on the answer to this request, whatever the view returns."""
    _tell(_of(version))


def check(version: int) -> None:
    """Refuse a request whose If-Match names another version; without the header anything goes."""
    given = _given()
    if given and _of(version) not in given:
        found = ", ".join(tag.strip('"') for tag in given)
        raise Stale(Refusal("stale", STALE, {"found": found, "expected": version}))


def tell_answer(answer: A) -> A:
    """Put the digest of this answer on it as its ETag; gives the answer back."""
    _tell(_digest(answer))
    return answer


def check_answer(answer: Callable[[], msgspec.Struct]) -> None:
    """Refuse a request whose If-Match is not the digest of what would be answered now.

    `answer` is asked only where the header is there.
    """
    given = _given()
    if given and _digest(answer()) not in given:
        raise Stale(Refusal("stale", CHANGED))


def _of(version: int) -> str:
    return f'"{version}"'


def _given() -> list[str]:
    """Return the tags of If-Match, none where it asks for nothing."""
    given = request.headers.get(HEADER, "").strip()
    if not given or given == "*":
        return []
    return [tag.strip().removeprefix("W/") for tag in given.split(",")]


def _tell(tag: str) -> None:
    @after_this_request
    def put_tag(response: Response) -> Response:
        if response.status_code < 300:
            response.headers["ETag"] = tag
        return response


def _digest(answer: msgspec.Struct) -> str:
    return f'"{hashlib.sha256(msgspec.json.encode(answer)).hexdigest()[:_DIGITS]}"'
