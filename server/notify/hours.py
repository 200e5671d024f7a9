"""Hours of the week in a time zone, right across the days on which clocks are changed. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from server.core.errors import Refusal
from server.core.words import N_

DAY_MIN = 24 * 60
EVERY_DAY = frozenset(range(7))
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
Span = tuple[datetime, datetime]
"""From the first moment to the last, which is not in it; both in UTC."""


def moment(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """Return the moment, in UTC, at which a clock there shows so many minutes after that day's midnight.

    A time that the clock shows twice is the first of the two; one that it leaps over is as long after the leap
    as it would have been without it (RFC 5545, 3.3.5).
    """
    return wall(zone, datetime.combine(day, time()) + timedelta(minutes=minutes))


def wall(zone: ZoneInfo, shown: datetime) -> datetime:
    """Return the moment, in UTC, at which a clock there shows this naive time; see `moment`."""
    return shown.replace(tzinfo=zone, fold=0).astimezone(UTC)


@dataclass(frozen=True)
class Hours:
    """Every so many days of the week, from one minute after midnight to another.

    Where the end is not later than the beginning, it is the next day's: 22:00 to 07:00 is a night.
    """

    weekdays: frozenset[int] = EVERY_DAY
    """The days on which they begin; 0 is Monday."""
    from_min: int = 0
    until_min: int = DAY_MIN

    @property
    def always(self) -> bool:
        """Say whether they never end."""
        whole = (self.until_min - self.from_min) % DAY_MIN == 0
        return self.weekdays == EVERY_DAY and whole

    def holding(self, zone: ZoneInfo, at: datetime) -> Span | None:
        """Return the span that this moment lies in, or None."""
        today = at.astimezone(zone).date()
        for span in self.spans(zone, today - timedelta(days=1), today + timedelta(days=1)):
            if span[0] <= at < span[1]:
                return span
        return None

    def spans(self, zone: ZoneInfo, first: date, last: date) -> Iterator[Span]:
        """Give the spans that begin on these days, both included."""
        over_night = DAY_MIN if self.until_min <= self.from_min else 0
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if day.weekday() in self.weekdays:
                yield (
                    moment(zone, day, self.from_min),
                    moment(zone, day, self.until_min + over_night),
                )


ALWAYS = Hours()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def why_not_zone(name: str) -> Refusal | None:
    """Say why this is no time zone, or None when it is one."""
    if name in _zones():
        return None
    because = N_("“%(found)s” is no time zone; a name such as Europe/Berlin is expected.")
    return Refusal("no_such_zone", because, {"found": name})


def why_not_hours(weekdays: str, from_min: int, until_min: int) -> Refusal | None:
    """Say why these are no hours of the week, or None when they are."""
    if not weekdays or set(weekdays) - set("0123456"):
        return Refusal("no_weekday", N_("Choose at least one day of the week."))
    if not (0 <= from_min < DAY_MIN and 0 <= until_min <= DAY_MIN):
        because = N_("The hours are from 00:00 to 24:00 of a day.")
        return Refusal("bad_hours", because)
    return None
