"""What a configuration for an agent may hold: checked before it is signed. Plain functions.

The agent checks it again, against its own settings, and answers when it cannot use it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.core.errors import Refusal
from server.core.words import N_

KINDS: Final = ("high", "low", "door", "stale")
CHECKS: Final = ("twins", "stuck", "swapped")
MOST: Final = 200
_OTHER_KEY = N_("“%(found)s” is nothing that an agent can be told here; expected: %(known)s.")
_NO_TABLE = N_("%(what)s is expected to be a table.")
_NO_CHANNEL = N_("“%(found)s” is no channel of this agent.")
_NO_NUMBER = N_("%(what)s is “%(found)s”; a number from %(least)s to %(most)s is expected.")
_NO_KIND = N_("“%(found)s” is expected to be one of %(known)s.")
_TOO_MANY = N_("There are %(found)s lines; at most %(most)s are taken.")


class Unusable(Exception):
    """Why it cannot be signed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text())
        self.refusal = refusal


@dataclass(frozen=True)
class Known:
    """The agent's channels: (stream, key)."""

    channels: frozenset[tuple[str, str]]

    @property
    def streams(self) -> frozenset[str]:
        """The names of its streams."""
        return frozenset(stream for stream, _key in self.channels)


def why_not(config: Mapping[str, Any], known: Known) -> Refusal | None:
    """Say why this configuration cannot be signed, or None when it can."""
    try:
        _check(config, known)
    except Unusable as error:
        return error.refusal
    return None


def _check(config: Mapping[str, Any], known: Known) -> None:
    _only(config, ("streams", "limits", "labels", "home_assistant"))
    for name, stream in _table("streams", config.get("streams", {})).items():
        if name not in known.streams:
            raise Unusable(Refusal("no_such_channel", _NO_CHANNEL, {"found": name}))
        _only(_table(name, stream), ("interval_ms", "check"))
        if "interval_ms" in stream:
            _number("interval_ms", stream["interval_ms"], 1, 86_400_000)
        for check in _lines("check", stream.get("check", [])):
            _check_plausibility(check, name, known)
    for limit in _lines("limits", config.get("limits", [])):
        _check_limit(limit, known)
    for channel, label in _table("labels", config.get("labels", {})).items():
        _channel(*channel.partition("/")[::2], known)
        if not isinstance(label, str) or len(label) > 100:
            raise Unusable(Refusal("no_kind", _NO_KIND, {"found": label, "known": "text"}))
    if not isinstance(config.get("home_assistant", False), bool):
        found = {"found": config["home_assistant"], "known": "true, false"}
        raise Unusable(Refusal("no_kind", _NO_KIND, found))


def _check_limit(limit: Mapping[str, Any], known: Known) -> None:
    _only(
        limit,
        ("stream", "channel", "kind", "value", "hysteresis", "delay_on_s", "delay_off_s"),
    )
    _channel(limit.get("stream"), limit.get("channel"), known)
    _one_of(limit.get("kind"), KINDS)
    _number("value", limit.get("value", 0.5 if limit.get("kind") == "door" else None), -1e6, 1e6)
    for key in ("hysteresis", "delay_on_s", "delay_off_s"):
        _number(key, limit.get(key, 0), 0, 1e6)


def _check_plausibility(check: Mapping[str, Any], stream: str, known: Known) -> None:
    _only(check, ("kind", "channel", "other", "limit", "for_s"))
    _one_of(check.get("kind"), CHECKS)
    _channel(stream, check.get("channel"), known)
    if check.get("kind") != "stuck":
        _channel(stream, check.get("other"), known)
    _number("limit", check.get("limit", 0), 0, 1e6)
    _number("for_s", check.get("for_s", 60), 0, 2_592_000)


def _only(table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            facts = {"found": key, "known": ", ".join(known)}
            raise Unusable(Refusal("other_key", _OTHER_KEY, facts))


def _table(what: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unusable(Refusal("no_table", _NO_TABLE, {"what": what}))
    return value


def _lines(what: str, value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise Unusable(Refusal("no_table", _NO_TABLE, {"what": what}))
    if len(value) > MOST:
        raise Unusable(Refusal("too_many", _TOO_MANY, {"found": len(value), "most": MOST}))
    return [_table(what, line) for line in value]


def _channel(stream: object, key: object, known: Known) -> None:
    if (stream, key) not in known.channels:
        raise Unusable(Refusal("no_such_channel", _NO_CHANNEL, {"found": f"{stream}/{key}"}))


def _one_of(value: object, known: Sequence[str]) -> None:
    if value not in known:
        facts = {"found": value, "known": ", ".join(known)}
        raise Unusable(Refusal("no_kind", _NO_KIND, facts))


def _number(what: str, value: object, least: float, most: float) -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not least <= value <= most:  # type: ignore[operator]  # good: a number
        facts = {"what": what, "found": value, "least": f"{least:g}", "most": f"{most:g}"}
        raise Unusable(Refusal("no_number", _NO_NUMBER, facts))


# what differs


@dataclass(frozen=True)
class Difference:
    """One thing that two configurations say differently; an empty text where one says nothing."""

    what: str
    before: str
    now: str


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Return what the second says otherwise than the first, in the order of the names."""
    old, new = dict(_flat("", before)), dict(_flat("", now))
    return [
        Difference(what, old.get(what, ""), new.get(what, ""))
        for what in sorted(old.keys() | new.keys())
        if old.get(what) != new.get(what)
    ]


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  JSON
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from _flat(f"{name} › {key}" if name else str(key), inside)
    elif isinstance(value, list):
        for line in value:
            yield _line(name, line)
    else:
        yield name, str(value)


def _line(name: str, line: Any) -> tuple[str, str]:  # noqa: ANN401  JSON
    """A limit or check by what it is about, and its figures."""
    if not isinstance(line, dict):
        return name, str(line)
    about = [str(line[key]) for key in ("stream", "channel", "other", "kind") if line.get(key)]
    said = [
        f"{key} {line[key]}" for key in line if key not in {"stream", "channel", "other", "kind"}
    ]
    return f"{name} › {' '.join(about)}", ", ".join(said)
