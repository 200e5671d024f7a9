"""Which marks of a reading are a fault of its probe, and which words they have."""

import pytest

from edge_agent.wire.quality import KNOWN, Quality
from server.alarms import faults
from server.notify.rules import Sentence


@pytest.mark.parametrize("bit", [0, 32])
@pytest.mark.parametrize(
    ("quality", "is_fault"),
    [(0, 0), (1, 0), (16, 16), (17, 17), (18, 18), (19, 19), (20, 20), (21, 21), (22, 22)],
)
def test_an_overdue_calibration_neither_makes_nor_hides_a_fault(quality, is_fault, bit):
    assert faults.as_values([0, quality | bit]) == [0.0, float(is_fault)]


def test_every_code_of_the_wire_is_decided():
    decided = {code for code in KNOWN if faults.as_values([code]) != [0.0]}

    assert KNOWN - decided == {0, 1, 32, 33}
    assert decided == faults.FAULTS


def test_each_fault_has_a_word_of_its_own_and_other_kinds_have_none():
    said = [faults.detail("probe_fault", float(q))["fault"] for q in faults.WORDS]

    assert len({one.template for one in said if isinstance(one, Sentence)}) == 7
    assert faults.detail("high", float(Quality.OPEN_PROBE)) == {}
