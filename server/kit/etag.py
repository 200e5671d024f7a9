"""ETag and If-Match by the version of a row: nobody overwrites what they have not seen."""

from flask import Response, request

from server.core.errors import Conflict, Refusal
from server.core.words import N_

HEADER = "If-Match"
STALE = N_(
    "You saw version %(found)s; it is version %(expected)s now. Load it again, then repeat your change."
)


class Stale(Conflict):
    """The asker's If-Match names another version than the one that is there."""


def of(version: int) -> str:
    """Return the ETag of this version."""
    return f'"{version}"'


def put(response: Response, version: int) -> Response:
    """Put the version's ETag on the response."""
    response.headers["ETag"] = of(version)
    return response


def check(version: int) -> None:
    """Refuse a request whose If-Match names another version; without the header anything goes."""
    given = request.headers.get(HEADER, "").strip()
    if not given or given == "*":
        return
    if of(version) not in [tag.strip().removeprefix("W/") for tag in given.split(",")]:
        raise Stale(Refusal("stale", STALE, {"found": given.strip('"'), "expected": version}))
