"""Payloads at the limits, and anything at all: refused in words or read, never anything else."""

import json
import math
import tracemalloc
import zlib
from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire import cbor, codec, quality
from edge_agent.wire.bounds import SENT_BYTES, UNPACKED_BYTES
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Channel
from edge_agent.wire.reports import catalog_hash

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**64), 2**64 - 1), st.text(max_size=8),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
TREES = st.dictionaries(
    st.text(max_size=6),
    st.recursive(SCALARS, lambda t: st.lists(t, max_size=4) | st.dictionaries(st.text(max_size=4), t, max_size=3), max_leaves=12),
    max_size=5,
)  # fmt: skip


def depth(tree):
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return 1 + max(map(depth, inner), default=0)


@given(TREES.filter(lambda t: depth(t) <= 8))
def test_cbor_is_read_as_a_known_reader_reads_it(tree):
    assert cbor.decode(cbor2.dumps(tree)) == tree


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload):
    for first in (b"", b"\xa3", b"\xbf", b"{", b"\x78"):
        with suppress(WireError):
            codec.decode_rows(first + payload, "tank")


ROWS = {
    "v": 1,
    "boot": "k3v9x2m4q7ab",
    "seq": 1,
    "t0": 1763800000000,
    "clk": {"s": True},
    "ch": ["a_c"],
    "dt": [0],
    "rows": [[1]],
}


@given(
    st.sampled_from(sorted(ROWS)),
    SCALARS | st.lists(SCALARS, max_size=3) | st.lists(st.lists(SCALARS, max_size=2), max_size=2),
)
def test_any_value_in_any_field_is_read_or_refused(field, value):
    with suppress(WireError):
        codec.check_rows({**ROWS, field: value}, "tank")


def test_a_payload_too_large_is_refused():
    with pytest.raises(WireError, match="131073 bytes; expected at most 131072"):
        codec.unpack(b"{" + b" " * SENT_BYTES)
    assert codec.unpack(b"{" + b" " * (SENT_BYTES - 1))


def test_a_payload_that_unpacks_to_the_limit_is_taken_and_one_byte_more_is_not():
    fits = zlib.compress(b"{" + b" " * (UNPACKED_BYTES - 1))
    assert len(codec.unpack(fits)) == UNPACKED_BYTES
    with pytest.raises(WireError, match="unpacks to more than"):
        codec.unpack(zlib.compress(b"{" + b" " * UNPACKED_BYTES))


def test_a_bomb_is_not_inflated_beyond_the_limit():
    bomb = zlib.compress(b"\0" * 100_000_000, 9)
    tracemalloc.start()
    with pytest.raises(WireError):
        codec.unpack(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * UNPACKED_BYTES


def test_a_number_that_json_does_not_know_is_never_written():
    message = codec.decode_rows(json.dumps(ROWS).encode(), "tank")
    object.__setattr__(message, "rows", [[math.nan]])
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.encode(message)


@pytest.mark.parametrize("code", sorted(quality.KNOWN))
def test_a_quality_has_a_number_unless_the_probe_gave_none(code):
    assert quality.has_number(code) == (code % 32 in {0, 1, 18, 19, 20})
    assert quality.is_overdue(code) == (code >= 32)
    assert quality.without_bit(code) == code % 32


def test_the_hash_of_a_catalogue_knows_no_order_but_every_word():
    top, level = Channel("tank", "top_c", unit="°C"), Channel("tank", "level_mm")
    assert catalog_hash((top, level)) == catalog_hash((level, top))
    assert catalog_hash((top, level)) != catalog_hash(
        (top, Channel("tank", "level_mm", serial="7"))
    )
    assert catalog_hash((Channel("tank", "a_c"), top)) != catalog_hash((top,))


def test_the_hash_of_a_catalogue_without_certificates_is_the_one_that_older_agents_reckon():
    facts = ("tank", "top_c", "temperature", "°C", (-210.0, 50.0), "PT-0042", "2027-01-31", "max31865", "LN2-01", 10.0)  # fmt: skip
    assert catalog_hash((Channel(*facts),)) == "a2f17571a70bba24"
    assert catalog_hash((Channel(*facts, certificate="K-1"),)) != "a2f17571a70bba24"
