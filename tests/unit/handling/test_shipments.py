"""Manifests and the rules of shipments."""

import pytest

from server.core.errors import Invalid
from server.handling.rules import shipments as rules
from server.handling.rules.manifests import Row, read, why_not_line


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("\n \n", []),
        ("N-1", [Row(1, "N-1")]),
        ("N-1\tL-1\tHeLa", [Row(1, "N-1", "L-1", "HeLa")]),
        ("N-1;L-1;HeLa;x", [Row(1, "N-1", "L-1", "HeLa", {"column 4": "x"})]),
        ("Tube,Batch,Cell line\nN-1,L-1,HeLa", [Row(2, "N-1", "L-1", "HeLa")]),
        ("colour,CODE\nred,N-1", [Row(2, "N-1", more={"colour": "red"})]),
        ("code,lot\n0007,L-1\n\n0008,", [Row(2, "0007", "L-1"), Row(4, "0008")]),  # zeros are kept
        ('code,line\nN-1,"Smith, J"', [Row(2, "N-1", line="Smith, J")]),
        ("编码,批号\nN-1,L-1", [Row(2, "N-1", "L-1")]),
        ("code\rN-1\rN-2\r", [Row(2, "N-1"), Row(3, "N-2")]),  # line ends of old Macs
        ("code\nN-1\n,,\n\nN-2\n,,", [Row(2, "N-1"), Row(5, "N-2")]),  # blank rows of Excel
        (
            "lot,line\nL-1,HeLa",
            [Row(1, "lot", "line"), Row(2, "L-1", "HeLa")],
        ),  # no heading we know
    ],
)
def test_a_manifest_is_read(text: str, rows: list[Row]) -> None:
    assert read(text) == rows


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('code,lot\n"N-1,L-1\nN-2,L-1', "no_table"),
        ('code,lot\n"N-1"x,L-1', "no_table"),
        ("code,barcode\nN-1,N-2", "named_twice"),
        ("code,lot,batch\nN-1,L-1,L-2", "named_twice"),
    ],
)
def test_a_manifest_that_could_be_misread_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)

    assert refused.value.refusal.code == code


@pytest.mark.parametrize(
    ("line", "wrong"), [("", False), ("hela", False), ("CVCL_0030", False), ("HEK293", True)]
)
def test_the_line_of_a_lot(line: str, wrong: bool) -> None:
    refusal = why_not_line(Row(1, "N-1", "L-1", line), "L-1", ("HeLa", "SCB-1", "CVCL_0030"))

    assert (refusal is not None) is wrong


@pytest.mark.parametrize(
    ("act", "states"),
    [
        ("pack", {"packing"}),
        ("send", {"packing"}),
        ("receive", {"expected", "in_transit", "receiving"}),
        ("close", {"expected", "in_transit", "receiving"}),
        ("cancel", {"expected", "packing"}),
    ],
)
def test_when_an_act_is_possible(act: str, states: set[str]) -> None:
    possible = {state for state in rules.STATE_WORDS if rules.why_not(act, "S-1", state) is None}

    assert possible == states


@pytest.mark.parametrize(
    ("kind", "rule", "quarantined"),
    [
        ("incoming", None, True),
        ("incoming", False, False),
        ("transfer", None, False),
        ("transfer", True, True),
        ("return", None, True),
        ("return", False, True),  # what comes back always is
    ],
)
def test_what_goes_into_quarantine(kind: str, rule: bool | None, quarantined: bool) -> None:
    assert rules.quarantined(kind, rule=rule) is quarantined
