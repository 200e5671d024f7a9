"""The MVE TEC 3000 and 2000 controllers: ASCII questions over RS-485, or over TCP through a serial converter.

A question is the controller's three digits, a word and CR LF: `001 TEMPA?` is answered `-197.10`. Which words a
controller knows stands in its own manual; they are settings, not code.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge_agent.buses.errors import BusError, NoAnswer
from edge_agent.buses.line import Line, LinePlace, read_place
from edge_agent.buses.pool import POOL, Pool
from edge_agent.probes.aside import Aside
from edge_agent.probes.controller_alarms import FILLING, POWER, ControllerAlarms
from edge_agent.probes.device import (
    Finding,
    Found,
    Rhythm,
    read_channel,
    read_rhythm,
)
from edge_agent.settings_table import Table
from edge_agent.wire.quality import Quality

_LOG = logging.getLogger(__name__)
ENDS: Final = {"cr": b"\r", "lf": b"\n"}
_NUMBER: Final = re.compile(r"(?:\d{3}\s+)?([-+]?\d+(?:\.\d+)?)\s*[A-Za-z°%/]*\Z")
_NO_PROBE: Final = re.compile(r"OPEN|FAULT|ERR|N/?A\Z|-{2,}", re.IGNORECASE)
CODES: Final = {
    "AH": "temperature A high", "AL": "temperature A low", "BH": "temperature B high",
    "BL": "temperature B low", "BB": "runs on battery", "BP": "bypass sensor open",
    "BV": "battery low", "BY": "hot-gas bypass", "CA": "calibration of A", "CB": "calibration of B",
    "CG": "calibration of the bypass sensor", "CL": "fill network lost", "FD": "filling disabled",
    "FT": "fill takes too long", "HG": "hot-gas bypass takes too long", "LH": "level high",
    "LL": "level low", "LO": "lid open", "PF": POWER, "UW": "unusual use of liquid",
    "ZO": "level zeroing", "AM": "alarm muted", "F": FILLING,
}  # fmt: skip
"""The maker's codes of events, all 23 of them."""
_WORDS: Final = {words: code for code, words in CODES.items()}


@dataclass(frozen=True, slots=True)
class Query:
    """One channel: the word to ask, and what turns the answer into the channel's unit."""

    channel: str
    ask: str
    factor: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Tec3000Settings:
    """One controller on a line that others may share."""

    queries: tuple[Query, ...]
    place: LinePlace
    rhythm: Rhythm
    unit: int = 1
    answer_s: float = 1.0
    answer_end: str = "cr"
    alarms: str = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """One a query."""
        return tuple(q.channel for q in self.queries)

    @property
    def needs(self) -> tuple[str, ...]:
        """pyserial, unless it is reached over the network."""
        return self.place.needs

    def make(self) -> Aside:
        """The probe. Its device is made once: it remembers which alarms stand."""
        device = Tec3000(self)
        return Aside(self.channels, lambda: device, self.rhythm)


def read_settings(table: Table) -> Tec3000Settings:
    """The settings of driver = "tec3000"."""
    return Tec3000Settings(
        queries=tuple(_query(t) for t in table.tables("query", least=1)),
        place=read_place(table, 9600),
        rhythm=read_rhythm(table, 5.0),
        unit=table.whole("unit", 1, 1, 999),
        answer_s=table.number("answer_s", 1.0, low=0.05, high=10),
        answer_end=table.text("answer_end", "cr", choices=tuple(ENDS)),
        alarms=table.text("alarms", ""),
    )


def _query(table: Table) -> Query:
    found = Query(
        channel=read_channel(table, None),
        ask=table.text("ask"),
        factor=table.number("factor", 1.0),
        shift=table.number("shift", 0.0),
    )
    if not found.ask.isascii() or not found.ask.isprintable():
        table.problem("ask", f'found "{found.ask}"; expected a word such as TEMPA?')
    table.finish()
    return found


class Tec3000:
    """The controller. A question without an answer fails only its own channel."""

    def __init__(self, settings: Tec3000Settings, pool: Pool = POOL) -> None:
        self._settings, self._pool = settings, pool
        self._alarms = ControllerAlarms(_WORDS)

    def read(self, now_ms: int) -> Finding:
        """Every query; a BusError when none was answered."""
        del now_ms
        tried = [self._tried(query) for query in self._settings.queries]
        errors = [found for found in tried if isinstance(found, BusError)]
        if len(errors) == len(tried):
            raise errors[0]
        found = tuple(
            Found(None, Quality.BUS_ERROR, str(f)) if isinstance(f, BusError) else f for f in tried
        )
        return Finding(found, self._alarm_events())

    def close(self) -> None:
        """The line stays for those who share it."""

    def _tried(self, query: Query) -> Found | BusError:
        try:
            return _understood(query, self._answer(query.ask))
        except BusError as error:
            return error

    def _alarm_events(self) -> tuple[Mapping[str, Any], ...]:
        """What changed among the controller's alarms; nothing while it does not answer about them."""
        if not self._settings.alarms:
            return ()
        try:
            return self._alarms.changed(self._standing())
        except BusError as error:
            _LOG.info("%s", error)
            return ()

    def _standing(self) -> list[str]:
        """The alarms in words: the maker's codes wherever they stand in the answer."""
        words = re.findall(r"\b[A-Z]{1,2}\b", self._answer(self._settings.alarms).upper())
        return [CODES[word] for word in words if word in CODES]

    def _answer(self, ask: str) -> str:
        question = f"{self._settings.unit:03d} {ask}"
        end = ENDS[self._settings.answer_end]

        def talk(line: Line) -> str:
            line.send(f"{question}\r\n".encode("ascii"))
            answer = _text(line.receive(end, self._settings.answer_s))
            if answer == question:  # a two-wire adapter hears itself
                answer = _text(line.receive(end, self._settings.answer_s))
            return answer

        try:
            return self._pool.exchange(self._settings.place.name, self._settings.place.open, talk)
        except NoAnswer as error:
            raise NoAnswer(f"controller {self._settings.unit:03d} does not answer {ask}: {error}") from error  # fmt: skip
        except OSError as error:
            raise BusError(f"{self._settings.place.name}: {error}") from error


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace").strip()


def _understood(query: Query, answer: str) -> Found:
    if number := _NUMBER.match(answer):
        return Found(round(float(number[1]) * query.factor + query.shift, 4))
    if _NO_PROBE.search(answer):
        return Found(
            None, Quality.OPEN_PROBE, f'the controller says "{answer[:40]}": its probe is open'
        )
    return Found(
        None, Quality.BUS_ERROR, f'{query.ask} is answered "{answer[:40]}"; expected a number'
    )
