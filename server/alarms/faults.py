"""A probe at fault, from the quality of its readings: which marks are faults, and their words. Pure.

A number that is out of range, stuck or implausible is kept and judged like any other; the probe's own alarm
stands beside what the number earns. An overdue calibration is no fault.
"""

from collections.abc import Sequence
from typing import Final

from edge_agent.wire.quality import CALIBRATION_OVERDUE, Quality, without_bit
from server.core.words import N_
from server.notify.rules import Sentence

WORDS: Final = {
    Quality.OPEN_PROBE: N_("the probe is open: broken or unplugged"),
    Quality.SHORTED_PROBE: N_("the probe is shorted"),
    Quality.OUT_OF_RANGE: N_("its number is outside the probe’s range"),
    Quality.STUCK: N_("its number does not move: the probe may be stuck"),
    Quality.IMPLAUSIBLE: N_("its number cannot be true: compare it with another probe"),
    Quality.BUS_ERROR: N_("the probe does not answer"),
    Quality.NOT_SAMPLED: N_("nothing was sampled"),
}
FAULTS: Final = frozenset(int(q) | bit for q in WORDS for bit in (0, CALIBRATION_OVERDUE))
"""The qualities that are a fault of the probe, with and without the mark of an overdue calibration."""


def as_values(qualities: Sequence[int]) -> list[float | None]:
    """Return the fault of each reading as a number: its quality without the mark, 0 where there is none."""
    if FAULTS.isdisjoint(qualities):
        return [0.0] * len(qualities)
    return [float(without_bit(q)) if q in FAULTS else 0.0 for q in qualities]


def detail(kind: str, value: float | None) -> dict[str, object]:
    """Return what an alarm of this kind says besides: the fault's word; nothing for other kinds."""
    if kind != "probe_fault" or value is None:
        return {}
    return {"fault": Sentence(WORDS[Quality(round(value))])}
