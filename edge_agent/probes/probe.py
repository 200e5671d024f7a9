"""What every probe does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge_agent.clock import Moment


@dataclass(frozen=True, slots=True)
class Sample:
    """What a probe found at one instant: a value and a quality for each of its channels.

    A value is None exactly where its quality says that there is no number. `events` are what the probe
    noticed since its last sample; one that carries `ago_ms` happened so long before it. `at_ms` is given
    only when the sample is not of this instant.
    """

    values: tuple[float | None, ...]
    q: tuple[int, ...]
    events: tuple[Mapping[str, Any], ...] = ()
    at_ms: int | None = None


class Probe(Protocol):
    """One device. `channels` are the keys of its values, in order."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channel keys, always the same."""

    @property
    def catches_up(self) -> bool:
        """Whether it can be asked for instants that have passed (simulated probes can)."""

    def read(self, now: Moment) -> Sequence[Sample]:
        """What it found: usually one sample, none when it has nothing to say at this instant."""

    def done(self) -> bool:
        """Whether it will never give another sample."""

    def close(self) -> None:
        """Give the device back: pins and ports outlive the program that is run in this one's place."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a channel key measures."""

    quantity: str
    unit: str
    range: tuple[float, float] | None = None


MEANINGS: Mapping[str, Meaning] = {
    "top_c": Meaning("temperature, top", "°C", (-210.0, 50.0)),
    "bottom_c": Meaning("temperature, bottom", "°C", (-210.0, 50.0)),
    "level_mm": Meaning("liquid nitrogen level", "mm", (0.0, 782.0)),
    "lid_open": Meaning("lid", "", (0.0, 1.0)),
    "controller_c": Meaning("temperature, as the controller says", "°C", (-210.0, 50.0)),
    "cabinet_c": Meaning("temperature, cabinet", "°C", (-100.0, 50.0)),
    "room_c": Meaning("temperature, room", "°C", (-55.0, 125.0)),
    "room_o2pct": Meaning("oxygen", "%", (0.0, 25.0)),
    "liquid_l": Meaning("liquid nitrogen", "l"),
    "weight_kg": Meaning("weight", "kg"),
    "cpu_c": Meaning("temperature, processor of the node", "°C", (-40.0, 125.0)),
    "disk_free_pct": Meaning("free space of the node", "%", (0.0, 100.0)),
    "undervoltage": Meaning("undervoltage of the node", "", (0.0, 1.0)),
}

_UNITS = {
    "_c": "°C", "_mm": "mm", "_l": "l", "_pct": "%", "_s": "s", "_bar": "bar", "_o2pct": "%",
    "_v": "V", "_kg": "kg",
}  # fmt: skip


def meaning_of(key: str) -> Meaning:
    """What a channel key says about itself: at least the unit in its ending."""
    if key in MEANINGS:
        return MEANINGS[key]
    ending = max((e for e in _UNITS if key.endswith(e)), key=len, default="")
    return Meaning(key, _UNITS.get(ending, ""))
