"""A strict reader for the CBOR (RFC 8949) that microcontrollers send: one map, nothing exotic.

Maps have text keys, each once. Whole numbers, floats, text, lists, maps, true, false and null are
read; byte strings, tags, undefined, bignums and numbers that are not finite are refused.
"""

import struct
from math import isfinite
from typing import Final

from edge_agent.wire.errors import WireError

_DEEPEST: Final = 8
_BREAK: Final = 0xFF
_FLOATS: Final = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_PLAIN: Final = {20: False, 21: True, 22: None}


def decode(payload: bytes) -> dict[str, object]:
    """The one map that the payload is."""
    reader = _Reader(payload)
    value = reader.value(_DEEPEST)
    if not isinstance(value, dict):
        raise _broken("the message is no map")
    if reader.at != len(payload):
        raise _broken(f"{len(payload) - reader.at} bytes follow after the map")
    return value


def _broken(why: str) -> WireError:
    return WireError("bad_cbor", f"the CBOR cannot be read: {why}; expected one plain map")


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.at = 0

    def take(self, n: int) -> bytes:
        if n > len(self.payload) - self.at:
            raise _broken(f"it ends early, at byte {len(self.payload)}")
        self.at += n
        return self.payload[self.at - n : self.at]

    def value(self, depth: int) -> object:
        if depth == 0:
            raise _broken(f"it is nested deeper than {_DEEPEST}")
        head = self.take(1)[0]
        major, info = head >> 5, head & 31
        if major == 7:
            return self._simple(info)
        if info == 31:
            return self._open_ended(major, depth)
        n = self._argument(info)
        if major == 0:
            return n
        if major == 1:
            return -1 - n
        return self._sized(major, n, depth)

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise _broken(f"byte {self.at - 1} is reserved")
        return int.from_bytes(self.take(1 << (info - 24)), "big")

    def _sized(self, major: int, n: int, depth: int) -> object:
        if major == 3:
            return self._text(n)
        if n > len(self.payload) - self.at:
            raise _broken(f"it promises {n} items in {len(self.payload) - self.at} bytes")
        if major == 4:
            return [self.value(depth - 1) for _ in range(n)]
        if major == 5:
            found: dict[str, object] = {}
            for _ in range(n):
                self._pair(found, depth)
            return found
        raise _broken("it holds a byte string" if major == 2 else "it holds a tag")

    def _open_ended(self, major: int, depth: int) -> object:
        found: dict[str, object] = {}
        items: list[object] = []
        if major not in {4, 5}:
            raise _broken("it holds text or bytes in chunks")
        while not self._ends():
            if major == 5:
                self._pair(found, depth)
            else:
                items.append(self.value(depth - 1))
        return found if major == 5 else items

    def _ends(self) -> bool:
        if self.take(1)[0] == _BREAK:
            return True
        self.at -= 1
        return False

    def _pair(self, found: dict[str, object], depth: int) -> None:
        key = self.value(depth - 1)
        if not isinstance(key, str):
            raise _broken("a key is no text")
        if key in found:
            raise _broken(f"the key {key[:32]!r} comes twice")
        found[key] = self.value(depth - 1)

    def _text(self, n: int) -> str:
        try:
            return self.take(n).decode("utf-8")
        except UnicodeDecodeError:
            raise _broken("a text is not UTF-8") from None

    def _simple(self, info: int) -> object:
        if info in _PLAIN:
            return _PLAIN[info]
        if info not in _FLOATS:
            raise _broken(f"it holds the simple value {info}")
        form, size = _FLOATS[info]
        number: float = struct.unpack(form, self.take(size))[0]
        if not isfinite(number):
            raise WireError("not_finite", f"a number is {number}; expected finite numbers")
        return number
