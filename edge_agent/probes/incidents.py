"""Incidents that a simulated tank is told to have, at set times after the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_agent.probes.tank_model import Hands
from edge_agent.settings_table import Table

KINDS: Final = (
    "lid_open", "vacuum_loss", "fill_stuck_open", "fill_stuck_closed", "warm", "probe_open",
    "probe_stuck", "silence",
)  # fmt: skip
CHANNELS: Final = ("top_c", "bottom_c", "level_mm", "lid_open")
FOREVER_S: Final = 1e9


@dataclass(frozen=True, slots=True)
class Incident:
    """From `at_s` for `for_s` seconds after the agent's start, whatever the model's speed.

    `factor` belongs to vacuum_loss, `to_c` and `k_per_min` to warm, `channel` to the probe faults.
    """

    kind: str
    at_s: float
    for_s: float = FOREVER_S
    factor: float = 10.0
    to_c: float = -120.0
    k_per_min: float = 60.0
    channel: str = "top_c"

    def lasts_at(self, second: float) -> bool:
        """Say whether it goes on at this second after the start."""
        return self.at_s <= second < self.at_s + self.for_s


def read_incident(table: Table) -> Incident:
    """An incident from its table [[stream.probe.incident]]."""
    incident = Incident(
        kind=table.text("kind", choices=KINDS),
        at_s=table.number("at_s", low=0),
        for_s=table.number("for_s", FOREVER_S, low=0),
        factor=table.number("factor", 10.0, low=0, high=1_000),
        to_c=table.number("to_c", -120.0, low=-200, high=60),
        k_per_min=table.number("k_per_min", 60.0, low=0.001, high=100_000),
        channel=table.text("channel", "top_c", choices=CHANNELS),
    )
    table.finish()
    return incident


def hands_at(incidents: Sequence[Incident], second: float) -> Hands:
    """What the incidents do to the tank at this second."""
    now = {i.kind: i for i in incidents if i.lasts_at(second)}
    stuck = "open" if "fill_stuck_open" in now else "closed" if "fill_stuck_closed" in now else ""
    factor = now["vacuum_loss"].factor if "vacuum_loss" in now else 1.0
    return Hands("lid_open" in now, factor, stuck)


def edges(incidents: Sequence[Incident], after_s: float, upto_s: float) -> list[float]:
    """The seconds in between at which an incident begins or ends, in order, and `upto_s` itself."""
    marks = {mark for i in incidents for mark in (i.at_s, i.at_s + i.for_s)}
    return [*sorted(m for m in marks if after_s < m < upto_s), upto_s]
