"""Probes that cannot all be right are marked, keep their numbers, and are told once a change."""

import pytest

from edge_agent.plausibility import Check, Plausibility
from edge_agent.probes.faults import SETTLED_MS
from edge_agent.wire.quality import Quality
from tests.edge.settings_text import problems_of, write

TWINS = Check("twins", "top_c", "controller_c", 5.0, 60_000)
STUCK = Check("stuck", "top_c", "", 0.0, 3_600_000)
SWAPPED = Check("swapped", "top_c", "bottom_c", 2.0, 0)


def run(check, *readings):
    """Consider (ms, values[, q]) in turn; the last qualities and all events."""
    doubts, events, marked = Plausibility([check]), [], {}
    for now_ms, values, *q in readings:
        good = dict.fromkeys(values, 0)
        marked, found = doubts.consider(values, {**good, **(q[0] if q else {})}, now_ms)
        events += found
    return marked, events


def pair(top, other, key="controller_c"):
    return {"top_c": top, key: other}


def test_a_controller_and_an_independent_probe_that_differ_for_long_are_both_doubted():
    marked, events = run(TWINS, (0, pair(-180, -170)), (59_999, pair(-180, -170)))
    assert (marked, events) == ({"top_c": 0, "controller_c": 0}, [])
    marked, events = run(
        TWINS, (0, pair(-180, -170)), (60_000, pair(-180, -171)), (70_000, pair(-181, -171))
    )
    assert marked == {"top_c": 20, "controller_c": 20}
    assert [(e["kind"], e["channel"], e["quality"]) for e in events] == [
        ("probe_fault", "controller_c", 20), ("probe_fault", "top_c", 20),
    ]  # fmt: skip
    assert "differ by more than 5" in events[0]["fault"]


def test_a_short_difference_while_the_lid_is_open_is_no_doubt():
    turns = [(at, pair(-180, -170 if at % 60_000 else -178)) for at in range(0, 600_000, 10_000)]
    assert run(TWINS, *turns)[1] == []


def test_the_end_of_a_doubt_is_told_once():
    wrong = [(0, pair(-180, -100)), (60_000, pair(-180, -100))]
    right = [(60_001 + at, pair(-180, -179)) for at in (0, SETTLED_MS, SETTLED_MS + 1)]
    marked, events = run(TWINS, *wrong, *right)
    assert marked == {"top_c": 0, "controller_c": 0}
    assert [e["kind"] for e in events] == ["probe_fault"] * 2 + ["probe_fault_over"] * 2


def test_a_value_that_has_not_moved_is_stuck():
    assert run(STUCK, (0, {"top_c": -180.0}), (3_599_999, {"top_c": -180.0}))[0] == {"top_c": 0}
    marked, events = run(STUCK, (0, {"top_c": -180.0}), (3_600_000, {"top_c": -180.0}))
    assert marked == {"top_c": Quality.STUCK}
    assert [e["quality"] for e in events] == [19]
    assert run(STUCK, (0, {"top_c": -180.0}), (9, {"top_c": -180.1}), (3_600_000, {"top_c": -180.1}))[0] == {"top_c": 0}  # fmt: skip


def test_what_has_no_number_is_neither_stuck_nor_a_twin():
    gap = {"top_c": None}
    marked, events = run(STUCK, (0, gap, {"top_c": 16}), (9_999_999, gap, {"top_c": 16}))
    assert (marked, events) == ({"top_c": 16}, [])
    assert run(TWINS, (0, pair(None, -170)), (99_999, pair(None, -170)))[1] == []


def test_a_top_that_is_colder_than_the_bottom_was_swapped():
    marked, events = run(SWAPPED, (0, pair(-195, -180, "bottom_c")))
    assert marked == {"top_c": 20, "bottom_c": 20}
    assert "swapped" in events[0]["fault"]
    assert run(SWAPPED, (0, pair(-180, -195, "bottom_c")))[1] == []
    assert run(SWAPPED, (0, pair(-195.5, -194, "bottom_c")))[1] == []


def test_a_doubted_probe_that_is_unplugged_is_not_said_to_be_well():
    wrong = [(0, pair(-180, -100)), (60_000, pair(-180, -100))]
    gone = [(60_001 + at, pair(None, -100), {"top_c": 16}) for at in range(0, 60_000, 5_000)]
    _, events = run(TWINS, *wrong, *gone)
    assert [(e["kind"], e["channel"]) for e in events if e["channel"] == "top_c"] == [("probe_fault", "top_c")]  # fmt: skip


def test_a_reason_that_the_driver_gave_stays():
    marked, _ = run(SWAPPED, (0, pair(-215, -180, "bottom_c"), {"top_c": Quality.OUT_OF_RANGE}))
    assert marked == {"top_c": 18, "bottom_c": 20}


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        ('kind = "twin"', 'expected "twins" or "stuck" or "swapped" (did you mean twins?)'),
        ('kind = "twins"\nchannel = "top_c"', "other: missing"),
        ('kind = "twins"\nchannel = "top_c"\nother = "botom_c"', 'other: found "botom_c"; expected one of top_c'),
        ('kind = "stuck"\nchannel = "top_c"\nother = "bottom_c"', "needs no other channel"),
        ('kind = "stuck"\nchannel = "top_c"\nlimits = 1', "did you mean limit?"),
    ],
)  # fmt: skip
def test_a_wrong_check_is_named(tmp_path, check, sentence):
    tail = f"\n[[stream.check]]\n{check}\n"
    assert any(
        sentence in problem
        for problem in problems_of(tmp_path, 'driver = "simulated"', tail=tail)
    )  # fmt: skip


def test_good_checks_are_read(tmp_path):
    from edge_agent.config import load

    tail = '\n[[stream.check]]\nkind = "swapped"\nchannel = "top_c"\nother = "bottom_c"\n'
    (stream,) = load(write(tmp_path, 'driver = "simulated"', tail=tail)).streams
    assert stream.checks == (Check("swapped", "top_c", "bottom_c", 2.0, 60_000),)
