"""Frames on a serial line: a message and its CRC-32, stuffed so that zero bytes stand only between frames.

The stuffing is COBS (Cheshire and Baker 1999); the CRC is zlib's, its highest byte first. The C in
`firmware_stubs` makes the same frames.
"""

from typing import Final
from zlib import crc32

LONGEST_FRAME: Final = 8_192
"""What grows larger without a zero byte is no frame and is dropped."""
_LONGEST_RUN: Final = 254
_TRAILER: Final = 4


def frame(message: bytes) -> bytes:
    """The bytes for the line: a zero byte, the stuffed message with its CRC, a zero byte."""
    return b"\0" + _stuffed(message + crc32(message).to_bytes(_TRAILER)) + b"\0"


class LinkReader:
    """Takes bytes as they come, gives the messages that came whole.

    `dropped` counts the frames that were broken: cut, damaged, or noise.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._rest = bytearray()
        self._overlong = False

    def take(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete, in order."""
        *ended, begun = data.split(b"\0")
        found = [message for part in ended if (message := self._end(part)) is not None]
        self._go_on(begun)
        return found

    def _go_on(self, part: bytes) -> None:
        self._rest += part
        if len(self._rest) > LONGEST_FRAME:
            self._rest.clear()
            self._overlong = True

    def _end(self, part: bytes) -> bytes | None:
        self._go_on(part)
        whole, overlong = bytes(self._rest), self._overlong
        self._rest.clear()
        self._overlong = False
        if not whole and not overlong:
            return None
        message = None if overlong else _checked(whole)
        self.dropped += message is None
        return message


def _checked(stuffed: bytes) -> bytes | None:
    plain = _unstuffed(stuffed)
    if plain is None or len(plain) < _TRAILER:
        return None
    message, crc = plain[:-_TRAILER], int.from_bytes(plain[-_TRAILER:])
    return message if crc32(message) == crc else None


def _stuffed(plain: bytes) -> bytes:
    out = bytearray()
    for run in plain.split(b"\0"):
        at = 0
        while len(run) - at > _LONGEST_RUN:
            out += bytes((_LONGEST_RUN + 1,)) + run[at : at + _LONGEST_RUN]
            at += _LONGEST_RUN
        rest = run[at:]
        out += bytes((len(rest) + 1,)) + rest
        if len(rest) == _LONGEST_RUN:
            out.append(1)  # a full run stands for no zero: the one behind it is a run of its own
    return bytes(out[:-1]) if plain and _ends_full(plain) else bytes(out)


def _ends_full(plain: bytes) -> bool:
    last = plain.rsplit(b"\0", 1)[-1]
    return len(last) > 0 and len(last) % _LONGEST_RUN == 0


def _unstuffed(stuffed: bytes) -> bytes | None:
    out, at = bytearray(), 0
    while at < len(stuffed):
        code = stuffed[at]
        run = stuffed[at + 1 : at + code]
        if code == 0 or len(run) != code - 1:
            return None
        out += run
        at += code
        if code <= _LONGEST_RUN and at < len(stuffed):
            out.append(0)
    return bytes(out)
