"""Readings are what the certificate says they are, and an old certificate hides none."""

from datetime import date

import pytest

from edge_agent.calibration import Correction
from edge_agent.clock import Moment
from edge_agent.config import load
from edge_agent.health import catalog
from edge_agent.sampler import Sampler
from edge_agent.wire.messages import Clk
from tests.edge.settings_text import problems_of, write

POINTS = ((-196.2, -195.8), (-80.0, -80.2), (0.0, 0.1))


@pytest.mark.parametrize(
    ("shown", "true"),
    [
        (-196.2, -195.8),
        (-138.1, -138.0),  # half way: (+0.4 - 0.2) / 2
        (-80.0, -80.2),
        (0.0, 0.1),
        (20.0, 20.1),  # beyond the ends the outermost correction holds
        (-210.0, -209.6),
    ],
)
def test_a_table_is_followed_from_point_to_point(shown, true):
    assert Correction(points=POINTS).applied(shown) == pytest.approx(true)


def test_an_offset_is_added():
    assert Correction(offset=-0.3).applied(-180.0) == -180.3


PROBE = """driver = "simulated"
noise = 0
serial = "PT-0042"
certificate = "K-2026-117"
calibration_due = 2025-11-21
offset = { bottom_c = 0.5 }
[stream.probe.calibration]
top_c = [[-178.9, -178.0], [-100, -100]]
"""


def test_an_overdue_probe_keeps_its_corrected_value_and_carries_the_mark(tmp_path):
    config = load(write(tmp_path, PROBE))
    sampler = Sampler(config.streams[0], 0)
    (row,) = sampler.rows(Moment(1_763_800_000_000, 0), Clk(s=True))
    assert row.values[:2] == (pytest.approx(-177.0114, abs=1e-3), -194.6)
    assert row.q == (32,) * 4
    assert config.streams[0].probes[0].calibration_due == date(2025, 11, 21)
    listed = catalog(config, "k3v9x2m4q7ab").channels
    assert {(c.serial, c.certificate, c.calibration_due) for c in listed} == {("PT-0042", "K-2026-117", "2025-11-21")}  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("offset = 0.3", "offset: found 0.3; expected a table"),
        ("offset = { topc = 0.3 }", "offset, topc: this key is not known (did you mean top_c?)"),
        ("calibration = { top_c = [[0, 1]] }", "found 1 pairs; expected at least 2"),
        ("calibration = { top_c = [[0, 1], [0, 2]] }", "must rise"),
        ("calibration = { top_c = [[0, 1, 2]] }", "expected pairs of numbers"),
        ("offset = { top_c = 1 }\ncalibration = { top_c = [[0, 1], [1, 2]] }", "found an offset and a calibration table"),
    ],
)  # fmt: skip
def test_a_wrong_calibration_is_named(tmp_path, lines, sentence):
    found = problems_of(tmp_path, f'driver = "simulated"\n{lines}')
    assert any(sentence in problem for problem in found), found
