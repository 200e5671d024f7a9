"""Finding a failing vacuum: Page's CUSUM on what a vessel loses in an hour. Pure.

S = max(0, S + loss - slack); the boil-off has changed when S exceeds the limit, and the last hour at which S was
nought is when it began (E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954, 100-115). What a vessel
usually loses and how noisy its level is are learnt from its own days. A day counts only once S has come back to
nought after it, so a vacuum that fails does not teach what is usual.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import pairwise
from statistics import fmean, median, pvariance, stdev
from typing import Final

from server.alarms.levels import (
    DAY_MS,
    LEAST_RISE,
    NOISE_OF_A_RISE,
    Hour,
    comparable,
    rise_limit,
)

DAYS_KEPT: Final = 14
DAYS_NEEDED: Final = 2
QUIET_HOURS_NEEDED: Final = 8
"""A day with fewer hours that may be compared teaches nothing."""
NOISE_IN_SLACK: Final = 1 / 24
"""The slack is never nearer to the expected loss than this share of the noise: a dry vessel loses nothing."""
MEDIAN_ERROR: Final = 1.25
"""The standard error of a median is so many times that of a mean (normal noise); the slack is wider by it."""
DAY_WIDTHS: Final = 4.0
"""The limit is at least so many standard deviations of a whole day's loss: days with many openings differ."""
FEW_DAYS: Final = 3.0
"""A spread learnt from n days counts 1 + 3/n times."""
ABOVE_THE_PEAK: Final = 1.5
"""The limit is at least so many times the highest sum of the days that were usual."""
LEAST_LIMIT: Final = 1e-6
ONE_HOUR_AT_MOST: Final = 0.8
"""No single hour fills more of the limit: a litre taken out, a level that jumps is no failing vacuum."""
TAIL: Final = 6
"""Where hours cannot be compared, the mean of so many last sums goes on: the noise of one hour does not."""
BREAK_COSTS: Final = 0.25
"""And so many standard deviations of noise less, for what the next hours begin with."""
RECENT: Final = 24
"""So many hours back at the old loss end the alarm."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How it is judged: slack as a multiple of the expected loss, limit as a multiple of the noise.

    `expected` is a loss an hour that a person has set; without it, it is learnt.
    """

    factor: float = 2.0
    widths: float = 5.0
    unit: str = "mm"
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class QuietDay:
    """What one day taught: the loss an hour, the variance from hour to hour, how high the sum came."""

    loss: float
    variance: float
    peak: float = 0.0


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of an hour: the loss, how much of it is allowed, and the limit of the sum of what is more."""

    expected: float
    slack: float
    limit: float
    rise: float
    """A greater rise is a fill."""
    noise: float
    """The standard deviation from hour to hour."""


@dataclass(frozen=True, slots=True)
class State:
    """Where judging stands after an hour; all of it is kept between two looks."""

    last: Hour | None = None
    sum: float = 0.0
    since_ms: int = 0
    """When the sum was last nought: since then it falls faster."""
    lost: float = 0.0
    counted: int = 0
    """What was lost since then, in so many hours."""
    changed: bool = False
    recent: tuple[float, ...] = ()
    """The last losses of an alarm."""
    today: tuple[tuple[float, bool], ...] = ()
    """Today's means, and whether each may be compared with the one before."""
    peak: float = 0.0
    """How high the sum came today."""
    tail: tuple[float, ...] = ()
    """The last sums of the run of hours under way."""
    waiting: tuple[QuietDay, ...] = ()
    """Days that are usual once the sum comes back to nought; an alarm throws them away."""
    days: tuple[QuietDay, ...] = ()

    @property
    def loss_a_day(self) -> float | None:
        """Return what it loses in a day since it changed; None before any hour was counted."""
        return self.lost / self.counted * 24 if self.counted else None


@lru_cache(maxsize=1024)
def usual(days: tuple[QuietDay, ...], tuning: Tuning) -> Usual | None:
    """Return what is usual by these days; None for fewer than two days.

    The expected loss is the median of the days, the slack `factor` times that and the median's error more. The
    limit is `widths` standard deviations of the noise, or more where whole days differ or the sum came high.
    """
    if len(days) < DAYS_NEEDED:
        return None
    spread = stdev(day.loss for day in days)
    learnt = max(0.0, median(day.loss for day in days))
    expected = learnt if tuning.expected is None else tuning.expected
    noise = fmean(day.variance for day in days) ** 0.5
    slack = max(tuning.factor * expected, expected + NOISE_IN_SLACK * noise)
    slack += MEDIAN_ERROR * spread / len(days) ** 0.5
    by_days = DAY_WIDTHS * 24 * spread * (1 + FEW_DAYS / len(days))
    by_peak = ABOVE_THE_PEAK * max(day.peak for day in days)
    limit = max(tuning.widths * noise, by_days, by_peak, expected, LEAST_LIMIT)
    rise = max(LEAST_RISE.get(tuning.unit, 1.0), NOISE_OF_A_RISE * noise)
    return Usual(expected, slack, limit, rise, noise)


def learn(hours: Sequence[Hour], tuning: Tuning) -> State:
    """Return the state with which judging begins after these hours: what they teach, and a sum of nought."""
    state = State()
    for hour in hours:
        state = replace(_taught(state, hour, tuning), last=hour, since_ms=hour.at_ms)
    return _quiet(state, hours[-1]) if hours else state


def judge(state: State, hours: Sequence[Hour], tuning: Tuning) -> State:
    """Return the state after these hours, in order; hours that were judged before are passed over."""
    for hour in hours:
        if state.last is None or hour.at_ms > state.last.at_ms:
            state = _judged(state, hour, tuning)
    return state


def _judged(state: State, hour: Hour, tuning: Tuning) -> State:
    state = _taught(state, hour, tuning)
    known = usual(state.days, tuning)
    if known is not None and state.last is not None:
        loss = state.last.mean - hour.mean
        if comparable(state.last, hour) and loss >= -known.rise:
            state = _summed(state, hour, loss, known)
        else:
            state = _broken_off(state, known)
    return replace(state, last=hour, since_ms=state.since_ms or hour.at_ms)


def _broken_off(state: State, known: Usual) -> State:
    """A run of hours ended: what its last hours say together goes on, less what the next begin with in noise."""
    carried = fmean(state.tail) if state.tail else state.sum
    lost = BREAK_COSTS * known.noise if state.tail else 0.0
    return replace(state, sum=max(0.0, carried - lost), tail=())


def _summed(state: State, hour: Hour, loss: float, known: Usual) -> State:
    most = ONE_HOUR_AT_MOST * known.limit
    total = state.sum + min(loss - known.slack, most)
    if total <= 0 and not state.changed:
        return _quiet(state, hour)
    total = max(total, 0.0)
    changed = state.changed or total > known.limit
    recent = (*state.recent, loss)[-RECENT:] if changed else ()
    if changed and len(recent) == RECENT and fmean(recent) <= known.slack:
        return _quiet(state, hour)
    return replace(
        state, sum=total, lost=state.lost + loss, counted=state.counted + 1, changed=changed,
        recent=recent, waiting=() if changed else state.waiting,
        today=() if changed else state.today, peak=max(state.peak, total),
        tail=(*state.tail, total)[-TAIL:],
    )  # fmt: skip


def _quiet(state: State, hour: Hour) -> State:
    """The sum is nought: the days until now were usual."""
    days = (*state.days, *state.waiting)[-DAYS_KEPT:]
    return replace(
        state, sum=0.0, since_ms=hour.at_ms, lost=0.0, counted=0, changed=False, recent=(),
        waiting=(), days=days, tail=(*state.tail, 0.0)[-TAIL:],
    )  # fmt: skip


def _taught(state: State, hour: Hour, tuning: Tuning) -> State:
    """Take the hour to what today teaches; the first hour of a day ends the day before."""
    if state.last is not None and hour.at_ms // DAY_MS != state.last.at_ms // DAY_MS:
        waiting = (*state.waiting, *_taught_by(state.today, state.peak, tuning))
        state = replace(state, waiting=waiting, today=(), peak=0.0)
        if len(state.days) < DAYS_NEEDED:  # nothing is judged yet: every day teaches
            state = replace(state, days=(*state.days, *state.waiting), waiting=())
    return replace(state, today=(*state.today, (hour.mean, comparable(state.last, hour))))


def _taught_by(
    today: Sequence[tuple[float, bool]], peak: float, tuning: Tuning
) -> tuple[QuietDay, ...]:
    """Return what a day taught; nothing where too little of it was quiet."""
    found = [before[0] - after[0] for before, after in pairwise(today) if after[1]]
    limit = rise_limit(found, tuning.unit)
    quiet = [min(loss, limit) for loss in found if loss >= -limit]
    if len(quiet) < QUIET_HOURS_NEEDED:
        return ()
    return (QuietDay(_loss_an_hour(today, limit), pvariance(quiet), peak),)


def _loss_an_hour(today: Sequence[tuple[float, bool]], rise: float) -> float:
    """Return the slope of one straight line through each quiet run of hours, by least squares together."""
    runs: list[list[float]] = []
    for mean, joined in today:
        if runs and joined and mean - runs[-1][-1] <= rise:
            runs[-1].append(mean)
        else:
            runs.append([mean])
    over = under = 0.0
    for run in runs:
        middle, level = (len(run) - 1) / 2, fmean(run)
        over += sum((level - mean) * (at - middle) for at, mean in enumerate(run))
        under += sum((at - middle) ** 2 for at in range(len(run)))
    return over / under


def packed(state: State) -> str:
    """Return the state as JSON that `unpacked` reads."""
    return json.dumps(asdict(state), separators=(",", ":"))


def unpacked(text: str) -> State:
    """Return the state that `packed` wrote."""
    found = json.loads(text)
    last = found.pop("last")
    return State(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in found.items()
        }
        | {
            "last": Hour(**last) if last else None,
            "today": tuple((mean, joined) for mean, joined in found["today"]),
            "waiting": tuple(QuietDay(**day) for day in found["waiting"]),
            "days": tuple(QuietDay(**day) for day in found["days"]),
        }
    )
