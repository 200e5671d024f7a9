"""A message on a serial line comes out whole or not at all."""

import json
import random
from pathlib import Path

import pytest

from edge_agent.wire.link import LONGEST_FRAME, LinkReader, frame

VECTORS = json.loads(
    (Path(__file__).parent / "vectors" / "link" / "frames.json").read_text("utf-8")
)
CASES = [pytest.param(case, id=case["name"]) for case in VECTORS]


def read(data, reader=None):
    return (reader or LinkReader()).take(data)


@pytest.mark.parametrize("case", CASES)
def test_a_published_frame_is_made_and_read_as_it_was(case):
    message, on_line = bytes.fromhex(case["message"]), bytes.fromhex(case["frame"])

    assert frame(message) == on_line
    assert read(on_line) == [message]


def test_frames_worked_out_by_hand():
    # 123456789 has the CRC cbf43926: 13 bytes without a zero, so one run, its length and one more
    assert frame(b"123456789") == b"\0\x0e123456789\xcb\xf4\x39\x26\0"
    # nothing has the CRC 0: four zeros are five empty runs
    assert frame(b"") == b"\0\1\1\1\1\1\0"


@pytest.mark.parametrize("length", [*range(8), *range(248, 262), 504, 505, 508, 509, 762, 2000])
def test_every_length_comes_back(length):
    chance = random.Random(length)
    for message in (bytes(length), b"\xff" * length, chance.randbytes(length)):
        on_line = frame(message)

        assert on_line.count(0) == 2
        assert read(on_line) == [message]


def test_bytes_may_come_in_any_pieces():
    chance = random.Random(20_261_123)
    messages = [chance.randbytes(chance.randint(0, 700)) for _ in range(200)]
    on_line, reader, found = b"".join(map(frame, messages)), LinkReader(), []

    while on_line:
        n = chance.randint(1, 300)
        found += reader.take(on_line[:n])
        on_line = on_line[n:]

    assert found == messages
    assert reader.dropped == 0


def test_no_flipped_bit_is_read():
    on_line = bytearray(frame(b"\xa1\x61v\x01" + bytes(20)))

    for bit in range(8 * len(on_line)):
        damaged = bytearray(on_line)
        damaged[bit // 8] ^= 1 << bit % 8
        reader = LinkReader()
        # the zero bytes outside may go: then the frame stands alone, whole or not yet ended
        assert read(bytes(damaged), reader) in ([], [b"\xa1\x61v\x01" + bytes(20)])
        if bit // 8 not in {0, len(on_line) - 1}:
            assert read(b"", reader) == []
            assert reader.dropped >= 1


def test_noise_and_a_cut_frame_cost_only_themselves():
    reader, good = LinkReader(), frame(b"good")

    assert read(b"\x55\xaa\0\x03\x11", reader) == []
    assert read(good, reader) == [b"good"]
    assert read(good[:5] + good, reader) == [b"good"]
    assert reader.dropped == 3


def test_what_never_ends_is_not_kept():
    reader = LinkReader()

    for _ in range(100):
        assert read(b"\x55" * 1000, reader) == []

    assert len(reader._rest) <= LONGEST_FRAME
    assert read(b"\0" + frame(b"good"), reader) == [b"good"]
    assert reader.dropped == 1
