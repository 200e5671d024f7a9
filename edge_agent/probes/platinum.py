"""Platinum resistance to temperature, after IEC 60751:2008 (ITS-90, alpha 0.00385).

    R(t) / R(0) = 1 + A t + B t²                       from 0 to 850 °C
    R(t) / R(0) = 1 + A t + B t² + C (t - 100) t³      from -200 to 0 °C

The standard gives both equations with A, B and C; so do the tables of its edition of 2008 (18.52 ohm at -200 °C,
60.26 at -100, 138.51 at 100, 390.48 at 850 for 100 ohm), against which the tests hold this module, and so do the codes
of the MAX31865 data sheet (table 9).
"""

from math import sqrt
from typing import Final

A: Final = 3.9083e-3
B: Final = -5.775e-7
C: Final = -4.183e-12
COLDEST_C: Final = -200.0
WARMEST_C: Final = 850.0
_STEPS: Final = 6
"""Newton from the straight line is within a millionth of a degree after four."""


def ratio_at(temperature_c: float) -> float:
    """R(t) / R(0)."""
    t = temperature_c
    cold = C * (t - 100.0) * t**3 if t < 0 else 0.0
    return 1.0 + A * t + B * t * t + cold


def temperature_c(ratio: float) -> float:
    """The temperature, in degrees Celsius, at which R / R(0) is this; beyond the range the curve goes on."""
    if ratio > 1.0:
        return (-A + sqrt(max(0.0, A * A - 4.0 * B * (1.0 - ratio)))) / (2.0 * B)
    t = (ratio - 1.0) / A
    for _ in range(_STEPS):
        slope = A + 2.0 * B * t + C * (4.0 * t - 300.0) * t * t
        t -= (ratio_at(t) - ratio) / slope
    return t
