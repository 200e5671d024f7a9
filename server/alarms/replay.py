"""Judging a stretch of stored readings as they would have been judged had they come in order. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge_agent.wire.limits import NORMAL, JudgeState, Limit, judge_column

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


def _worsened(limit: Limit, past: Past, values: Sequence[float | None], to_ms: int | None) -> Past:
    return replace(past, to_ms=to_ms, worst=_worst(limit, [past.worst, *values]))


def _worst(limit: Limit, values: Iterable[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    if not numbers:
        return None
    return min(numbers) if limit.kind == "low" else max(numbers)
