"""All 23 event codes of MVE's controllers: what each becomes."""

import pytest

from edge_agent.probes import tec3000
from server.alarms import codes, rules
from server.alarms.codes import CODES, OTHER
from server.alarms.wishes import params_text

TABLE = [
    ("AH", "event", "high", 0.0),
    ("AL", "event", "warning", 0.0),
    ("AM", "event", "high", 900.0),
    ("BB", "event", "high", 0.0),
    ("BH", "event", "high", 0.0),
    ("BL", "event", "warning", 0.0),
    ("BP", "event", "warning", 0.0),
    ("BV", "event", "high", 0.0),
    ("BY", "event", "warning", 1800.0),
    ("CA", "event", "warning", 0.0),
    ("CB", "event", "warning", 0.0),
    ("CG", "event", "warning", 0.0),
    ("CL", "event", "warning", 0.0),
    ("F", "recorded", "warning", 0.0),
    ("FD", "event", "high", 900.0),
    ("FT", "event", "high", 0.0),
    ("HG", "event", "high", 0.0),
    ("LH", "event", "high", 0.0),
    ("LL", "event", "critical", 0.0),
    ("LO", "event", "warning", 180.0),
    ("PF", "power", "high", 0.0),
    ("UW", "event", "high", 0.0),
    ("ZO", "recorded", "warning", 0.0),
]


@pytest.mark.parametrize(("name", "becomes", "severity", "delay_on_s"), TABLE)
def test_each_code_has_a_meaning_a_severity_and_what_to_do(name, becomes, severity, delay_on_s):
    code = CODES[name]

    assert (code.becomes, code.severity, code.delay_on_s) == (becomes, severity, delay_on_s)
    assert code.severity in rules.SEVERITIES
    assert code.meaning
    assert code.what_to_do.endswith(".")


def test_the_table_has_all_23_and_the_agent_knows_the_same_by_the_same_words():
    assert sorted(CODES) == [name for name, *_ in TABLE]
    assert len(CODES) == 23
    assert {name: code.told for name, code in CODES.items()} == tec3000.CODES


def test_a_freezer_with_a_controller_begins_with_a_rule_for_each_code_that_alarms():
    made = {codes.rule_code(wish.params): wish for wish in codes.wishes()}

    assert sorted(made) == sorted(
        [name for name, becomes, *_ in TABLE if becomes == "event"] + [OTHER]
    )
    assert {wish.kind for wish in made.values()} == {"event"}
    assert made["LL"].severity == "critical"


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"code": "AH", "alarm": "temperature A high"}, "AH"),
        ({"alarm": "lid open"}, "LO"),  # an agent from before codes were told
        ({"code": "XX", "alarm": "level low"}, "LL"),
        ({"code": 7, "alarm": "controller failure"}, "other"),
        ({}, "other"),
    ],
)
def test_a_code_is_known_by_itself_or_by_its_words(facts, name):
    assert codes.code_of(facts) == name


def test_a_rule_without_a_code_is_of_everything_else():
    assert codes.rule_code("{}") == OTHER
    assert codes.rule_code(params_text(code="FT")) == "FT"
    assert codes.of("nonsense").severity == "warning"
