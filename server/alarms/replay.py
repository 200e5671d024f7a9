"""Judging a stretch of stored readings as they would have been judged had they come in order. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from edge_agent.wire.limits import NORMAL, JudgeState, Limit, judge_column
from server.alarms import rate
from server.alarms.rate import MS_A_MIN, Sums, Window

Row = tuple[int, float | None, int]
"""(ms since 1970 UTC, value in the channel's unit or None, quality)."""


@dataclass(frozen=True)
class Past:
    """One excursion: from when until when (ms since 1970 UTC; None: it still held at the last reading), the worst."""

    from_ms: int
    to_ms: int | None
    first: float | None
    worst: float | None


def excursions(limit: Limit, rows: Iterable[Sequence[Row]]) -> list[Past]:
    """Return what a limit would have raised over these readings, which come in order and in pieces.

    Raised and cleared are where the wire's own judge says so, delays included, at the readings' times.
    """
    state: JudgeState = NORMAL
    found: list[Past] = []
    open_: Past | None = None
    for piece in rows:
        times, values, qualities = (list(column) for column in zip(*piece, strict=True))
        state, changes = judge_column(limit, state, times, values, qualities)
        since = 0
        for index, change in changes:
            if change == "raised":
                open_, since = Past(times[index], None, values[index], values[index]), index
            elif open_ is not None:
                found.append(_worsened(limit, open_, values[since : index + 1], times[index]))
                open_ = None
        if open_ is not None:
            open_ = _worsened(limit, open_, values[since:], None)
    return [*found, open_] if open_ is not None else found


def silences(
    rows: Iterable[Sequence[Row]], allowed_ms: int, delay_ms: int, until_ms: int
) -> list[Past]:
    """Return when nothing had come for longer than is allowed and the delay: from that moment to the next reading.

    A silence that still goes on at `until_ms` has no end; before the first reading none is known.
    """
    found: list[Past] = []
    last: int | None = None
    for at_ms, _value, _quality in (row for piece in rows for row in piece):
        if last is not None and at_ms - last > allowed_ms + delay_ms:
            found.append(Past(last + allowed_ms + delay_ms, at_ms, None, None))
        last = at_ms
    if last is not None and until_ms - last > allowed_ms + delay_ms:
        found.append(Past(last + allowed_ms + delay_ms, None, None, None))
    return found


def speeds(rows: Iterable[Sequence[Row]], window: Window) -> Iterator[list[Row]]:
    """Yield, for each reading with a number, how fast the quantity changed along the window until then.

    In its unit a minute, in the direction that counts (`rate.counted`). Readings whose window tells no slope are
    left out; so a limit's judge over what comes out raises what a rule of the rate would have.
    """
    kept: deque[tuple[int, float]] = deque()
    for piece in rows:
        found: list[Row] = []
        zero, sums = piece[0][0], [0, 0.0, 0.0, 0.0, 0.0]
        for at_ms, had in kept:  # anew for each piece: rounding does not add up
            _count(sums, at_ms - zero, had, 1)
        for at_ms, value, quality in piece:
            if value is None:
                continue
            kept.append((at_ms, value))
            _count(sums, at_ms - zero, value, 1)
            while kept[0][0] <= at_ms - window.seconds * 1000:
                gone_ms, gone = kept.popleft()
                _count(sums, gone_ms - zero, gone, -1)
            n, t, v, tt, tv = sums
            slope = rate.per_min(Sums(int(n), t, v, tt, tv, kept[0][0], at_ms), window)
            if slope is not None:
                found.append((at_ms, rate.counted(slope, window), quality))
        if found:
            yield found


def _count(sums: list[float], after_ms: int, value: float, sign: int) -> None:
    """Add a number to what a window adds up to, or take it off again."""
    t = after_ms / MS_A_MIN
    for index, part in enumerate((1.0, t, value, t * t, t * value)):
        sums[index] += sign * part


def _worsened(limit: Limit, past: Past, values: Sequence[float | None], to_ms: int | None) -> Past:
    return replace(past, to_ms=to_ms, worst=_worst(limit, [past.worst, *values]))


def _worst(limit: Limit, values: Iterable[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    if not numbers:
        return None
    return min(numbers) if limit.kind == "low" else max(numbers)
