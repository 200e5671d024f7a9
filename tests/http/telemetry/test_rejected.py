"""Refused messages can be looked at, as text or as bytes, by those who manage telemetry."""

import pytest

from server.telemetry.models import RejectedMessage
from server.telemetry.views.rejected import as_hex, as_text
from tests.service.telemetry.measured import NOON


@pytest.fixture
def kept(watched):
    with watched.measured.database.writing() as session:
        message = RejectedMessage(
            org_id=watched.measured.org_id, agent_id=watched.measured.agent_id, topic="ck1/sh/pi-1/t/tank",
            size=12, crc32=7, payload=b'{"v":1,"<b>"', code="not_json", why="the payload is no JSON",
            first_at=NOON, last_at=NOON, times=3,
        )  # fmt: skip
        session.add(message)
        session.flush()
        return message.id


def test_a_refused_message_is_shown_with_its_reason(watched, kept):
    assert "the payload is no JSON" in watched.get("/rejected").text
    page = watched.get(f"/rejected/{kept}").text

    assert "&lt;b&gt;" in page
    assert "7b 22 76" in page


def test_nobody_sees_the_refused_messages_of_others(watched, kept):
    assert "no JSON" not in watched.get("/rejected", watched.stranger).text
    assert watched.get(f"/rejected/{kept}", watched.stranger).status_code == 404


@pytest.mark.parametrize(
    "address", ["?sort=size&dir=desc", "?sort=nothing", "?page=99", "?page=x", "?sort=times"]
)
def test_any_way_of_sorting_is_answered(watched, kept, address):
    assert watched.get(f"/rejected{address}").status_code == 200
    assert watched.get(f"/agents{address}").status_code == 200


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'{"a": 1}', '{"a": 1}'),
        ("温度".encode()[:-1], "温"),
        (b"\x00\x01\xff", ""),
        (b"\xa1av\x01", ""),
        (b"", ""),
    ],
)
def test_only_what_can_be_read_is_shown_as_text(payload, text):
    assert as_text(payload) == text


def test_bytes_are_shown_in_lines_of_sixteen():
    assert as_hex(b"A" * 17 + b"\n") == [
        ("0000", " ".join(["41"] * 16), "A" * 16),
        ("0010", "41 0a", "A·"),
    ]
