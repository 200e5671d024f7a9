"""iCalendar (RFC 5545): on-call turns as a feed, holidays and turns from a file. No database.

A file is read with bounds: its size, its entries, and how often an entry may recur. What cannot be read for
certain (an unknown time zone, an exotic recurrence) is refused with a sentence that names the entry, never guessed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from server.core.errors import Invalid, Refusal
from server.core.words import N_, Sentence
from server.notify.hours import wall
from server.notify.rota import Shift

if TYPE_CHECKING:
    from icalendar import Event

MOST_BYTES: Final = 1_000_000
MOST_ENTRIES: Final = 2000
MOST_REPEATS: Final = 20_000
"""Of all entries of a file together, from their beginnings on."""
AHEAD: Final = timedelta(days=2 * 366)
"""What lies later is left out."""
LONGEST_ENTRY: Final = timedelta(days=92)
PRODUCT: Final = "-//Cryokeep//On call//EN"
_PLAIN_RULES: Final[Mapping[str, frozenset[str]]] = {
    "DAILY": frozenset(),
    "WEEKLY": frozenset({"BYDAY", "WKST"}),
    "MONTHLY": frozenset(),
    "YEARLY": frozenset(),
}
_ALWAYS_FINE: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL"})
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)
"""What the library raises on broken files."""
NO_CALENDAR = N_("This is no calendar file (.ics) that can be read: %(why)s.")


@dataclass(frozen=True)
class Entry:
    """One time of one entry: what it is called, whom it names, from when to when (days, or moments in UTC)."""

    uid: str
    summary: str
    people: tuple[str, ...]
    begins: date
    until: date


def holidays(data: bytes, today: date) -> dict[date, str]:
    """Return the whole days of a calendar from today on, with their names; Invalid where it cannot be read."""
    found: dict[date, str] = {}
    for entry in _entries(data, ZoneInfo("UTC"), today):
        if isinstance(entry.begins, datetime):
            raise _bad(entry.summary, N_("it has hours, and a holiday is a whole day"))
        for number in range((entry.until - entry.begins).days):
            found[entry.begins + timedelta(days=number)] = entry.summary
    return {day: name for day, name in sorted(found.items()) if day >= today}


def turns(data: bytes, zone: ZoneInfo, now: datetime) -> list[Entry]:
    """Return the times of a calendar that are not over, in UTC; whole days are those of the zone.

    `people` are the mail addresses of those who take part. Invalid where it cannot be read.
    """
    found = []
    for entry in _entries(data, zone, now.astimezone(zone).date()):
        begins, until = _moment(entry.begins, zone), _moment(entry.until, zone)
        if until > now:
            found.append(Entry(entry.uid, entry.summary, entry.people, begins, until))
    return sorted(found, key=lambda entry: (entry.begins, entry.uid))


def as_moment(at: date) -> datetime:
    """Return what `turns` gives, as the moment that it is."""
    assert isinstance(at, datetime)
    return at


def feed(name: str, host: str, shifts: Iterable[tuple[Shift, str, str]], now: datetime) -> bytes:
    """Return a calendar of shifts, each with its title and its description."""
    from icalendar import Calendar, Event  # noqa: PLC0415  most processes never read or write one

    calendar = Calendar()
    for key, value in (
        ("prodid", PRODUCT), ("version", "2.0"), ("method", "PUBLISH"), ("x-wr-calname", name),
        ("x-published-ttl", "PT1H"),
    ):  # fmt: skip
        calendar.add(key, value)
    for shift, title, why in shifts:
        event = Event()
        event.add("uid", f"{_uid(host, shift)}@cryokeep")
        event.add("dtstamp", now)
        event.add("dtstart", shift.begins_at)
        event.add("dtend", shift.until)
        event.add("summary", title)
        event.add("description", why)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _uid(host: str, shift: Shift) -> str:
    people = ",".join(str(person) for person in shift.people)
    return sha256(f"{host} {shift.begins_at.isoformat()} {people}".encode()).hexdigest()[:32]


def _entries(data: bytes, zone: ZoneInfo, today: date) -> Iterator[Entry]:
    left = MOST_REPEATS
    for event in _events(data):
        summary = str(event.get("SUMMARY", "")).strip()[:100] or "?"
        try:
            begins, until = event.start, event.end
            times, used = _times(event, summary, begins, today, left)
        except _BROKEN as error:
            raise _bad(summary, N_("its time cannot be read")) from error
        _check(event, summary, begins, until)
        left -= used
        uid = str(event.get("UID", summary))[:200]
        for at in times:
            yield Entry(uid, summary, _people(event), at, _shifted(at, until, begins, zone))


def _events(data: bytes) -> "Sequence[Event]":
    from icalendar import Calendar, Event  # noqa: PLC0415  most processes never read or write one

    if len(data) > MOST_BYTES:
        because = N_("The file has %(found)s bytes; at most %(most)s are read.")
        raise Invalid(Refusal("calendar_long", because, {"found": len(data), "most": MOST_BYTES}))
    try:
        calendar = Calendar.from_ical(data)
        events = [one for one in calendar.walk("VEVENT") if isinstance(one, Event)]
    except _BROKEN as error:
        why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise Invalid(Refusal("no_calendar", NO_CALENDAR, {"why": why})) from error
    if not events:
        raise Invalid(Refusal("calendar_empty", N_("This calendar has no entries.")))
    if len(events) > MOST_ENTRIES:
        because = N_("The calendar has %(found)s entries; at most %(most)s are read.")
        facts = {"found": len(events), "most": MOST_ENTRIES}
        raise Invalid(Refusal("calendar_full", because, facts))
    return events


def _check(event: "Event", summary: str, begins: date, until: date) -> None:
    for key in ("DTSTART", "DTEND"):
        given: Any = event.get(key)
        if (
            given is not None
            and given.params.get("TZID")
            and getattr(given.dt, "tzinfo", UTC) is None
        ):
            raise _bad(summary, N_("its time zone is unknown here"))
    if isinstance(begins, datetime) != isinstance(until, datetime):
        raise _bad(summary, N_("it begins with a day and ends with a time, or the other way round"))
    if (getattr(begins, "tzinfo", None) is None) != (getattr(until, "tzinfo", None) is None):
        raise _bad(summary, N_("one of its times has a time zone and the other has none"))
    if not begins < until <= begins + LONGEST_ENTRY:
        raise _bad(summary, N_("it ends before it begins, or lasts more than three months"))


def _times(
    event: "Event", summary: str, begins: date, today: date, left: int
) -> tuple[list[date], int]:
    """Return when an entry begins, again and again up to AHEAD, and how many beginnings were counted."""
    if "RECURRENCE-ID" in event or "RDATE" in event:
        raise _bad(summary, N_("one of its repetitions was moved; enter that one by hand"))
    rule: Any = event.get("RRULE")
    if rule is None:
        return [begins], 1
    if isinstance(rule, list) or not _is_plain(rule):
        raise _bad(
            summary, N_("it repeats in a way that is not read here; give each time its own entry")
        )
    start = begins if isinstance(begins, datetime) else datetime.combine(begins, time())
    shown = start.replace(tzinfo=None)
    until = _until(rule, start)
    plain = {key: value for key, value in rule.items() if key != "UNTIL"}
    written = ";".join(f"{key}={','.join(map(str, value))}" for key, value in plain.items())
    latest = datetime.combine(today, time()) + AHEAD
    last = min(latest, until) if until else latest
    found: list[datetime] = []
    every = islice(rrulestr(written, dtstart=shown), left + 1)
    for at in every:
        if at > last:
            break
        found.append(at)
    if len(found) > left:
        raise _bad(summary, N_("it repeats too often"))
    skipped = _skipped(event, start)
    times = [at for at in found if at not in skipped]
    if isinstance(begins, datetime):
        return [at.replace(tzinfo=begins.tzinfo) for at in times], len(found)
    return [at.date() for at in times], len(found)


def _is_plain(rule: Mapping[str, Sequence[Any]]) -> bool:
    frequency = str(rule.get("FREQ", [""])[0]).upper()
    fine = _PLAIN_RULES.get(frequency)
    days = [str(day) for day in rule.get("BYDAY", [])]
    interval = int(rule.get("INTERVAL", [1])[0])
    return (
        fine is not None
        and not set(rule) - _ALWAYS_FINE - fine
        and all(day.isalpha() for day in days)
        and 1 <= interval <= 1000
    )


def _until(rule: Mapping[str, Sequence[Any]], start: datetime) -> datetime | None:
    if "UNTIL" not in rule:
        return None
    until = rule["UNTIL"][0]
    if not isinstance(until, datetime):
        return datetime.combine(until, time(23, 59, 59))
    shown = until.astimezone(start.tzinfo) if until.tzinfo and start.tzinfo else until
    return shown.replace(tzinfo=None)


def _skipped(event: "Event", start: datetime) -> set[datetime]:
    """Return the beginnings that the entry leaves out, as its own clock shows them."""
    given: Any = event.get("EXDATE", [])
    lists = given if isinstance(given, list) else [given]
    found = set()
    for one in (each.dt for those in lists for each in those.dts):
        at = one if isinstance(one, datetime) else datetime.combine(one, time())
        shown = at.astimezone(start.tzinfo) if at.tzinfo and start.tzinfo else at
        found.add(shown.replace(tzinfo=None))
    return found


def _people(event: "Event") -> tuple[str, ...]:
    given: Any = event.get("ATTENDEE", [])
    every = given if isinstance(given, list) else [given]
    addresses = (str(one).partition(":")[2] or str(one) for one in every)
    return tuple(dict.fromkeys(address.strip().lower() for address in addresses))


def _shifted(at: date, until: date, begins: date, zone: ZoneInfo) -> date:
    """Return when the repetition that begins at `at` ends: as long after it, on the clock, as the first."""
    if isinstance(at, datetime) and isinstance(until, datetime) and isinstance(begins, datetime):
        if at == begins:
            return until
        clock = begins.tzinfo or zone
        shown = until.astimezone(clock) if until.tzinfo else until
        length = shown.replace(tzinfo=None) - begins.replace(tzinfo=None)
        return (at.replace(tzinfo=None) + length).replace(tzinfo=at.tzinfo)
    return at + (until - begins)


def _moment(at: date, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        return wall(zone, datetime.combine(at, time()))
    return at.astimezone(UTC) if at.tzinfo else wall(zone, at)


def _bad(summary: str, why: str) -> Invalid:
    because = N_("The entry “%(entry)s” cannot be taken: %(why)s.")
    return Invalid(Refusal("bad_entry", because, {"entry": summary, "why": Sentence(why)}))
