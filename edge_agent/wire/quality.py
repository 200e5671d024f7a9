"""How far a number may be trusted, and whether there is one."""

from enum import IntEnum
from typing import Final


class Quality(IntEnum):
    """The quality codes of ck1. Any of them may carry the bit `CALIBRATION_OVERDUE`."""

    GOOD = 0
    UNCERTAIN = 1
    OPEN_PROBE = 16
    SHORTED_PROBE = 17
    OUT_OF_RANGE = 18
    STUCK = 19
    IMPLAUSIBLE = 20
    BUS_ERROR = 21
    NOT_SAMPLED = 22


CALIBRATION_OVERDUE: Final = 32
"""A bit: the certificate is old. The number is still judged; it is no evidence for a release."""

_WITHOUT_NUMBER = (
    Quality.OPEN_PROBE,
    Quality.SHORTED_PROBE,
    Quality.BUS_ERROR,
    Quality.NOT_SAMPLED,
)

KNOWN: Final = frozenset(int(q) | bit for q in Quality for bit in (0, CALIBRATION_OVERDUE))
"""Every code that may stand in a message."""
WITHOUT_NUMBER: Final = frozenset(
    int(q) | bit for q in _WITHOUT_NUMBER for bit in (0, CALIBRATION_OVERDUE)
)
"""The codes under which there is no number: the value is null."""


def has_number(quality: int) -> bool:
    """Say whether a reading of this quality has a number (which is then kept and judged)."""
    return quality not in WITHOUT_NUMBER


def without_bit(quality: int) -> Quality:
    """The plain code, without the mark of an overdue calibration."""
    return Quality(quality & ~CALIBRATION_OVERDUE)


def is_overdue(quality: int) -> bool:
    """Say whether the probe's calibration was overdue."""
    return bool(quality & CALIBRATION_OVERDUE)
