"""The sentences of an alarm: what, how bad, since when, what is at stake. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from server.alarms import rules
from server.alarms.kinds import KINDS
from server.core.words import N_
from server.notify.rules import Sentence
from server.telemetry import quantities

THIN_SPACE = "\u2009"
MINUS = "\u2212"
STEADY_PER_MIN = {"°C": 0.1, "mm": 0.2, "%": 0.1}
"""Changes slower than this in a minute are called steady."""


@dataclass(frozen=True)
class Place:
    """Which freezer: its code and where it stands."""

    freezer: str
    site: str = ""
    room: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Stake:
    """What stands in the freezer."""

    vials: int = 0
    last_copies: int = 0
    reserved: int = 0


@dataclass(frozen=True)
class Sighting:
    """What an alarm was raised by: times aware, values in the channel's unit."""

    kind: str
    severity: str
    key: str
    label: str
    limit: float
    value: float | None
    since: datetime
    drill: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
    """What its kind says beyond a number; sentences among it wait for their language."""


@dataclass(frozen=True)
class Neighbours:
    """How the freezer's other channels stand: None where nothing is known."""

    lid_open: bool | None = None
    level_per_min: float | None = None


def number(value: float, digits: int = 1) -> str:
    """Return the number with a true minus sign and without a useless nought: −142.1, 231."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return (MINUS + text[1:]) if text.startswith("-") and text != "-0" else text.lstrip("-")


def figure(key: str, value: float) -> str:
    """Return the value with its unit, a thin space between."""
    unit = quantities.unit_of(key)
    return number(value) + (f"{THIN_SPACE}{unit}" if unit else "")


def rate(key: str, per_min: float) -> Sentence:
    """Return a change a minute with its sign, +1.1 K/min, or that there is none."""
    unit = quantities.unit_of(key)
    if abs(per_min) < STEADY_PER_MIN.get(unit, 0.1):
        return Sentence(N_("steady"))
    sign = "+" if per_min > 0 else ""
    return Sentence(f"{sign}{number(per_min)}{THIN_SPACE}{'K' if unit == '°C' else unit}/min")


def span(seconds: float, *, coarse: bool = False) -> Sentence:
    """Return a duration in words that fit: 45 s, 4 min 12 s (coarse: 4 min), 2 h 10 min, 3 d."""
    whole = int(max(seconds, 0))
    if whole < 60:
        return Sentence(N_("%(n)s s"), {"n": whole})
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        if minutes < 10 and rest and not coarse:
            return Sentence(N_("%(m)s min %(s)s s"), {"m": minutes, "s": rest})
        return Sentence(N_("%(n)s min"), {"n": minutes})
    if whole < 48 * 3600:
        hours, rest = divmod(whole // 60, 60)
        if rest:
            return Sentence(N_("%(h)s h %(m)s min"), {"h": hours, "m": rest})
        return Sentence(N_("%(n)s h"), {"n": hours})
    return Sentence(N_("%(n)s d"), {"n": whole // 86400})


def title(
    kind: str, key: str, label: str = "", detail: Mapping[str, object] | None = None
) -> Sentence:
    """Return the alarm in three words: Top probe too warm."""
    facts = {**(detail or {}), "what": Sentence(rules.quantity_of(key, label))}
    return Sentence(rules.title_of(kind, key), facts)


def distance(seen: Sighting) -> Sentence:
    """Say how far from the limit: Top probe 8 K above its limit."""
    if rules.is_weak_supply(seen.kind, seen.key):
        return Sentence(N_("The supply of the node is too weak"))
    return Sentence(KINDS[seen.kind].head, _facts(seen))


def _facts(seen: Sighting) -> dict[str, object]:
    """Return what the sentences of a kind may name."""
    facts: dict[str, object] = {"limit": figure(seen.key, seen.limit), **seen.detail}
    facts["what"] = Sentence(rules.quantity_of(seen.key, seen.label))
    if KINDS[seen.kind].has_value:
        facts["far"] = _beyond(seen)
    return facts


def _beyond(seen: Sighting) -> str:
    unit = quantities.span_unit_of(seen.key)
    beyond = abs((seen.value if seen.value is not None else seen.limit) - seen.limit)
    return f"{number(beyond)}{THIN_SPACE}{unit}".rstrip()


def sentence(seen: Sighting, place: Place, per_min: float | None, around: Neighbours) -> Sentence:
    """Say it all: Top probe 8 K above its limit and rising 1.1 K a minute since 11:54; lid closed, level steady."""
    head = Sentence(
        N_("%(head)s%(trend)s since %(since)s"),
        {
            "head": distance(seen),
            "trend": _trend(seen, per_min),
            "since": clock_time(seen.since, place),
        },
    )
    tail = _tail(seen, around)
    if tail is None:
        said = Sentence(N_("%(head)s."), {"head": head})
    else:
        said = Sentence(N_("%(head)s; %(tail)s."), {"head": head, "tail": tail})
    if (to_do := what_to_do(seen)) is None:
        return said
    return Sentence(N_("%(said)s %(do)s"), {"said": said, "do": to_do})


def what_to_do(seen: Sighting) -> Sentence | None:
    """Return what its kind tells people to do, or None."""
    found = seen.detail.get("do")
    return found if isinstance(found, Sentence) else None


def over_sentence(seen: Sighting, place: Place, until: datetime, *, acknowledged: bool) -> Sentence:
    """Say what was and is no more: Top probe was up to 8 K above its limit from 11:54 until 12:10; over, not acknowledged.

    The sighting's value is the worst that was seen.
    """
    one_day = _day(seen.since, place) == _day(until, place)
    told_at = clock_time if one_day else zoned_time
    facts = {
        **_facts(seen),
        "since": told_at(seen.since, place),
        "until": told_at(until, place),
    }
    weak = rules.is_weak_supply(seen.kind, seen.key)
    was = N_("The supply of the node was too weak from %(since)s until %(until)s")
    head = Sentence(was if weak else KINDS[seen.kind].was, facts)
    if acknowledged:
        return Sentence(N_("%(head)s; over, acknowledged."), {"head": head})
    return Sentence(N_("%(head)s; over, not acknowledged."), {"head": head})


def clock_time(at: datetime, place: Place) -> str:
    """Return the site's time of day."""
    return at.astimezone(ZoneInfo(place.time_zone)).strftime("%H:%M")


def zoned_time(at: datetime, place: Place) -> str:
    """Return the site's date and time with its zone, for letters."""
    return at.astimezone(ZoneInfo(place.time_zone)).strftime("%Y-%m-%d %H:%M %Z")


def stake_line(stake: Stake) -> Sentence:
    """Say what is inside: 3412 vials, 2 last copies, 14 reserved."""
    line = _vials(stake.vials)
    if stake.last_copies:
        template = (
            N_("%(line)s, %(n)s last copy")
            if stake.last_copies == 1
            else N_("%(line)s, %(n)s last copies")
        )
        line = Sentence(template, {"line": line, "n": stake.last_copies})
    if stake.reserved:
        line = Sentence(N_("%(line)s, %(n)s reserved"), {"line": line, "n": stake.reserved})
    return line


def subject(seen: Sighting, place: Place) -> Sentence:
    """Return a letter's subject; a drill says TEST before anything else."""
    template = (
        N_("%(severity)s: %(freezer)s %(title)s")
        if not seen.drill
        else N_("TEST (drill): %(severity)s: %(freezer)s %(title)s")
    )
    return Sentence(
        template,
        {
            "severity": Sentence(rules.SEVERITY_WORDS[seen.severity]),
            "freezer": place.freezer,
            "title": title(seen.kind, seen.key, seen.label, seen.detail),
        },
    )


def letter(seen: Sighting, place: Place, stake: Stake | None) -> tuple[Sentence, ...]:
    """Return a letter's lines: what and how bad, where, what is at stake; a drill says so first."""
    lines = [
        Sentence(
            N_("%(head)s since %(since)s."),
            {"head": distance(seen), "since": zoned_time(seen.since, place)},
        )
    ]
    is_number = not rules.is_weak_supply(seen.kind, seen.key)
    if seen.kind in {"high", "low"} and seen.value is not None and is_number:
        facts = {"value": figure(seen.key, seen.value), "limit": figure(seen.key, seen.limit)}
        lines.append(Sentence(N_("It reads %(value)s; the limit is %(limit)s."), facts))
    if (to_do := what_to_do(seen)) is not None:
        lines.append(to_do)
    where = " › ".join(part for part in (place.site, place.room, place.freezer) if part)
    lines.append(Sentence(N_("Where: %(where)s"), {"where": where}))
    if stake is not None:
        lines.append(Sentence(N_("Inside: %(stake)s"), {"stake": stake_line(stake)}))
    if seen.drill:
        lines.insert(
            0,
            Sentence(
                N_("This is a TEST: a drill called “%(drill)s”. No freezer is in danger."),
                {"drill": seen.drill},
            ),
        )
    return tuple(lines)


def _day(at: datetime, place: Place) -> date:
    return at.astimezone(ZoneInfo(place.time_zone)).date()


def _vials(n: int) -> Sentence:
    if n == 0:
        return Sentence(N_("no vials"))
    return Sentence(N_("%(n)s vial") if n == 1 else N_("%(n)s vials"), {"n": f"{n:,}"})


def _trend(seen: Sighting, per_min: float | None) -> object:
    unit = quantities.unit_of(seen.key)
    is_number = seen.kind in {"high", "low"} and not rules.is_weak_supply(seen.kind, seen.key)
    if per_min is None or not is_number:
        return ""
    if abs(per_min) < STEADY_PER_MIN.get(unit, 0.1):
        return Sentence(N_(" and steady"))
    facts = {"rate": f"{number(abs(per_min))}{THIN_SPACE}{'K' if unit == '°C' else unit}"}
    return Sentence(
        N_(" and rising %(rate)s a minute")
        if per_min > 0
        else N_(" and falling %(rate)s a minute"),
        facts,
    )


def _tail(seen: Sighting, around: Neighbours) -> Sentence | None:
    lid = level = None
    if around.lid_open is not None and not rules.is_door(seen.key):
        lid = Sentence(N_("lid open") if around.lid_open else N_("lid closed"))
    if around.level_per_min is not None and not seen.key.startswith("level"):
        level = Sentence(_level_word(around.level_per_min))
    if lid and level:
        return Sentence(N_("%(lid)s, %(level)s"), {"lid": lid, "level": level})
    return lid or level


def _level_word(per_min: float) -> str:
    if abs(per_min) < STEADY_PER_MIN["mm"]:
        return N_("level steady")
    return N_("level rising") if per_min > 0 else N_("level falling")
