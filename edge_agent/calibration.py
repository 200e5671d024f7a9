"""What a certificate says must be added to a probe's readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.piecewise import Points, along
from edge_agent.settings_table import Table

_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Correction:
    """An offset in the channel's unit, or points (shown, true) from the certificate."""

    offset: float = 0.0
    points: Points = ()

    def applied(self, value: float) -> float:
        """The true value. Between points it follows the line; beyond them the outermost correction holds."""
        if not self.points:
            return round(value + self.offset, _DIGITS)
        inside = min(max(value, self.points[0][0]), self.points[-1][0])
        return round(value + along(self.points, inside) - inside, _DIGITS)


def read_corrections(table: Table, channels: Sequence[str]) -> Mapping[str, Correction]:
    """`offset` and `calibration` of a probe, each a table by channel; no channel in both."""
    offsets, tables = table.table("offset"), table.table("calibration")
    found: dict[str, Correction] = {}
    for channel in channels:
        offset, points = offsets.number(channel, 0.0), tables.points(channel)
        if offset and points:
            offsets.problem(
                channel, f"found an offset and a calibration table for {channel}; expected one"
            )
        if offset or points:
            found[channel] = Correction(offset, points)
    offsets.finish()
    tables.finish()
    return found
