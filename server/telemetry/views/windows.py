"""Which time a request asks about, and in how many points."""

from dataclasses import dataclass

from flask import g, request

from server.core.clock import to_ms
from server.core.errors import Invalid, Refusal
from server.core.words import N_

HOUR_MS = 3_600_000
RANGES = {
    "1h": HOUR_MS,
    "24h": 24 * HOUR_MS,
    "7d": 7 * 24 * HOUR_MS,
    "90d": 90 * 24 * HOUR_MS,
    "1y": 365 * 24 * HOUR_MS,
}
USUAL = "24h"
USUAL_POINTS, MOST_POINTS = 600, 5_000
LONGEST_MS = 10 * RANGES["1y"]
SHORTEST_MS = 60_000
BAD_RANGE = N_("range: “%(found)s” was found, one of %(ranges)s is expected.")
BAD_MOMENT = N_("%(field)s: “%(found)s” was found, milliseconds since 1970 UTC are expected.")
BAD_POINTS = N_("points: “%(found)s” was found, a whole number from 1 to %(most)s is expected.")
BACKWARDS = N_("“from” must lie before “to”, and at most ten years before it.")


@dataclass(frozen=True)
class Window:
    """From when until when (ms since 1970 UTC), in how many points; `name` is the range, if it was one."""

    from_ms: int
    to_ms: int
    points: int
    name: str = ""


def window() -> Window:
    """Return the time that the request asks about; refuses what is none, field by field."""
    points = _whole("points", USUAL_POINTS, BAD_POINTS)
    if not 1 <= points <= MOST_POINTS:
        _refuse("points", BAD_POINTS, request.args["points"])
    if "from" in request.args:
        return _stated(points)
    return of_range(range_name(strict=True), points)


def of_page(points: int) -> Window:
    """Return the time that a page's address asks about: from and to, or a range; the usual one else."""
    if "from" in request.args:
        return _stated(points)
    return of_range(range_name(), points)


def steps(shown: Window, now_ms: int) -> dict[str, tuple[int, int]]:
    """Return the windows beside this one: earlier, later, closer and wider; those that lead nowhere are left out."""
    span = shown.to_ms - shown.from_ms
    middle = shown.from_ms + span // 2
    found = {
        "earlier": (shown.from_ms - span // 2, shown.to_ms - span // 2),
        "later": (shown.from_ms + span // 2, shown.to_ms + span // 2),
        "closer": (middle - span // 4, middle + span // 4),
        "wider": (middle - span, min(middle + span, now_ms)),
    }
    if found["later"][1] > now_ms:
        found["later"] = (now_ms - span, now_ms)
    if shown.to_ms >= now_ms:
        del found["later"]
    if span < 2 * SHORTEST_MS:
        del found["closer"]
    if 2 * span > LONGEST_MS:
        del found["wider"]
    return {name: (max(begin, 0), end) for name, (begin, end) in found.items()}


def of_range(name: str, points: int) -> Window:
    """Return the window that ends now and is as long as its name says."""
    now_ms = to_ms(g.clock.now())
    return Window(now_ms - RANGES[name], now_ms, points, name)


def range_name(*, strict: bool = False) -> str:
    """Return the range in the request's address; 24 h where there is none, or none that is known."""
    found = request.args.get("range", USUAL)
    if found in RANGES:
        return found
    if strict:
        _refuse("range", BAD_RANGE, found)
    return USUAL


def _stated(points: int) -> Window:
    from_ms = _whole("from", 0, BAD_MOMENT)
    until_ms = _whole("to", to_ms(g.clock.now()), BAD_MOMENT)
    if not 0 < until_ms - from_ms <= LONGEST_MS:
        raise Invalid(Refusal("bad_window", BACKWARDS), field="from")
    return Window(from_ms, until_ms, points)


def _whole(field: str, usual: int, because: str) -> int:
    found = request.args.get(field, "").strip()
    if not found:
        return usual
    if not (found.isascii() and found.isdecimal()) or len(found) > 15:
        _refuse(field, because, found)
    return int(found)


def _refuse(field: str, because: str, found: str) -> None:
    facts = {
        "field": field, "found": found[:60], "most": MOST_POINTS, "ranges": ", ".join(RANGES),
    }  # fmt: skip
    raise Invalid(Refusal(f"bad_{field}", because, facts), field=field)
