"""Modbus ASCII frames: read holding registers (function 3) and nothing else.

    ":" unit function address count LRC CR LF          each byte as two hexadecimal digits
    ":" unit function bytes data LRC CR LF

Thermo's freezers say in the byte count how many bytes follow, but some reckon the checksum with the number of
digits (twice as many), and give a single byte for one register: the examples in their manuals are so. Both are taken.
"""

from typing import Final

from edge_agent.buses.errors import BusError

READ_HOLDING: Final = 0x03
_REFUSED: Final = 0x80
EXCEPTIONS: Final = {
    1: "it does not know the function", 2: "it has no such address", 3: "it does not take the count",
    4: "it failed", 5: "it needs longer", 6: "it is busy", 8: "its memory is faulty",
    10: "the gateway has no way there", 11: "nobody answers behind the gateway",
}  # fmt: skip
"""What an exception of a Modbus device says."""


def lrc(data: bytes) -> int:
    """The checksum: the two's complement of the sum."""
    return -sum(data) & 0xFF


def question(unit: int, address: int, count: int) -> bytes:
    """The frame that asks for `count` registers from `address` on."""
    body = bytes([unit, READ_HOLDING]) + address.to_bytes(2, "big") + count.to_bytes(2, "big")
    return b":" + (body + bytes([lrc(body)])).hex().upper().encode("ascii") + b"\r\n"


def answer(frame: bytes, unit: int) -> bytes:
    """The data bytes of an answer, or a BusError that says what is wrong with it."""
    data = _bytes_of(frame)
    if len(data) < 4:
        raise BusError(f"the answer {frame!r} is too short")
    body, checksum = data[:-1], data[-1]
    if checksum not in {lrc(body), lrc(body[:2] + bytes([body[2] * 2 & 0xFF]) + body[3:])}:
        raise BusError(f"the checksum of {frame!r} is wrong")
    if body[0] != unit:
        raise BusError(f"unit {body[0]} answers; expected unit {unit}")
    if body[1] == READ_HOLDING | _REFUSED:
        raise BusError(
            f"the device refuses: {EXCEPTIONS.get(body[2], f'exception {body[2]}')} ({body[2]})"
        )
    if body[1] != READ_HOLDING or len(body) - 3 not in {body[2], body[2] // 2}:
        raise BusError(f"the answer {frame!r} does not fit the question")
    return body[3:]


def _bytes_of(frame: bytes) -> bytes:
    text = frame.strip()
    begin = text.rfind(b":")
    try:
        return bytes.fromhex(text[begin + 1 :].decode("ascii")) if begin >= 0 else b""
    except ValueError:
        raise BusError(f"the answer {frame!r} is no Modbus ASCII") from None
