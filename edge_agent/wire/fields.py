"""Checks of single fields, each with a sentence that says what was found and what was expected."""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from edge_agent.wire.bounds import (
    CHANNELS,
    EARLIEST_MS,
    LATEST_MS,
    SEQ_MAX,
    UNPACKED_BYTES,
    UPTIME_MAX_MS,
)
from edge_agent.wire.errors import WireError, shown
from edge_agent.wire.messages import Clk
from edge_agent.wire.ranges import Ranges

VERSION: Final = 1
_BOOT = re.compile(r"[A-Za-z0-9]{12}\Z")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_NO_CLK = Clk(s=False)


def fail(code: str, what: str, found: object, expected: str) -> WireError:
    """The error for one field, in words."""
    return WireError(code, f"{what} is {shown(found)}; expected {expected}")


def envelope(obj: object) -> Mapping[str, Any]:
    """The message as a mapping of version 1."""
    if not isinstance(obj, dict):
        raise WireError("wrong_type", f"the message is a {type(obj).__name__}; expected an object")
    version = obj.get("v")
    if version != VERSION or isinstance(version, bool):
        raise fail("unknown_version", "v", version, "1")
    return obj


def boot(value: object) -> str:
    """The boot's name: 12 letters and digits."""
    if isinstance(value, str) and _BOOT.match(value):
        return value
    raise fail("bad_boot", "boot", value, "12 letters and digits")


def whole(what: str, value: object, low: int, high: int) -> int:
    """A whole number from low to high."""
    if type(value) is int and low <= value <= high:
        return value
    code = "out_of_range" if type(value) is int else "wrong_type"
    raise fail(code, what, value, f"a whole number from {low} to {high}")


def seq(value: object) -> int:
    """A row number."""
    return whole("seq", value, 1, SEQ_MAX)


def number(what: str, value: object) -> float | None:
    """A finite number or null."""
    if value is None:
        return None
    if type(value) is int or type(value) is float:
        try:
            if isfinite(value):
                return value
        except OverflowError:
            pass
        raise fail("not_finite", what, value, "a finite number")
    raise fail("wrong_type", what, value, "a number or null")


def words(what: str, value: object, most: int = 200) -> str:
    """A text of at most `most` characters; null or absent is the empty text."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise fail("wrong_type", what, value, f"a text of at most {most} characters")
    if not _storable(value):
        raise fail("bad_text", what, value, "a text without NUL and without half characters")
    return value


def _storable(text: str) -> bool:
    """Say whether every database can keep the text: no NUL, no surrogate alone."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def tree(what: str, value: object, deepest: int = 8) -> None:
    """Any JSON that can be stored: storable texts, finite numbers, at most `deepest` levels."""
    if deepest == 0:
        raise WireError("wrong_shape", f"{what} is nested too deep; expected at most 8 levels")
    if isinstance(value, str):
        words(what, value, UNPACKED_BYTES)
    elif isinstance(value, list):
        for item in value:
            tree(what, item, deepest - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            words(what, key)
            tree(what, item, deepest - 1)
    elif not isinstance(value, bool):
        number(what, value)


def truth(what: str, value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise fail("wrong_type", what, value, "true or false")


def clk(value: object) -> Clk:
    """The clock's own quality: `{"s":true,"off_ms":3}`; `off_ms` may be left out."""
    if not isinstance(value, dict):
        raise fail("wrong_type", "clk", value, 'an object such as {"s":true,"off_ms":3}')
    return Clk(truth("clk.s", value.get("s")), number("clk.off_ms", value.get("off_ms")))


def drill(value: object) -> str | None:
    """The drill's id, or None for ordinary rows."""
    if value is None:
        return None
    if isinstance(value, str) and 1 <= len(value) <= 64 and value.isprintable():
        return value
    raise fail("wrong_type", "drill", value, "a text of 1 to 64 printable characters")


def channels(value: object) -> tuple[str, ...]:
    """The channel keys: 1 to 64, each once."""
    if not isinstance(value, list) or not value:
        raise fail("wrong_type", "ch", value, "a list of channel keys")
    if len(value) > CHANNELS:
        raise WireError(
            "too_many_channels", f"ch has {len(value)} channels; expected at most {CHANNELS}"
        )
    try:
        return _channels(tuple(value))
    except TypeError:
        raise fail("wrong_type", "ch", value, "a list of texts") from None


@lru_cache(maxsize=4096)
def _channels(keys: tuple[object, ...]) -> tuple[str, ...]:
    """Keys already seen in this order cost one look-up."""
    checked = tuple(channel_key(key) for key in keys)
    if len(set(checked)) != len(checked):
        raise fail("wrong_shape", "ch", list(keys), "each channel once")
    return checked


def channel_key(value: object) -> str:
    """A channel's key: a small letter, then small letters, digits and _, 64 at most."""
    if isinstance(value, str) and _KEY.match(value):
        return value
    raise fail("bad_name", "a channel key", value, "a-z, then up to 63 of a-z, 0-9 and _")


def times(t0: object, dt: object, *, dated: bool) -> tuple[int, list[int]]:
    """The rows' times: all whole, and dated ones from 2000 to 2100."""
    low, high = (EARLIEST_MS, LATEST_MS) if dated else (0, UPTIME_MAX_MS)
    base = whole("t0", t0, low, high)
    if not isinstance(dt, list):
        raise fail("wrong_type", "dt", dt, "a list of milliseconds after t0")
    if dt:
        if set(map(type, dt)) != {int}:
            raise fail("wrong_type", "dt", dt, "whole milliseconds")
        if base + min(dt) < low or base + max(dt) > high:
            raise fail(
                "out_of_range", "t0 + dt", [base + min(dt), base + max(dt)],
                "times from 2000 to 2100" if dated else "times from the boot's zero on",
            )  # fmt: skip
    return base, dt


def pieces(what: str, value: object, low: int, high: int, most: int | None = None) -> Ranges:
    """Ranges [first, last] in order, not overlapping, all from low to high."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise fail("wrong_type", what, value, "a list of [first, last]")
    if most is not None and len(value) > most:
        raise WireError("wrong_shape", f"{what} has {len(value)} ranges; expected at most {most}")
    checked = []
    for piece in value:
        if not isinstance(piece, list) or len(piece) != 2:
            raise fail("wrong_shape", what, piece, "[first, last]")
        first = whole(f"{what}: first", piece[0], low, high)
        last = whole(f"{what}: last", piece[1], first, high)
        checked.append((first, last))
        low = last + 1
    return tuple(checked)
