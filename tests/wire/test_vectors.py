"""Every message ever published decodes as it did; every broken one is refused for the same reason."""

import json
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest

from edge_agent.wire import codec
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Rows

FOLDER = Path(__file__).parent / "vectors"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))
]
DECODERS = {
    "events": codec.decode_events,
    "answer": codec.decode_answer,
    "state": codec.decode_state,
    "heartbeat": codec.decode_heartbeat,
    "catalog": codec.decode_catalog,
    "signed": codec.decode_signed,
    "result": codec.decode_result,
    "report": codec.decode_report,
}


def payload_of(case):
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode("utf-8")


def decode(case, payload):
    if case["kind"] == "rows":
        return codec.decode_rows(payload, case["stream"])
    return DECODERS[case["kind"]](payload)


def as_json(message, expected):
    """The message as a mapping, without the fields that came after the vector and are empty in it."""
    found = json.loads(json.dumps(asdict(message)))
    if isinstance(message, Rows):
        del found["stream"]
    return without_later_fields(found, expected)


def without_later_fields(found, expected):
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [without_later_fields(f, e) for f, e in zip(found, expected, strict=True)]
    if isinstance(found, dict) and isinstance(expected, dict):
        kept = {
            key: fact
            for key, fact in found.items()
            if key in expected or fact not in ("", None, 0, [])
        }
        return {key: without_later_fields(fact, expected.get(key)) for key, fact in kept.items()}
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_vector_is_read_or_refused_as_published(case):
    if "error" in case:
        with pytest.raises(WireError) as refused:
            decode(case, payload_of(case))
        assert refused.value.code == case["error"]
        assert len(str(refused.value)) < 400
    else:
        assert as_json(decode(case, payload_of(case)), case["expect"]) == case["expect"]


@pytest.mark.parametrize("case", [p for p in CASES if "error" not in p.values[0]])
def test_what_is_read_can_be_written_and_read_again(case):
    message = decode(case, payload_of(case))
    for packed in (False, True, None):
        found = decode(case, codec.encode(message, packed=packed))
        assert as_json(found, case["expect"]) == case["expect"]


@pytest.mark.parametrize("case", [p for p in CASES if p.values[0]["kind"] == "rows"])
def test_the_servers_faster_reader_comes_to_the_same(case):
    try:
        unpacked = codec.unpack(payload_of(case))
        found = msgspec.json.decode(unpacked) if isinstance(unpacked, bytes) else unpacked
        message = codec.check_rows(found, case["stream"])
    except (WireError, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        assert "error" in case
    else:
        assert as_json(message, case["expect"]) == case["expect"]


def test_there_are_vectors_of_every_kind_in_every_packing():
    cases = [param.values[0] for param in CASES]
    assert {case["kind"] for case in cases} == {"rows", *DECODERS}
    firsts = {payload_of(case)[:1] for case in cases if "expect" in case}
    assert {b"{", b"\x78"} < firsts
    assert any(0xA0 <= first[0] <= 0xBF for first in firsts)
