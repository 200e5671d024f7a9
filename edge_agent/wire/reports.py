"""Checks of what an agent says about itself: state, heartbeat, catalogue."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from edge_agent.wire import fields
from edge_agent.wire.bounds import ROWS, SEQ_MAX
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Catalog, Channel, Heartbeat, State
from edge_agent.wire.topics import check_stream


def check_state(obj: object) -> State:
    """A State, or a WireError."""
    message = fields.envelope(obj)
    return State(fields.truth("online", message.get("online")), fields.boot(message.get("boot")))


def check_heartbeat(obj: object) -> Heartbeat:
    """A Heartbeat, or a WireError. Only boot and `at` must be there."""
    message = fields.envelope(obj)

    def count(key: str) -> int:
        return fields.whole(key, message.get(key, 0), 0, SEQ_MAX)

    def number(key: str) -> float | None:
        return fields.number(key, message.get(key))

    return Heartbeat(
        boot=fields.boot(message.get("boot")),
        at=fields.whole("at", message.get("at"), 0, SEQ_MAX),
        depth=count("depth"),
        oldest_s=number("oldest_s"),
        refused=count("refused"),
        unwritten=count("unwritten"),
        fsync_ms=number("fsync_ms"),
        disk_free_mb=number("disk_free_mb"),
        cpu_c=number("cpu_c"),
        synced=message.get("synced") is True,
        off_ms=number("off_ms"),
        uptime_s=number("uptime_s") or 0.0,
        catalog=fields.words("catalog", message.get("catalog"), 64),
        version=fields.words("version", message.get("version"), 64),
    )


def check_catalog(obj: object) -> Catalog:
    """A Catalog, or a WireError."""
    message = fields.envelope(obj)
    channels = message.get("channels")
    if not isinstance(channels, list) or len(channels) > ROWS:
        raise fields.fail("wrong_type", "channels", channels, f"a list of at most {ROWS} channels")
    checked = tuple(_channel(channel) for channel in channels)
    if len({(c.stream, c.key) for c in checked}) != len(checked):
        raise WireError("wrong_shape", "channels names one channel of one stream twice")
    return Catalog(
        boot=fields.boot(message.get("boot")),
        version=fields.words("version", message.get("version"), 64),
        channels=checked,
    )


def catalog_hash(channels: tuple[Channel, ...]) -> str:
    """16 hexadecimal digits that change when any description changes; the heartbeat carries them.

    An agent of before the certificates reckons without them: so does this where there is none.
    """
    facts = sorted(map(_facts, channels), key=repr)
    text = json.dumps(facts, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _facts(channel: Channel) -> tuple[Any, ...]:
    facts: tuple[Any, ...] = astuple(channel)
    return facts if channel.certificate else facts[:-1]


def _channel(value: object) -> Channel:
    if not isinstance(value, dict):
        raise fields.fail("wrong_type", "a channel", value, "an object")

    def words(key: str) -> str:
        return fields.words(key, value.get(key))

    return Channel(
        stream=check_stream(value.get("stream")),
        key=fields.channel_key(value.get("key")),
        quantity=words("quantity"),
        unit=words("unit"),
        range=_range(value),
        serial=words("serial"),
        calibration_due=words("calibration_due"),
        driver=words("driver"),
        freezer=words("freezer"),
        interval_s=fields.number("interval_s", value.get("interval_s")),
        certificate=words("certificate"),
    )


def _range(channel: Mapping[str, Any]) -> tuple[float, float] | None:
    value = channel.get("range")
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise fields.fail("wrong_shape", "range", value, "[lowest, highest]")
    low, high = fields.number("range", value[0]), fields.number("range", value[1])
    if low is None or high is None or low > high:
        raise fields.fail("wrong_shape", "range", value, "[lowest, highest]")
    return low, high
