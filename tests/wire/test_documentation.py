"""The page about the wire names everything that can stand in a message or be refused."""

import re
from dataclasses import fields
from pathlib import Path

from edge_agent.wire.messages import Heartbeat
from edge_agent.wire.quality import Quality

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "wire.md").read_text("utf-8")
WIRE = "".join(path.read_text("utf-8") for path in (ROOT / "edge_agent" / "wire").glob("*.py"))
AGENT = "".join(path.read_text("utf-8") for path in (ROOT / "edge_agent").rglob("*.py"))


def test_every_error_code_is_explained():
    codes = set(re.findall(r'(?:WireError|fail)\(\s*"([a-z_]+)"', WIRE))
    codes |= set(re.findall(r'code = "([a-z_]+)"', WIRE)) | {"out_of_range", "bad_cbor"}
    assert len(codes) > 18
    assert [code for code in sorted(codes) if f"`{code}`" not in PAGE] == []


def test_every_kind_of_event_that_the_agent_sends_is_explained():
    kinds = set(re.findall(r'"kind": "([a-z_]+)"', AGENT))
    kinds |= set(re.findall(r'event_row\(at_ms, clk, "([a-z_]+)"', AGENT))
    assert {"clock", "rows_refused", "spool_trouble", "fill_started"} <= kinds
    kinds |= {"door_opened", "door_closed", "local_alarm_raised", "local_alarm_cleared"}
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in PAGE] == []


def test_every_field_of_the_heartbeat_and_every_quality_is_explained():
    told = {field.name for field in fields(Heartbeat)} - {"boot", "at", "catalog", "version"}
    assert [name for name in sorted(told) if f"`{name}`" not in PAGE] == []
    rows = re.findall(r"^\| ([0-9, ]+) \|", PAGE, re.MULTILINE)
    assert {int(n) for row in rows for n in row.split(",")} == set(map(int, Quality))
