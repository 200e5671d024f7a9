"""What has arrived from the broker, read as far as it can be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from edge_agent.wire import checks, codec, control, reports, topics
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import (
    Catalog,
    CommandResult,
    ConfigReport,
    Events,
    Heartbeat,
    Rows,
    State,
)

Message = Rows | Events | Heartbeat | State | Catalog | CommandResult | ConfigReport

NUMBERED = frozenset({"t", "h", "ev"})
"""The kinds of topics whose messages are answered."""

_json = msgspec.json.Decoder()


@dataclass(slots=True)
class Arrival:
    """One payload with its topic taken apart; either `message` is there or `error` says why not."""

    written_topic: str
    payload: bytes
    topic: topics.Topic | None = None
    message: Message | None = None
    error: WireError | None = None
    retained: bool = False
    """The broker kept it from earlier: it says nothing of whether the agent is there now."""

    @property
    def is_sign_of_life(self) -> bool:
        """Say whether the agent itself has just said this: not the broker, and no farewell or will."""
        farewell = isinstance(self.message, State) and not self.message.online
        return not self.retained and not farewell


def read(
    written_topic: str, payload: bytes, prefix: str = topics.PREFIX, *, retained: bool = False
) -> Arrival:
    """Read a payload; whatever is wrong with it stands in `error`, nothing is raised."""
    arrival = Arrival(written_topic, payload, retained=retained)
    try:
        arrival.topic = topic = _topic(written_topic, prefix)
        arrival.message = _READERS[topic.kind](_parsed(payload), topic.stream or "")
    except WireError as error:
        arrival.error = error
    return arrival


@lru_cache(maxsize=8192)
def _topic(written: str, prefix: str) -> topics.Topic:
    topic = topics.parse(written, prefix)
    if topic.kind not in _READERS:
        raise WireError("bad_topic", f"no agent publishes on a topic that ends in {topic.kind}")
    return topic


def _parsed(payload: bytes) -> dict[str, Any]:
    unpacked = codec.unpack(payload)
    if isinstance(unpacked, dict):
        return _with_floats(unpacked)
    try:
        found = _json.decode(unpacked)
    except msgspec.DecodeError as error:
        raise WireError("bad_json", f"the JSON cannot be read: {error}") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise WireError("bad_json", f"the JSON cannot be read: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise WireError("wrong_type", "the JSON is no object; expected an object")
    return found


def _with_floats(found: dict[str, Any]) -> dict[str, Any]:
    """CBOR's whole numbers may be too large for a database's; as values they are numbers anyway."""
    rows = found.get("rows")
    if isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        found["rows"] = [[_as_float(value) for value in row] for row in rows]
    return found


def _as_float(value: object) -> object:
    return float(value) if type(value) is int else value


def _rows(found: Mapping[str, Any], stream: str) -> Rows:
    return checks.check_rows(found, stream)


_READERS: dict[str, Callable[[dict[str, Any], str], Message]] = {
    "t": _rows,
    "h": _rows,
    "ev": lambda found, _stream: checks.check_events(found),
    "hb": lambda found, _stream: reports.check_heartbeat(found),
    "state": lambda found, _stream: reports.check_state(found),
    "catalog": lambda found, _stream: reports.check_catalog(found),
    "cmd/res": lambda found, _stream: control.check_result(found),
    "cfg/ack": lambda found, _stream: control.check_report(found),
}
