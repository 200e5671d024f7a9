"""A probe head with a microcontroller of its own: it sends numbered rows over a serial line by itself.

The frames are those of `edge_agent.wire.link`, the messages live rows of ck1 as CBOR; the firmware is
in `firmware_stubs`. The head has no calendar: its rows count from its own start, and only the newest
one is handed on. Doors are told from row to row, so that a short opening between two samples is not lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.buses.line import Line, LinePlace, read_place
from edge_agent.probes.aside import Aside
from edge_agent.probes.device import Finding, Found, Rhythm, read_rhythm
from edge_agent.settings_table import Table
from edge_agent.wire.codec import decode_rows
from edge_agent.wire.errors import WireError
from edge_agent.wire.fields import channel_key
from edge_agent.wire.link import LinkReader
from edge_agent.wire.messages import Rows
from edge_agent.wire.quality import Quality, has_number

USUAL: Final = ("top_c", "bottom_c", "level_mm", "lid_open")
DOOR: Final = "lid_open"
_STREAM: Final = "head"
_TELL_EVERY_MS: Final = 600_000
_SILENCE: Final = "the probe head says nothing: is it powered, and the line plugged in?"
_NOISE: Final = "nothing whole comes from the probe head: check its line, its speed and its shield"
_OVERDUE: Final = 32


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """One head at its line, and which of its channels are taken."""

    place: LinePlace
    rhythm: Rhythm
    channels: tuple[str, ...] = USUAL
    silent_ms: int = 30_000

    @property
    def sole(self) -> str:
        """A line that talks by itself has one listener."""
        return f"line {self.place.name}"

    @property
    def needs(self) -> tuple[str, ...]:
        """pyserial, unless it is reached over the network."""
        return self.place.needs

    def make(self) -> Aside:
        """The probe."""
        return Aside(self.channels, lambda: Head(self, self.place.open()), self.rhythm)


def read_settings(table: Table) -> HeadSettings:
    """The settings of driver = "probe_head"."""
    return HeadSettings(
        place=read_place(table, 115_200),
        rhythm=read_rhythm(table, 0.5),
        channels=_channels(table),
        silent_ms=round(table.number("silent_s", 30.0, low=1, high=7_200) * 1000),
    )


def _channels(table: Table) -> tuple[str, ...]:
    """`channels`: the keys that are taken of what the head sends, with commas between."""
    taken = tuple(word.strip() for word in table.text("channels", ", ".join(USUAL)).split(","))
    if len(set(taken)) != len(taken):
        table.problem("channels", f"found {', '.join(taken)}; expected each once")
    for channel in taken:
        try:
            channel_key(channel)
        except WireError as error:
            table.problem("channels", str(error))
            return USUAL
    return taken


class Head:
    """The head at its line."""

    def __init__(self, settings: HeadSettings, line: Line) -> None:
        self._settings, self._line = settings, line
        self._reader = LinkReader()
        self._boot = ""
        self._next_seq = 0
        self._lost = 0
        self._told_ms: int | None = None
        self._lid: float | None = None
        self._newest: tuple[int, Mapping[str, Found]] | None = None
        self._began_ms: int | None = None

    def read(self, now_ms: int) -> Finding:
        """The newest row that came whole, unless it is too old; and what happened in those before it."""
        self._began_ms = now_ms if self._began_ms is None else self._began_ms
        events: list[Mapping[str, Any]] = []
        for message in self._reader.take(self._line.waiting(0.1)):
            events += self._take(message, now_ms)
        return Finding(self._found(now_ms), (*events, *self._told_losses(now_ms)))

    def close(self) -> None:
        """Give the port back."""
        self._line.close()

    def _found(self, now_ms: int) -> tuple[Found, ...]:
        channels = self._settings.channels
        began_ms = now_ms if self._began_ms is None else self._began_ms
        since_ms = self._newest[0] if self._newest else began_ms
        if now_ms - since_ms > self._settings.silent_ms:
            fault = _NOISE if self._reader.dropped else _SILENCE
            return tuple(Found(None, Quality.NOT_SAMPLED, fault) for _ in channels)
        if self._newest is None:
            return tuple(Found(None, Quality.NOT_SAMPLED, "no row yet") for _ in channels)
        missing = Found(None, Quality.NOT_SAMPLED, "the probe head does not send this channel")
        return tuple(self._newest[1].get(channel, missing) for channel in channels)

    def _take(self, message: bytes, now_ms: int) -> list[Mapping[str, Any]]:
        try:
            rows = decode_rows(message, _STREAM)
        except WireError:
            self._reader.dropped += 1
            return []
        events = [*self._restart(rows), *self._doors(rows)]
        if rows.n:
            self._newest = (now_ms, _row(rows, rows.n - 1))
        return events

    def _restart(self, rows: Rows) -> list[Mapping[str, Any]]:
        """Count what was lost on the line; tell of a head that began anew."""
        was, self._boot = self._boot, rows.boot
        if was == rows.boot:
            self._lost += max(0, rows.seq - self._next_seq)
        self._next_seq = rows.seq + rows.n
        return (
            [{"kind": "probe_restarted", "boot": rows.boot}] if was not in {"", rows.boot} else []
        )

    def _told_losses(self, now_ms: int) -> list[Mapping[str, Any]]:
        """How many rows were lost on the line, told now and then and never in a flood."""
        told_long_ago = self._told_ms is None or now_ms - self._told_ms >= _TELL_EVERY_MS
        if not self._lost or not told_long_ago:
            return []
        lost, self._lost, self._told_ms = self._lost, 0, now_ms
        return [{"kind": "probe_rows_lost", "rows": lost}]

    def _doors(self, rows: Rows) -> list[Mapping[str, Any]]:
        """What the lid did from row to row, each with how long ago it was within this message."""
        if DOOR not in rows.ch or DOOR not in self._settings.channels:
            return []
        at = rows.ch.index(DOOR)
        events: list[Mapping[str, Any]] = []
        for dt, row in zip(rows.dt, rows.rows, strict=True):
            lid = row[at]
            if lid is None:
                continue
            if self._lid is not None and lid != self._lid:
                kind = "door_opened" if lid else "door_closed"
                events.append({"kind": kind, "ago_ms": rows.dt[-1] - dt})
            self._lid = lid
        return events


def _row(rows: Rows, index: int) -> dict[str, Found]:
    codes = rows.q[index] if rows.q else [0] * len(rows.ch)
    return {
        channel: _found_of(value, code & ~_OVERDUE)
        for channel, value, code in zip(rows.ch, rows.rows[index], codes, strict=True)
    }


def _found_of(value: float | None, code: int) -> Found:
    quality = Quality(code)
    fault = "" if quality is Quality.GOOD else _WORDS.get(quality, "the probe head doubts it")
    return Found(value if has_number(code) else None, quality, fault)


_WORDS: Final = {
    Quality.OPEN_PROBE: "open probe: a wire is broken or unplugged",
    Quality.SHORTED_PROBE: "shorted probe, or its transmitter reports a fault",
    Quality.OUT_OF_RANGE: "outside of what the probe can measure",
    Quality.STUCK: "it has not moved for too long",
    Quality.BUS_ERROR: "the probe head cannot reach its converter",
    Quality.NOT_SAMPLED: "not measured yet",
}
