"""Turns what a view returns into a response: structs become JSON."""

from typing import Any

import msgspec
from flask import Response

JSON = "application/json"


def as_response(result: Any) -> Any:  # noqa: ANN401  whatever Flask takes
    """Return a struct, or (struct, status), as JSON; leave anything else to Flask."""
    if isinstance(result, msgspec.Struct):
        return json(result)
    if isinstance(result, tuple) and result and isinstance(result[0], msgspec.Struct):
        return (json(result[0]), *result[1:])
    return result


def json(content: object, status: int = 200, mimetype: str = JSON) -> Response:
    """Return this as a JSON response."""
    return Response(msgspec.json.encode(content), status, mimetype=mimetype)
