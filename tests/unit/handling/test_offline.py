"""When an act of a device happened, and what no longer is as it believed."""

from datetime import UTC, datetime, timedelta

import pytest

from server.handling.rules.acts import Act, why_not_complete
from server.handling.rules.offline import (
    Believed,
    Now,
    Told,
    judge,
    why_no_reason,
    why_not_after,
    why_not_believed,
)

CONTACT = datetime(2026, 4, 17, 9, 0, tzinfo=UTC)
MIN, H = timedelta(minutes=1), timedelta(hours=1)
THEN, NOW = CONTACT + 10 * MIN, CONTACT + 60 * MIN


@pytest.mark.parametrize(
    ("fast", "set_by", "counted", "earliest", "happened", "clock"),
    [
        (0 * H, 0 * H, None, None, THEN, "right"),
        (timedelta(seconds=90), 0 * H, None, None, THEN, "right"),
        (3 * H, 0 * H, None, None, THEN, "wrong"),
        (-26 * H, 0 * H, None, None, THEN, "wrong"),
        (0 * H, 2 * H, 10 * MIN, None, THEN, "changed"),
        (3 * H, -3 * H, None, None, THEN, "changed"),
        (0 * H, 0 * H, None, THEN + MIN, THEN + MIN, "right"),
    ],
    ids=["right", "nearly", "fast", "slow", "counter decides", "put right later", "in order"],
)
def test_the_time_of_an_act_is_corrected_by_the_measured_offset(
    fast, set_by, counted, earliest, happened, clock
):
    """The act is stamped before the clock is set by `set_by`; what is sent is stamped after."""
    told = Told(THEN + fast, CONTACT, -fast, counted, NOW + fast + set_by)

    judged = judge(told, NOW, earliest)

    assert (judged.happened_at, judged.clock) == (happened, clock)


def test_an_act_after_the_clock_was_set_is_told_by_the_new_offset():
    told = Told(THEN - 5 * H, CONTACT, 0 * H, None, NOW - 5 * H)

    assert judge(told, NOW).happened_at == THEN


def test_nothing_happened_in_the_future():
    told = Told(NOW + 2 * MIN, CONTACT, 0 * H, None, NOW)

    assert judge(told, NOW).happened_at == NOW


@pytest.mark.parametrize(
    ("believed", "stay", "recorded", "refused"),
    [
        (Believed(7, "D-1 A1"), 7, NOW, False),
        (Believed(7, "D-1 A1"), 8, CONTACT - H, True),
        (Believed(7, "D-1 A1"), None, None, True),
        (Believed(None), None, None, False),
        (Believed(None, known=False), 8, CONTACT - H, False),
        (Believed(None, known=False), 8, CONTACT + MIN, True),
    ],
    ids=[
        "as believed",
        "other stay",
        "no stay",
        "new tube",
        "unknown, old",
        "unknown, moved since",
    ],
)
def test_a_tube_that_was_moved_meanwhile_is_named_with_both_facts(
    believed, stay, recorded, refused
):
    now = Now(stay, "D-2 B2", recorded, "colleague")
    found = why_not_believed("SH-1", believed, now, CONTACT)

    assert bool(found) is refused
    if found:
        assert "D-2 B2" in found.text()
        assert "colleague" in found.text()
        assert not believed.known or "D-1 A1" in found.text()


def an_act(**facts):
    usual = {"uuid": "u", "kind": "move", "tube": "SH-1", "box": "D-1", "position": "A1"}
    return Act(**{**usual, "stated_at": THEN, "contact_at": CONTACT, "offset_ms": 0, **facts})


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, None),
        ({"kind": "take_out", "box": "", "position": ""}, None),
        ({"kind": "discard"}, "unknown_act"),
        ({"tube": " "}, "incomplete_act"),
        ({"kind": "pick"}, "incomplete_act"),
        ({"kind": "pick", "list": "P-1", "box": ""}, None),
        ({"position": ""}, "incomplete_act"),
    ],
)
def test_an_act_says_all_that_it_needs(facts, code):
    found = why_not_complete(an_act(**facts))

    assert (found.code if found else None) == code


def test_an_act_is_kept_as_it_came():
    act = an_act(since_contact_ms=5, stay=3, after="u0")

    assert Act.of(act.plain()) == act
    assert act.told(NOW).since_contact == timedelta(milliseconds=5)


def test_what_builds_on_something_undone_and_what_is_dropped_for_nothing_is_refused():
    assert why_not_after("SH-1", resolved=True) is None
    assert "SH-1" in why_not_after("SH-1", resolved=False).text()
    assert why_no_reason("it was another tube") is None
    assert why_no_reason("  ").code == "no_reason"
