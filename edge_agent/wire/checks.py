"""Checks of decoded rows and events. Cheap per row: whole lists at a time, by builtins.

Input is what any JSON or CBOR reader gives: dict, list, str, int, float, bool, None.
"""

import re
from collections.abc import Sequence
from itertools import chain
from math import isfinite
from typing import Any, Final

from edge_agent.wire import fields
from edge_agent.wire.bounds import EARLIEST_MS, LATEST_MS, ROWS, SEQ_MAX
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Events, Rows
from edge_agent.wire.quality import KNOWN, WITHOUT_NUMBER
from edge_agent.wire.ranges import Ranges

_NUMBERS: Final = frozenset({int, float})
_NUMBERS_AND_NULL: Final = frozenset({int, float, type(None)})
_WHOLE: Final = 2**63 - 1
"""The largest whole number that every database takes; a larger one is kept as the nearest float."""
_KIND = re.compile(r"[a-z0-9_-]{1,64}\Z")


def check_rows(obj: object, stream: str) -> Rows:
    """Rows of this stream, or a WireError. The lists are kept, not copied.

    A message without rows (a probe, or voids alone) needs no `ch`, and `ch` is then empty.
    """
    message = fields.envelope(obj)
    clk = fields.clk(message.get("clk"))
    seq = fields.seq(message.get("seq"))
    t0, dt = fields.times(message.get("t0"), message.get("dt"), dated=clk.s)
    ch = fields.channels(message.get("ch")) if dt else ()
    rows = _table("rows", message.get("rows"), len(dt), len(ch))
    numbers_everywhere = _check_values(rows)
    q = None if message.get("q") is None else _table("q", message["q"], len(dt), len(ch))
    if q is None:
        if not numbers_everywhere:
            raise WireError(
                "no_number", "rows holds null but q is missing; expected q with 16 to 22"
            )
    else:
        _check_qualities(rows, q, numbers_everywhere)
    return Rows(
        fields.boot(message.get("boot")), stream, seq, t0, clk, ch, dt, rows, q,
        message.get("hist") is True, fields.drill(message.get("drill")),
        _void(message.get("void"), seq, len(dt)),
    )  # fmt: skip


def check_events(obj: object) -> Events:
    """Events, or a WireError."""
    message = fields.envelope(obj)
    clk = fields.clk(message.get("clk"))
    seq = fields.seq(message.get("seq"))
    t0, dt = fields.times(message.get("t0"), message.get("dt"), dated=clk.s)
    events = message.get("ev")
    if not isinstance(events, list):
        raise fields.fail("wrong_type", "ev", events, "a list of events")
    _check_count("ev", len(events), len(dt))
    for event in events:
        _check_event(event)
    return Events(
        fields.boot(message.get("boot")), seq, t0, clk, dt, events,
        fields.drill(message.get("drill")), _void(message.get("void"), seq, len(dt)),
    )  # fmt: skip


def _check_count(what: str, found: int, expected: int) -> None:
    if found > ROWS:
        raise WireError("too_many_rows", f"{what} has {found} rows; expected at most {ROWS}")
    if found != expected:
        raise WireError(
            "wrong_shape", f"{what} has {found} rows and dt has {expected}; expected as many"
        )


def _table(what: str, table: object, height: int, width: int) -> list[list[Any]]:
    """A list of `height` lists of `width` values each."""
    if not isinstance(table, list):
        raise fields.fail("wrong_type", what, table, "a list of rows")
    _check_count(what, len(table), height)
    if table and set(map(type, table)) != {list}:
        raise fields.fail("wrong_type", what, table, "a list of lists")
    if table and set(map(len, table)) != {width}:
        found = min(set(map(len, table)) - {width})
        raise WireError(
            "wrong_shape", f"{what} has a row of {found} values; expected {width}, one a channel"
        )
    return table


def _check_values(rows: Sequence[Sequence[Any]]) -> bool:
    """All values are finite numbers or null; True when none is null."""
    values = list(chain.from_iterable(rows))
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS_AND_NULL:
        odd = next(v for v in values if type(v) not in _NUMBERS_AND_NULL)
        raise fields.fail("wrong_type", "a value in rows", odd, "a number or null")
    numbers = values if kinds <= _NUMBERS else [v for v in values if v is not None]
    try:
        finite = all(map(isfinite, numbers))
    except OverflowError:
        finite = False
    if not finite:
        raise WireError(
            "not_finite", "rows holds a number that is not finite; expected finite numbers"
        )
    if int in kinds and numbers and (max(numbers) > _WHOLE or min(numbers) < -_WHOLE):
        _make_storable(rows)
    return len(numbers) == len(values)


def _make_storable(rows: Sequence[Any]) -> None:
    """Put the nearest float in the place of each whole number that is too large for a database."""
    for row in rows:
        row[:] = [float(v) if type(v) is int and abs(v) > _WHOLE else v for v in row]


def _check_qualities(
    rows: Sequence[Sequence[Any]], q: Sequence[Sequence[Any]], numbers_everywhere: bool
) -> None:
    """All codes are known, and a value is null exactly where its code says so."""
    codes = list(chain.from_iterable(q))
    if codes and set(map(type, codes)) != {int}:
        raise fields.fail("wrong_type", "q", q, "whole numbers")
    found = set(codes)
    if not found <= KNOWN:
        raise fields.fail("bad_quality", "a code in q", min(found - KNOWN), "a code of ck1")
    if numbers_everywhere and found.isdisjoint(WITHOUT_NUMBER):
        return
    for value, code in zip(chain.from_iterable(rows), codes, strict=True):
        if (value is None) != (code in WITHOUT_NUMBER):
            expected = "null" if code in WITHOUT_NUMBER else "a number"
            raise fields.fail("no_number", f"a value of quality {code}", value, expected)


def _void(value: object, seq: int, n: int) -> Ranges:
    return fields.pieces("void", value, 1, min(seq + n - 1, SEQ_MAX)) if value else ()


def _check_event(event: object) -> None:
    if not isinstance(event, dict):
        raise fields.fail("wrong_type", "an event", event, "an object with a kind")
    kind = event.get("kind")
    if not isinstance(kind, str) or not _KIND.match(kind):
        raise fields.fail("bad_name", "an event's kind", kind, "1 to 64 of a-z, 0-9, _ and -")
    fields.tree("an event", event)
    if kind == "clock":
        fields.boot(event.get("boot"))
        fields.whole("zero_ms", event.get("zero_ms"), EARLIEST_MS, LATEST_MS)
