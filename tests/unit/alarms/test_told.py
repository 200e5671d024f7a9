"""What events of agents and controllers say of the rules that they decide."""

from dataclasses import dataclass

import pytest

from server.alarms import told
from server.alarms.told import Tell
from server.alarms.wishes import params_text


@dataclass(frozen=True)
class Rule:
    """A rule as far as events look at it."""

    kind: str
    value: float = 0.5
    delay_on_s: float = 0.0
    params: str = "{}"


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        ("fill_started", {"level_mm": 205}, [Tell("fill_long", True)]),
        ("fill_ended", {}, [Tell("fill_long", False)]),
        ("power_lost", {}, [Tell("power", True)]),
        ("power_back", {}, [Tell("power", False)]),
        ("controller_alarm", {"code": "FD"}, [Tell("event", True, "FD")]),
        ("controller_alarm_over", {"alarm": "filling disabled"}, [Tell("event", False, "FD")]),
        ("controller_alarm", {"code": "ZO"}, []),  # recorded, no alarm
        ("controller_alarm", {"code": "F"}, []),
        ("controller_alarm", {"code": "PF"}, [Tell("power", True, "PF")]),
        (
            "controller_alarm",
            {"alarm": "hot condenser"},
            [Tell("event", True, "other", ("hot condenser",))],
        ),
        ("door_opened", {}, []),
        ("probe_fault", {"code": "AH"}, []),
    ],
)
def test_an_event_says_whether_something_holds(kind, facts, expected):
    assert told.tells(kind, facts) == expected


def test_what_a_controller_does_not_say_at_its_first_answer_is_over():
    said = told.tells("controller_standing", {"alarms": ["lid open", "error 07"]})
    holds = {(one.kind, one.code): one.holds for one in said}

    assert holds["event", "LO"] is True
    assert holds["event", "other"] is True
    assert holds["power", ""] is False
    assert holds["fill_long", ""] is False
    assert sum(holds.values()) == 2


@pytest.mark.parametrize("alarms", [["power failure", "filling"], ["filling", "power failure", 3]])
def test_power_and_fills_that_stand_are_not_said_to_be_over(alarms):
    said = told.tells("controller_standing", {"alarms": alarms})

    assert {one.kind for one in said} == {"event"}


@pytest.mark.parametrize("alarms", [None, "lid open", 5])
def test_a_list_that_is_none_says_that_nothing_stands(alarms):
    assert not any(one.holds for one in told.tells("controller_standing", {"alarms": alarms}))


@pytest.mark.parametrize(
    ("rule", "tell", "expected"),
    [
        (Rule("event", params=params_text(code="LO")), Tell("event", True, "LO"), True),
        (Rule("event", params=params_text(code="LO")), Tell("event", True, "LL"), False),
        (Rule("event"), Tell("event", True, "other"), True),
        (Rule("power"), Tell("power", True, "PF"), True),
        (Rule("fill_long"), Tell("power", True), False),
    ],
)
def test_a_word_is_of_the_rule_of_its_kind_and_code(rule, tell, expected):
    assert told.is_about(rule, tell) is expected


def test_the_longest_time_of_a_fill_is_a_delay():
    assert told.delay_on_s(Rule("fill_long", 1800.0, 60.0)) == 1860.0
    assert told.delay_on_s(Rule("power", 0.5, 60.0)) == 60.0


@pytest.mark.parametrize(
    ("before", "tell", "kind", "after"),
    [
        ({"a"}, Tell("event", True, "other", ("b",)), "controller_alarm", {"a", "b"}),
        ({"a", "b"}, Tell("event", False, "other", ("a",)), "controller_alarm_over", {"b"}),
        (set(), Tell("event", False, "other", ("a",)), "controller_alarm_over", set()),
        ({"a"}, Tell("event", True, "other", ("c",)), "controller_standing", {"c"}),
    ],
)
def test_other_makers_words_stand_until_they_are_taken_back(before, tell, kind, after):
    assert told.said_after(before, tell, kind) == after
