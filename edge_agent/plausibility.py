"""Whether the probes of a stream can all be right: twins that disagree, a stuck value, top and bottom swapped.

What is doubted keeps its number, which is judged: it is only marked, and one event tells of the change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.probes.faults import FaultWatch
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

_DOUBTABLE: Final = (Quality.GOOD, Quality.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `limit` is in the channel's unit, `for_ms` how long it must last.

    twins: `channel` and `other` measure the same place and may differ by `limit`.
    stuck: `channel` may not stay within `limit` (0: the very same number) for `for_ms`.
    swapped: `channel` is the upper one and may not be colder than `other`, the lower one, by more than `limit`.
    """

    kind: str
    channel: str
    other: str
    limit: float
    for_ms: int


_DEFAULTS: Final = {"twins": (5.0, 60.0), "stuck": (0.0, 3_600.0), "swapped": (2.0, 60.0)}
KINDS: Final = tuple(_DEFAULTS)


def read_check(table: Table, channels: Sequence[str]) -> Check:
    """A check from its table [[stream.check]], about channels of the same stream."""
    kind = table.text("kind", choices=KINDS)
    limit, for_s = _DEFAULTS.get(kind, (0.0, 60.0))
    check = Check(
        kind=kind,
        channel=table.text("channel"),
        other=table.text("other", "" if kind == "stuck" else None),
        limit=table.number("limit", limit, low=0),
        for_ms=round(table.number("for_s", for_s, low=0, high=30 * 86_400) * 1000),
    )
    for key, name in (("channel", check.channel), ("other", check.other)):
        if name and name not in channels:
            table.problem(key, f'found "{name}"; expected one of {", ".join(channels)}')
    if check.kind == "stuck" and check.other:
        table.problem("other", "a stuck value needs no other channel; expected none")
    table.finish()
    return check


class Plausibility:
    """The checks of one stream, and since when each of them has been in doubt."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self._since_ms: dict[Check, int] = {}
        self._stood: dict[Check, tuple[float, int]] = {}
        self._watch = FaultWatch()

    def consider(
        self, values: Mapping[str, float | None], q: Mapping[str, int], now_ms: int
    ) -> tuple[dict[str, int], list[Mapping[str, Any]]]:
        """The qualities with their doubts, and the events that these cause. `now_ms` never jumps."""
        marked, faults = dict(q), dict[str, str]()
        for check in self._checks:
            if sentence := self._doubt(check, values, now_ms):
                mark = Quality.STUCK if check.kind == "stuck" else Quality.IMPLAUSIBLE
                for channel in filter(None, (check.channel, check.other)):
                    if marked[channel] in _DOUBTABLE:
                        marked[channel], faults[channel] = int(mark), sentence
        return marked, self._events(q, marked, faults, now_ms)

    def _doubt(self, check: Check, values: Mapping[str, float | None], now_ms: int) -> str:
        """Why the check fails now, or nothing."""
        value = values[check.channel]
        other = values[check.other] if check.other else None
        if check.kind == "stuck":
            return self._stuck(check, value, now_ms)
        if value is None or other is None or not _fails(check, value, other):
            self._since_ms.pop(check, None)
            return ""
        if now_ms - self._since_ms.setdefault(check, now_ms) < check.for_ms:
            return ""
        return _sentence(check)

    def _stuck(self, check: Check, value: float | None, now_ms: int) -> str:
        if value is None:
            return ""
        stood, since_ms = self._stood.setdefault(check, (value, now_ms))
        if abs(value - stood) > check.limit:
            self._stood[check] = (value, now_ms)
            return ""
        return _sentence(check) if now_ms - since_ms >= check.for_ms else ""

    def _events(
        self,
        q: Mapping[str, int],
        marked: Mapping[str, int],
        faults: Mapping[str, str],
        now_ms: int,
    ) -> list[Mapping[str, Any]]:
        """What changed; of a channel that its driver faults nothing can be said meanwhile."""
        ours = {name for check in self._checks for name in (check.channel, check.other) if name}
        return [
            event
            for channel in sorted(ours)
            if q[channel] in _DOUBTABLE
            for event in self._watch.consider(
                channel,
                marked[channel] if channel in faults else Quality.GOOD,
                faults.get(channel, ""),
                now_ms,
            )
        ]


def _fails(check: Check, value: float, other: float) -> bool:
    return (
        abs(value - other) > check.limit if check.kind == "twins" else other - value > check.limit
    )


def _sentence(check: Check) -> str:
    """The same as long as the doubt is the same: no number that changes stands in it."""
    if check.kind == "twins":
        return f"{check.channel} and {check.other} differ by more than {check.limit:g}"
    if check.kind == "swapped":
        return f"{check.channel} is colder than {check.other}: are they swapped?"
    return f"{check.channel} has not moved for {check.for_ms / 1000:g} s"
