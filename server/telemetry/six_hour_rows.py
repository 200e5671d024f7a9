"""A long time of one channel told by six hours at a time; what waits, and the two ends, by hours."""

from collections.abc import Sequence
from itertools import chain

from sqlalchemy import BigInteger, Integer, bindparam, select, union_all
from sqlalchemy.orm import Session

from server.core.plain import Plain
from server.telemetry import figures
from server.telemetry.columns import SIX_HOURS_MS
from server.telemetry.figure_models import HourDue, SixHours, SixHoursDue
from server.telemetry.six_hours import begin_of

MOST_SPANS = 8
"""More times of one channel that wait are counted as one, with what lies between them."""

_CHANNEL = bindparam("channel_id", type_=Integer)
_FIRST, _LAST = bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)
_MADE = Plain(
    select(
        SixHours.first_ms, SixHours.last_ms, SixHours.n, SixHours.least, SixHours.mean * SixHours.n,
        SixHours.greatest, SixHours.gap_s * 1000,
    )
    .where(SixHours.channel_id == _CHANNEL, SixHours.begin_ms >= _FIRST, SixHours.begin_ms < _LAST)
    .order_by(SixHours.begin_ms)
)  # fmt: skip
_WAITING = Plain(  # one statement: an hour that is made meanwhile is seen as one or as the other
    union_all(
        select(HourDue.hour_ms).where(
            HourDue.channel_id == _CHANNEL, HourDue.hour_ms >= _FIRST, HourDue.hour_ms < _LAST
        ),
        select(SixHoursDue.begin_ms).where(
            SixHoursDue.channel_id == _CHANNEL,
            SixHoursDue.begin_ms >= _FIRST,
            SixHoursDue.begin_ms < _LAST,
        ),
    )
)


def rows(session: Session, channel_id: int, from_ms: int, to_ms: int) -> list[figures.Row]:
    """Return the six hours that lie within as a whole, and what else there is by hours, in the order of time.

    What waits, and the two ends of the time, come as `figures.stream` tells them.
    """
    first, last = begin_of(from_ms + SIX_HOURS_MS - 1), begin_of(to_ms)
    if last <= first:
        return list(figures.stream(session, channel_id, "hour", from_ms, to_ms))
    waiting = spans(_waiting(session, channel_id, first, last))
    made = _MADE.ask(session, channel_id=channel_id, first=first, last=last).rows()
    if waiting:
        made = [row for row in made if not any(a <= row[0] < b for a, b in waiting)]
    finer = [
        figures.stream(session, channel_id, "hour", begin, end)
        for begin, end in ((from_ms, first), *waiting, (last, to_ms))
        if begin < end
    ]
    return sorted(chain(made, *finer), key=_at)


def _at(row: figures.Row) -> int:
    return row[0]


def _waiting(session: Session, channel_id: int, first: int, last: int) -> list[int]:
    """Return which six hours cannot be told by their own figures, in order."""
    found = _WAITING.ask(session, channel_id=channel_id, first=first, last=last).rows()
    return sorted({begin_of(at_ms) for (at_ms,) in found})


def spans(begins: Sequence[int]) -> list[tuple[int, int]]:
    """Return neighbouring six hours as one time each; where that makes too many, one for all."""
    found: list[tuple[int, int]] = []
    for begin in begins:
        if found and found[-1][1] == begin:
            found[-1] = (found[-1][0], begin + SIX_HOURS_MS)
        else:
            found.append((begin, begin + SIX_HOURS_MS))
    return found if len(found) <= MOST_SPANS else [(found[0][0], found[-1][1])]
