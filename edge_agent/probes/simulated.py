"""A simulated tank: four channels, faults and incidents as told, the same for the same seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from edge_agent.clock import Moment
from edge_agent.probes.incidents import CHANNELS, Incident, edges, hands_at, read_incident
from edge_agent.probes.probe import Sample
from edge_agent.probes.tank_model import TankFigures, TankState, advance
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

MVE_1542R = TankFigures()
_RISE_MM = 1.0
"""Only a fill raises the level, and by more than this."""


@dataclass(frozen=True, slots=True)
class SimulatedSettings:
    """How the tank behaves. `speed` is model seconds per second, `rows` 0 means without end.

    `burst` rows are given at each reading, all of the same instant, to fill a spool fast.
    """

    seed: int = 0
    speed: float = 1.0
    noise: float = 1.0
    rows: int = 0
    burst: int = 1
    level_mm: float = 231.0
    figures: TankFigures = MVE_1542R
    incidents: tuple[Incident, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Always the same four."""
        return CHANNELS

    def make(self) -> "SimulatedTank":
        """The probe."""
        return SimulatedTank(self)


def read_settings(table: Table) -> SimulatedSettings:
    """The settings of driver = "simulated"."""
    return SimulatedSettings(
        seed=table.whole("seed", 0, 0, 2**53),
        speed=table.number("speed", 1.0, low=0, high=1e6),
        noise=table.number("noise", 1.0, low=0, high=100),
        rows=table.whole("rows", 0, 0, 10**12),
        burst=table.whole("burst", 1, 1, 1_000),
        level_mm=table.number("level_mm", 231.0, low=0, high=782),
        figures=_read_figures(table.table("tank")),
        incidents=tuple(read_incident(t) for t in table.tables("incident")),
    )


def _read_figures(table: Table) -> TankFigures:
    plain = TankFigures()
    names = [field.name for field in fields(TankFigures)]
    figures = TankFigures(**{name: table.number(name, getattr(plain, name)) for name in names})
    table.finish()
    return figures


class SimulatedTank:
    """The probe. It is asked with instants in order."""

    channels = CHANNELS
    catches_up = True

    def __init__(self, settings: SimulatedSettings) -> None:
        self._settings = settings
        self._noise = random.Random(settings.seed)  # noqa: S311  # noise, not secrets
        self._state = TankState(level_mm=settings.level_mm)
        self._second: float | None = None
        self._began_ms = 0
        self._given = 0
        self._lid_open = False
        self._stuck: dict[str, float | None] = {}
        self._warm_from_c: float | None = None

    def done(self) -> bool:
        """Whether all `rows` have been given."""
        return 0 < self._settings.rows <= self._given

    def close(self) -> None:
        """Nothing is held."""

    def read(self, now: Moment) -> Sequence[Sample]:
        """The tank at this instant; nothing during a silence or when all rows are given."""
        second = self._second_of(now)
        samples: list[Sample] = []
        for _ in range(self._settings.burst):
            samples += [] if self.done() else self._read_once(second)
        return samples

    def _read_once(self, second: float) -> Sequence[Sample]:
        before = self._state
        self._move_to(second)
        events = [*self._lid_events(second), *self._fill_events(before)]
        active = [i for i in self._settings.incidents if i.lasts_at(second)]
        measured = self._measured(hands_at(active, second).lid_open)
        if any(i.kind == "silence" for i in active):
            return []
        self._given += 1
        values, q = self._with_faults(measured, active)
        return [Sample(values, q, tuple(events))]

    def _second_of(self, now: Moment) -> float:
        """Seconds since the first reading."""
        if self._second is None:
            self._began_ms, self._second = now.mono_ms, 0.0
        return (now.mono_ms - self._began_ms) / 1000

    def _move_to(self, second: float) -> None:
        incidents = self._settings.incidents
        at = self._second or 0.0
        for mark in edges(incidents, at, second):
            hands = hands_at(incidents, at)
            self._state = advance(
                self._settings.figures, self._state, (mark - at) * self._settings.speed, hands
            )
            self._warm(at, mark)
            at = mark
        self._second = second

    def _warm(self, at: float, mark: float) -> None:
        """A `warm` incident drives the top itself, at so many kelvin a minute of the agent's time."""
        for incident in self._settings.incidents:
            if incident.kind == "warm" and incident.lasts_at(at):
                if self._warm_from_c is None:
                    self._warm_from_c = self._state.top_c
                ramped = self._warm_from_c + (mark - incident.at_s) * incident.k_per_min / 60
                self._state = replace(self._state, top_c=min(ramped, incident.to_c))
                return
        self._warm_from_c = None

    def _lid_events(self, second: float) -> list[Mapping[str, Any]]:
        is_open = hands_at(self._settings.incidents, second).lid_open
        changed, self._lid_open = is_open != self._lid_open, is_open
        return [{"kind": "door_opened" if is_open else "door_closed"}] if changed else []

    def _fill_events(self, before: TankState) -> list[Mapping[str, Any]]:
        """What the valve did; a fill that fits between two readings began and ended."""
        now = self._state
        between = not before.filling and now.level_mm > before.level_mm + _RISE_MM
        level = round(now.level_mm)
        events: list[Mapping[str, Any]] = []
        if now.filling != before.filling or between:
            if not before.filling:
                events.append({"kind": "fill_started", "level_mm": level})
            if not now.filling:
                events.append({"kind": "fill_ended", "level_mm": level})
        return events

    def _measured(self, lid_open: bool) -> dict[str, float | None]:
        def noisy(value: float, sigma: float, digits: int) -> float:
            return round(value + self._noise.gauss(0, sigma) * self._settings.noise, digits)

        return {
            "top_c": noisy(self._state.top_c, 0.15, 1),
            "bottom_c": noisy(self._state.bottom_c, 0.05, 1),
            "level_mm": max(0.0, noisy(self._state.level_mm, 0.4, 0)),
            "lid_open": 1 if lid_open else 0,
        }

    def _with_faults(
        self, values: dict[str, float | None], active: Sequence[Incident]
    ) -> tuple[tuple[float | None, ...], tuple[int, ...]]:
        q: dict[str, int] = dict.fromkeys(CHANNELS, Quality.GOOD)
        stuck_now = {i.channel for i in active if i.kind == "probe_stuck"}
        for channel in stuck_now:
            values[channel] = self._stuck.setdefault(channel, values[channel])
            q[channel] = Quality.STUCK
        for channel in set(CHANNELS) - stuck_now:
            self._stuck.pop(channel, None)
        for channel in {i.channel for i in active if i.kind == "probe_open"}:
            values[channel], q[channel] = None, Quality.OPEN_PROBE
        return tuple(values[c] for c in CHANNELS), tuple(int(q[c]) for c in CHANNELS)
