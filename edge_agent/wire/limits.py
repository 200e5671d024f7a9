"""What a limit means: when an alarm condition is raised and when it is cleared.

The agent's local alarm and the server decide alike because both call `judge`. A decision is pure: the
state goes in, the next state comes out. Times are milliseconds on any one scale; a caller whose clock
may jump passes times that cannot run ahead of now (the server clamps to arrival, the agent uses its
monotonic clock).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from edge_agent.wire.quality import has_number

Kind = Literal["high", "low", "door", "stale"]
Phase = Literal["normal", "pending", "active", "clearing"]
Change = Literal["raised", "cleared"]

DOOR_OPEN_FROM: Final = 0.5
"""A door channel's number from which the door counts as open."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of one channel.

    high: raised when the number is above `value`, cleared when it is below `value - hysteresis`.
    low: the mirror. door: the number says open (0.5 and above); `value` and `hysteresis` play no part.
    stale: `value` is the longest silence in seconds. The condition must last `delay_on_ms` before it
    is raised and be gone for `delay_off_ms` before it is cleared.
    """

    kind: Kind
    value: float
    hysteresis: float = 0.0
    delay_on_ms: int = 0
    delay_off_ms: int = 0


@dataclass(frozen=True, slots=True)
class JudgeState:
    """Where one limit stands: since when in this phase, and the worst number of this excursion."""

    phase: Phase = "normal"
    since_ms: int = 0
    extreme: float | None = None


NORMAL: Final = JudgeState()

Judged = tuple[JudgeState, Change | None]


def judge(limit: Limit, state: JudgeState, at_ms: int, value: float | None, quality: int) -> Judged:
    """Judge one reading of a high, low or door limit.

    A reading without a number changes nothing. A reading older than the present phase neither starts
    nor ends anything (it may only worsen `extreme`), but from `normal` any reading may raise.
    """
    if value is None or limit.kind == "stale" or not has_number(quality):
        return state, None
    return _step(limit, state, at_ms, value, _beyond(limit, value), _back(limit, value))


def judge_column(
    limit: Limit,
    state: JudgeState,
    times: Sequence[int],
    values: Sequence[float | None],
    qualities: Sequence[int] | None = None,
) -> tuple[JudgeState, list[tuple[int, Change]]]:
    """Judge a column of readings, exactly as `judge` would one after the other.

    Answers with the last state and the changes as (index into the column, change). `qualities` None
    means that all are good. A column that stays inside the limit costs a few builtin calls.
    """
    if state.phase == "normal" and _all_inside(limit, values):
        return state, []
    changes: list[tuple[int, Change]] = []
    for index, value in enumerate(values):
        quality = qualities[index] if qualities is not None else 0
        state, change = judge(limit, state, times[index], value, quality)
        if change:
            changes.append((index, change))
    return state, changes


def tick(limit: Limit, state: JudgeState, now_ms: int) -> Judged:
    """Raise or clear when a delay has run out although no new reading came."""
    if state.phase == "pending" and now_ms - state.since_ms >= limit.delay_on_ms:
        return JudgeState("active", now_ms, state.extreme), "raised"
    if state.phase == "clearing" and now_ms - state.since_ms >= limit.delay_off_ms:
        return JudgeState("normal", now_ms), "cleared"
    return state, None


def judge_silence(
    limit: Limit, state: JudgeState, last_number_at_ms: int | None, now_ms: int
) -> Judged:
    """Judge a stale limit: how long has the channel given no number? None means it never has.

    The delay on counts from the moment at which the silence became too long; `extreme` is the longest
    silence in seconds (None while there never was a number).
    """
    if last_number_at_ms is None:
        return _step(limit, state, now_ms, None, beyond=True, back=False)
    silence_s = (now_ms - last_number_at_ms) / 1000
    too_long = silence_s > limit.value
    if too_long and state.phase == "normal":
        since_ms = last_number_at_ms + int(limit.value * 1000)
        state, change = _step(limit, state, since_ms, silence_s, beyond=True, back=False)
        return (state, change) if change else tick(limit, state, now_ms)
    return _step(limit, state, now_ms, silence_s, beyond=too_long, back=not too_long)


def _beyond(limit: Limit, value: float) -> bool:
    if limit.kind == "high":
        return value > limit.value
    if limit.kind == "low":
        return value < limit.value
    return value >= DOOR_OPEN_FROM


def _back(limit: Limit, value: float) -> bool:
    if limit.kind == "high":
        return value < limit.value - limit.hysteresis
    if limit.kind == "low":
        return value > limit.value + limit.hysteresis
    return value < DOOR_OPEN_FROM


def _all_inside(limit: Limit, values: Sequence[float | None]) -> bool:
    """Say whether no value of the column is beyond the limit, whatever its quality."""
    if limit.kind == "stale":
        return True
    numbers = [v for v in values if v is not None] if None in values else values
    if not numbers:
        return True
    known = cast("Sequence[float]", numbers)
    if limit.kind == "low":
        return min(known) >= limit.value
    return max(known) <= limit.value if limit.kind == "high" else max(known) < DOOR_OPEN_FROM


def _worse(limit: Limit, extreme: float | None, value: float | None) -> float | None:
    if value is None or extreme is None:
        return value if extreme is None else extreme
    return min(extreme, value) if limit.kind == "low" else max(extreme, value)


def _step(
    limit: Limit, state: JudgeState, at_ms: int, value: float | None, beyond: bool, back: bool
) -> Judged:
    """One move through normal -> pending -> active -> clearing -> normal."""
    if state.phase == "normal":
        return _from_normal(limit, at_ms, value) if beyond else (state, None)
    if beyond:
        state = _with_extreme(limit, state, value)
    if at_ms < state.since_ms:
        return state, None
    if state.phase == "pending":
        return tick(limit, state, at_ms) if beyond else (JudgeState("normal", at_ms), None)
    if not back:
        return (state if state.phase == "active" else _again(state, at_ms)), None
    if state.phase == "active":
        state = JudgeState("clearing", at_ms, state.extreme)
    return tick(limit, state, at_ms)


def _from_normal(limit: Limit, at_ms: int, value: float | None) -> Judged:
    if limit.delay_on_ms > 0:
        return JudgeState("pending", at_ms, value), None
    return JudgeState("active", at_ms, value), "raised"


def _again(state: JudgeState, at_ms: int) -> JudgeState:
    return JudgeState("active", at_ms, state.extreme)


def _with_extreme(limit: Limit, state: JudgeState, value: float | None) -> JudgeState:
    extreme = _worse(limit, state.extreme, value)
    return state if extreme == state.extreme else JudgeState(state.phase, state.since_ms, extreme)
