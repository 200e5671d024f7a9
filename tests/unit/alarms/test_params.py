"""The table of what kinds read besides their limit: judges, refusals, forms and bodies all go by it."""

import re
from pathlib import Path

import pytest

from server.alarms import codes, defaults, params, paths, rules, trend_defaults
from server.alarms.kinds import KINDS
from server.alarms.views.api_rules import RuleIn
from server.alarms.views.rules import RuleForm
from server.alarms.wishes import params_text

ALARMS = Path(params.__file__).parent
READ = re.compile(r"params_of\(|json\.loads\([^)]*params")
MAY_READ = {"wishes.py", "params.py", "views/api_rules.py", "views/api_types.py", "views/shapes.py"}
"""Where the text is kept, where the table is, and what shows all of it to people and programs."""


def test_judges_read_only_what_the_table_has():
    found = {
        path.relative_to(ALARMS).as_posix()
        for path in ALARMS.rglob("*.py")
        if READ.search(path.read_text("utf-8"))
    }

    assert found == MAY_READ
    for kind in KINDS:
        for read in (params.number, params.word):
            with pytest.raises(KeyError):
                read(kind, "{}", "temper")


def test_every_kind_of_the_table_is_a_kind_and_every_field_is_at_both_doors():
    assert set(params.PARAMS) <= set(KINDS)
    assert set(params.NAMES) <= set(RuleForm.fields)
    assert set(params.NAMES) <= set(RuleIn.__struct_fields__)
    for kind in params.PARAMS:
        assert all(one.word for one in params.fields(kind)), kind


def test_what_a_rule_reads_of_the_usual_rules_is_in_the_table():
    keys = (*defaults._BY_KEY, "top_c", "controller_c", "lid_open")
    wishes = [wish for key in keys for wish in rules.default_wishes(key)]
    wishes += [wish for key in keys for wish in trend_defaults.of_channel(key, keys)]
    wishes += [*codes.wishes(), *paths.wishes()]

    assert [params.why_not(wish.kind, wish.params) for wish in wishes] == [None] * len(wishes)


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        ("high", "{}", None),
        ("high", params_text(twin="top_c"), "twin"),
        ("boiloff", params_text(usual_a_day=2.5, widths=8), None),
        ("boiloff", params_text(usual_a_day=0), "usual_a_day"),
        ("boiloff", params_text(usual_a_day="much"), "usual_a_day"),
        ("boiloff", params_text(widths=1.9), "widths"),
        ("boiloff", params_text(widths=50), None),
        ("boiloff", params_text(widths=50.1), "widths"),
        ("boiloff", params_text(widths=True), "widths"),
        ("boiloff", params_text(widhts=8), "widhts"),
        ("forecast", params_text(limit=0), None),
        ("forecast", params_text(limit=-1), "limit"),
        ("disagree", params_text(twin="top_c"), None),
        ("disagree", params_text(twin=3), "twin"),
        ("rate", params_text(direction="sideways"), "direction"),
        ("rate", params_text(window_s=59), "window_s"),
        ("rate", params_text(window_s=86_400), None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field(kind, text, field):
    refused = params.why_not(kind, text)

    assert (refused and refused[0]) == field


@pytest.mark.parametrize(
    ("kind", "said", "was", "kept"),
    [
        ("rate", {}, "{}", {"direction": "both", "window_s": 600}),
        ("rate", {"window_s": 900.0}, params_text(direction="up"), {"direction": "up", "window_s": 900}),
        ("rate", {"window_s": None}, params_text(window_s=60), {"direction": "both", "window_s": 600}),
        ("boiloff", {}, params_text(widths=8), {"widths": 8}),
        ("boiloff", {"widths": 6.5}, params_text(widths=8), {"widths": 6.5}),
        ("boiloff", {"widths": None, "twin": ""}, params_text(widths=8), {}),
        ("disagree", {"twin": ""}, params_text(twin="top_c"), {}),
        ("high", {"twin": "top_c"}, "{}", {"twin": "top_c"}),
    ],
)  # fmt: skip
def test_what_is_said_is_put_into_what_was(kind, said, was, kept):
    assert params.merged(kind, said, was) == params_text(**kept)


def test_numbers_are_read_with_their_usual_value():
    assert params.number("rate", "{}", "window_s") == 600
    assert params.number("boiloff", "{}", "widths") is None
    assert params.number("boiloff", params_text(widths=8), "widths") == 8
    assert params.number("boiloff", params_text(widths="8"), "widths") is None
    assert params.word("disagree", params_text(twin="top_c"), "twin") == "top_c"
    assert params.word("disagree", "no JSON", "twin") == ""
