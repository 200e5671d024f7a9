"""Finds the probes that are due, reads them, and makes rows of what they found: corrected and doubted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from edge_agent.clock import Moment
from edge_agent.config import ProbeSettings, StreamSettings
from edge_agent.plausibility import Plausibility
from edge_agent.probes.probe import Probe, Sample
from edge_agent.rows import NewRow, event_row
from edge_agent.wire.messages import Clk
from edge_agent.wire.quality import CALIBRATION_OVERDUE, Quality

INSTANTS_AT_ONCE: Final = 500
"""A probe that catches up is asked for so many past instants in one turn."""


class Sampler:
    """Reads the probes of one stream, each instant into one row."""

    def __init__(self, settings: StreamSettings, first_ms: int) -> None:
        self.stream = settings.name
        self.due_ms = first_ms
        """When the next row is due, on the clock that never jumps."""
        self._interval_ms = settings.interval_ms
        self._probes = [(probe, probe.device.make()) for probe in settings.probes]
        self.channels = tuple(key for _, probe in self._probes for key in probe.channels)
        self._has_checks = bool(settings.checks)
        self._plausibility = Plausibility(settings.checks)

    def done(self) -> bool:
        """Whether there will never be another row."""
        return all(probe.done() for _, probe in self._probes)

    def close(self) -> None:
        """Give all devices back."""
        for _, probe in self._probes:
            probe.close()

    def rows(self, now: Moment, clk: Clk) -> list[NewRow]:
        """Rows for every instant that is due; those missed in the past only where a probe catches up."""
        found: list[NewRow] = []
        for instant in self._instants(now):
            found += self._at(instant, clk)
        return found

    def _instants(self, now: Moment) -> list[Moment]:
        missed = (now.mono_ms - self.due_ms) // self._interval_ms
        if missed < 0:
            return []
        if not all(probe.catches_up for _, probe in self._probes):
            self.due_ms += missed * self._interval_ms
            missed = 0
        if missed == 0:
            self.due_ms += self._interval_ms
            return [now]
        count = min(missed + 1, INSTANTS_AT_ONCE)
        late_ms = [now.mono_ms - self.due_ms - i * self._interval_ms for i in range(count)]
        self.due_ms += count * self._interval_ms
        return [Moment(now.wall_ms - late, now.mono_ms - late) for late in late_ms]

    def _at(self, now: Moment, clk: Clk) -> list[NewRow]:
        found = [(settings, probe.read(now), probe) for settings, probe in self._probes]
        height = max(len(samples) for _, samples, _ in found)
        rows: list[NewRow] = []
        for i in range(height):
            parts = [(s, _sample_at(samples, i, probe)) for s, samples, probe in found]
            rows += self._merged(parts, now, clk)
        return rows

    def _merged(
        self, parts: Sequence[tuple[ProbeSettings, Sample]], now: Moment, clk: Clk
    ) -> list[NewRow]:
        own_ms = parts[0][1].at_ms
        at_ms = own_ms if own_ms is not None else now.wall_ms if clk.s else now.mono_ms
        row_clk = Clk(s=True) if own_ms is not None else clk
        values = tuple(v for probe, sample in parts for v in _corrected(probe, sample))
        codes = tuple(code for _, sample in parts for code in sample.q)
        codes, doubts = self._doubted(values, codes, now)
        q = _marked([probe for probe, _ in parts], codes, at_ms, row_clk)
        events = [e for _, sample in parts for e in sample.events]
        return [
            NewRow(self.stream, at_ms, row_clk, self.channels, values, q if any(q) else None),
            *(self._event(at_ms, row_clk, event) for event in [*events, *doubts]),
        ]

    def _doubted(
        self, values: Sequence[float | None], q: Sequence[int], now: Moment
    ) -> tuple[tuple[int, ...], list[Mapping[str, Any]]]:
        if not self._has_checks:
            return tuple(q), []
        found, events = self._plausibility.consider(
            dict(zip(self.channels, values, strict=True)),
            dict(zip(self.channels, q, strict=True)),
            now.mono_ms,
        )
        return tuple(found[channel] for channel in self.channels), events

    def _event(self, at_ms: int, clk: Clk, event: Mapping[str, Any]) -> NewRow:
        """The event at its own time: `ago_ms` before the row, where it has one."""
        facts = {key: fact for key, fact in event.items() if key != "ago_ms"}
        return event_row(max(0, at_ms - event.get("ago_ms", 0)), clk, stream=self.stream, **facts)


def _sample_at(samples: Sequence[Sample], index: int, probe: Probe) -> Sample:
    """The sample, or one that says "not sampled" where this probe had nothing while another did."""
    if index < len(samples):
        return samples[index]
    width = len(probe.channels)
    return Sample((None,) * width, (int(Quality.NOT_SAMPLED),) * width)


def _corrected(probe: ProbeSettings, sample: Sample) -> Sequence[float | None]:
    """The values as the certificate says that they truly are."""
    if not probe.corrections:
        return sample.values
    return [
        value
        if value is None or key not in probe.corrections
        else probe.corrections[key].applied(value)
        for key, value in zip(probe.device.channels, sample.values, strict=True)
    ]


def _marked(
    probes: Sequence[ProbeSettings], q: Sequence[int], at_ms: int, clk: Clk
) -> tuple[int, ...]:
    """The codes, with the bit of an overdue calibration where the certificate has run out."""
    overdue = [_is_overdue(probe, at_ms, clk) for probe in probes]
    if not any(overdue):
        return tuple(q)
    bits = [
        CALIBRATION_OVERDUE if late else 0
        for probe, late in zip(probes, overdue, strict=True)
        for _ in probe.device.channels
    ]
    return tuple(code | bit for code, bit in zip(q, bits, strict=True))


def _is_overdue(probe: ProbeSettings, at_ms: int, clk: Clk) -> bool:
    return probe.calibration_due is not None and clk.s and _day(at_ms) > probe.calibration_due


def _day(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()
