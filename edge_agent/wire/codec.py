"""Bytes to messages and back.

The server reads JSON with a faster reader: `unpack` gives it the bytes of the JSON (or, from CBOR, the
mapping itself), and the same `check_rows` and `check_events` follow.
"""

import json
import zlib
from binascii import crc32
from typing import Any, NoReturn

from edge_agent.wire import cbor
from edge_agent.wire.answers import check_answer
from edge_agent.wire.bounds import SENT_BYTES, UNPACKED_BYTES
from edge_agent.wire.checks import check_events, check_rows
from edge_agent.wire.control import check_report, check_result, check_signed
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import (
    Ack,
    Bad,
    Catalog,
    CommandResult,
    ConfigReport,
    Events,
    Heartbeat,
    Rows,
    Signed,
    State,
)
from edge_agent.wire.plain import Message, to_plain
from edge_agent.wire.reports import check_catalog, check_heartbeat, check_state

__all__ = [
    "check_answer", "check_catalog", "check_events", "check_heartbeat", "check_report",
    "check_result", "check_rows", "check_signed", "check_state", "crc", "decode_answer",
    "decode_catalog", "decode_events", "decode_heartbeat", "decode_report", "decode_result",
    "decode_rows", "decode_signed", "decode_state", "encode", "parse", "unpack",
]  # fmt: skip

_ZLIB_FROM_BYTES = 1024
"""Below this, packing saves less than it costs."""


def crc(payload: bytes) -> int:
    """The CRC-32 by which a `bad` answer names a payload as sent."""
    return crc32(payload)


def unpack(payload: bytes) -> bytes | dict[str, object]:
    """The bytes of the JSON, or the mapping that the CBOR holds.

    Refuses what is larger than 128 KiB as sent, and stops unpacking at 1 MiB.
    """
    if len(payload) > SENT_BYTES:
        raise WireError(
            "too_large", f"the payload has {len(payload)} bytes; expected at most {SENT_BYTES}"
        )
    first = payload[0] if payload else 0
    if first == 0x7B:
        return payload
    if first == 0x78:
        return _inflate(payload)
    if 0xA0 <= first <= 0xBF:
        return cbor.decode(payload)
    raise WireError(
        "not_readable",
        f"the payload begins with {payload[:4].hex(' ') or 'nothing'}; "
        "expected a JSON object, zlib (78) or a CBOR map (a0 to bf)",
    )


def parse(payload: bytes) -> dict[str, Any]:
    """The mapping that a payload holds, read with the standard library."""
    unpacked = unpack(payload)
    if isinstance(unpacked, dict):
        return unpacked
    try:
        found = json.loads(unpacked.decode("utf-8"), parse_constant=_not_json)
    except UnicodeDecodeError:
        raise WireError("bad_json", "the payload is not UTF-8; expected JSON in UTF-8") from None
    except RecursionError:
        raise WireError(
            "bad_json", "the JSON is nested too deep; expected a flat message"
        ) from None
    except WireError:
        raise
    except ValueError as error:
        raise WireError("bad_json", f"the JSON cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise WireError("wrong_type", "the JSON is no object; expected an object")
    return found


def _not_json(found: str) -> NoReturn:
    raise WireError("not_finite", f"a value is {found}, which is not JSON; expected null")


def _inflate(payload: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(payload, UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise WireError("bad_zlib", f"the zlib payload is damaged: {error}") from None
    if len(unpacked) > UNPACKED_BYTES:
        raise WireError(
            "unpacks_too_large", f"the payload unpacks to more than {UNPACKED_BYTES} bytes"
        )
    if not unpacker.eof:
        raise WireError("bad_zlib", "the zlib payload ends early; expected all of it")
    if unpacker.unused_data:
        raise WireError("bad_zlib", "bytes follow the zlib payload; expected nothing behind it")
    if unpacked[:1] != b"{":
        raise WireError("not_readable", "the zlib payload holds no JSON object; expected one")
    return unpacked


def encode(message: Message, *, packed: bool | None = None) -> bytes:
    """A message as JSON; zlib-compressed when `packed`, or by default when that is worth it."""
    text = json.dumps(
        to_plain(message), separators=(",", ":"), allow_nan=False, ensure_ascii=False
    ).encode("utf-8")
    if packed is None:
        packed = len(text) >= _ZLIB_FROM_BYTES
    return zlib.compress(text, 6) if packed else text


def decode_rows(payload: bytes, stream: str) -> Rows:
    """The rows in a payload from `t/<stream>` or `h/<stream>`."""
    return check_rows(parse(payload), stream)


def decode_events(payload: bytes) -> Events:
    """The events in a payload from `ev`."""
    return check_events(parse(payload))


def decode_answer(payload: bytes) -> Ack | Bad:
    """The server's answer in a payload from `ack`."""
    return check_answer(parse(payload))


def decode_state(payload: bytes) -> State:
    """The state in a payload from `state`."""
    return check_state(parse(payload))


def decode_heartbeat(payload: bytes) -> Heartbeat:
    """The heartbeat in a payload from `hb`."""
    return check_heartbeat(parse(payload))


def decode_catalog(payload: bytes) -> Catalog:
    """The catalogue in a payload from `catalog`."""
    return check_catalog(parse(payload))


def decode_signed(payload: bytes) -> Signed:
    """The signed body in a payload from `cmd` or `cfg`; its signature is still to be checked."""
    return check_signed(parse(payload))


def decode_result(payload: bytes) -> CommandResult:
    """What became of a command, in a payload from `cmd/res`."""
    return check_result(parse(payload))


def decode_report(payload: bytes) -> ConfigReport:
    """What became of a configuration, in a payload from `cfg/ack`."""
    return check_report(parse(payload))
