"""The sentence before the figures: how a freezer stands, in words. Pure."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from server.core.words import N_
from server.notify.rules import Sentence
from server.telemetry.limits import Limit
from server.telemetry.quantities import (
    THIN,
    figure,
    number,
    plain,
    span_unit_of,
    unit_of,
    word_of,
)

STEADY_PER_MIN = {"°C": 0.1, "mm": 0.5, "%": 0.1}
"""Changes slower than this in a minute are called steady."""


@dataclass(frozen=True)
class Figure:
    """What the sentence speaks of; `broken` is the limit that the value lies beyond, `near` its next one."""

    key: str
    value: float
    broken: Limit | None = None
    near: Limit | None = None
    per_min: float | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """All that the sentence may say; None is unknown. `main` None: nothing is known of any figure."""

    main: Figure | None
    last_at: datetime | None = None
    has_lid: bool = False
    lid_open: bool | None = None
    has_level: bool = False
    level_per_min: float | None = None
    time_zone: str = "UTC"
    now: datetime | None = None


def sentence(facts: Facts) -> Sentence:
    """Say how the freezer stands.

    Top probe 8 K above its limit and rising 1.1 K a minute since 11:54; lid closed, level steady.
    """
    head = _head(facts)
    if facts.main is None:
        return head
    tail = _tail(facts, facts.main)
    if tail is None:
        return Sentence(N_("%(head)s."), {"head": head})
    return Sentence(N_("%(head)s; %(tail)s."), {"head": head, "tail": tail})


def _head(facts: Facts) -> Sentence:
    main = facts.main
    if main is None and facts.last_at is None:
        return Sentence(N_("No readings yet: how this freezer stands is unknown."))
    if main is None:
        template = N_("No readings since %(since)s: how this freezer stands is unknown.")
        return Sentence(template, {"since": clock_time(facts.last_at, facts)})
    said = _beyond(main, main.broken) if main.broken else _inside(main)
    moved = {"head": said, "trend": _trend(main)}
    if main.since is None:
        return Sentence(N_("%(head)s%(trend)s"), moved)
    moved["since"] = clock_time(main.since, facts)
    return Sentence(N_("%(head)s%(trend)s since %(since)s"), moved)


def _beyond(main: Figure, limit: Limit) -> Sentence:
    facts = {"what": Sentence(word_of(main.key)), "far": _far(main, limit)}
    if limit.kind == "high":
        return Sentence(N_("%(what)s %(far)s above its limit"), facts)
    return Sentence(N_("%(what)s %(far)s below its limit"), facts)


def _inside(main: Figure) -> Sentence:
    facts = {"what": Sentence(word_of(main.key)), "value": figure(main.key, main.value)}
    if main.near is None:
        return Sentence(N_("%(what)s %(value)s"), facts)
    facts["far"] = _far(main, main.near)
    if main.near.kind == "high":
        return Sentence(N_("%(what)s %(value)s, %(far)s below its limit"), facts)
    return Sentence(N_("%(what)s %(value)s, %(far)s above its limit"), facts)


def _far(main: Figure, limit: Limit) -> str:
    far = abs(main.value - limit.value)
    text = plain(round(far)) if far >= 5 else number(far)
    return f"{text}{THIN}{span_unit_of(main.key)}".rstrip()


def _trend(main: Figure) -> object:
    if main.per_min is None:
        return ""
    if abs(main.per_min) < STEADY_PER_MIN.get(unit_of(main.key), 0.1):
        return Sentence(N_(" and steady"))
    rate = {"rate": f"{number(abs(main.per_min))}{THIN}{span_unit_of(main.key)}"}
    rising = main.per_min > 0
    return Sentence(
        N_(" and rising %(rate)s a minute") if rising else N_(" and falling %(rate)s a minute"),
        rate,
    )


def _tail(facts: Facts, main: Figure) -> Sentence | None:
    parts = []
    if facts.has_lid:
        parts.append(Sentence(_lid_word(facts.lid_open)))
    if facts.has_level and not main.key.startswith("level"):
        parts.append(Sentence(_level_word(facts.level_per_min)))
    if len(parts) == 2:
        return Sentence(N_("%(lid)s, %(level)s"), {"lid": parts[0], "level": parts[1]})
    return parts[0] if parts else None


def _lid_word(is_open: bool | None) -> str:
    if is_open is None:
        return N_("lid unknown")
    return N_("lid open") if is_open else N_("lid closed")


def _level_word(per_min: float | None) -> str:
    if per_min is None:
        return N_("level unknown")
    if abs(per_min) < STEADY_PER_MIN["mm"]:
        return N_("level steady")
    return N_("level rising") if per_min > 0 else N_("level falling")


def clock_time(at: datetime | None, facts: Facts) -> str:
    """Return the site's time of day, with the day where it was not today."""
    if at is None:
        return "?"
    there = at.astimezone(ZoneInfo(facts.time_zone))
    today = facts.now.astimezone(there.tzinfo).date() if facts.now else there.date()
    return there.strftime("%H:%M" if there.date() == today else "%Y-%m-%d %H:%M")
