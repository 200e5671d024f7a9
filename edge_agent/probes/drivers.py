"""Which drivers there are. A driver reads its own settings; its settings make the probe."""

from collections.abc import Callable, Mapping
from typing import Protocol

from edge_agent.probes import replay, simulated
from edge_agent.probes.probe import Probe
from edge_agent.settings_table import Table


class DriverSettings(Protocol):
    """What a driver needs to make its probe."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The keys of its channels."""

    def make(self) -> Probe:
        """A new probe."""


DRIVERS: Mapping[str, Callable[[Table], DriverSettings]] = {
    "simulated": simulated.read_settings,
    "replay": replay.read_settings,
}
