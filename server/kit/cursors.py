"""Opaque cursors: where a list goes on."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Any

from flask import request
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.core.errors import Invalid, Refusal
from server.core.words import N_

USUAL, MOST = 50, 500
NOT_CURSOR = Refusal(
    "bad_cursor",
    N_("This cursor is not one of ours; take the value of “next” as it came, or none to begin."),
    {},
)
BAD_LIMIT = N_("limit: “%(found)s” was found, a whole number from 1 to %(most)s is expected.")


def encode(value: int | str) -> str:
    """Return a cursor that goes on after this value."""
    return urlsafe_b64encode(json.dumps(["c1", value]).encode()).decode().rstrip("=")


def decode(cursor: str) -> int | str:
    """Return the value that the cursor stands for; refuses what we did not make."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        kind, value = json.loads(urlsafe_b64decode(padded))
    except (ValueError, TypeError, NotBase64):
        raise Invalid(NOT_CURSOR, field="cursor") from None
    is_id = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    if kind != "c1" or not (is_id or isinstance(value, str)):
        raise Invalid(NOT_CURSOR, field="cursor")
    return value  # type: ignore[no-any-return]  # an int or a str, as just checked


def not_ours() -> Invalid:
    """Return the refusal of a cursor that does not fit this list."""
    return Invalid(NOT_CURSOR, field="cursor")


def limit() -> int:
    """Return how many items the request wants."""
    found = request.args.get("limit", "").strip()
    if not found:
        return USUAL
    if not (found.isascii() and found.isdecimal()) or not 1 <= int(found[:9]) <= MOST:
        raise Invalid(
            Refusal("bad_limit", BAD_LIMIT, {"found": found, "most": MOST}), field="limit"
        )
    return int(found)


def page(
    session: Session,
    query: Select[Any],
    key: InstrumentedAttribute[Any],
    *,
    newest_first: bool = False,
) -> tuple[list[Any], str | None]:
    """Return the request's page of the query's entities, and the cursor of the next page or None.

    `key` is a unique column of the entity, by which the pages are ordered.
    """
    size = limit()
    if after := request.args.get("cursor", ""):
        value = _of_type(decode(after), key)
        query = query.where(key < value if newest_first else key > value)
    query = query.order_by(key.desc() if newest_first else key.asc()).limit(size + 1)
    found = list(session.scalars(query).unique())
    more = len(found) > size
    found = found[:size]
    return found, encode(getattr(found[-1], key.key)) if more else None


def _of_type(value: int | str, key: InstrumentedAttribute[Any]) -> int | str:
    fits: bool = isinstance(value, key.type.python_type)
    if not fits:
        raise Invalid(NOT_CURSOR, field="cursor")
    return value
