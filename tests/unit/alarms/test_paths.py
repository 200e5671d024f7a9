"""What is said of a path that is off: each condition's sentence, and when there is none."""

from datetime import UTC, datetime, timedelta

import pytest

from server.alarms import paths
from server.notify.rules import Sentence

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({}, "the call list is empty"),
        ({"": None}, "the call list is empty"),
        ({"": 0}, "nobody on the call list can be reached now: switched off or away"),
        ({"": 1}, None),
        ({"night": 2}, None),
        ({"": 1, "night": 0}, "the chain “night” reaches nobody now"),
    ],
)
def test_whether_anybody_can_be_called(lists, said):
    found = paths.nobody(lists)

    assert (found.text() if found else None) == said


@pytest.mark.parametrize(
    ("can_leave", "persons", "off"),
    [(True, 3, False), (False, 0, False), (None, 3, False), (False, 3, True)],
)
def test_mail_that_is_not_set_up_matters_where_people_are_told_by_it(can_leave, persons, off):
    assert (paths.mail(can_leave, persons) is not None) is off


def test_letters_that_do_not_leave_are_told_with_the_reason():
    assert paths.letters(0, 0, "") is None
    said = paths.letters(2, 1, "Connection refused").text()
    assert said == ("2 notices wait for more than 10 minutes, 1 were given up: Connection refused")


@pytest.mark.parametrize(
    ("offsets", "said"),
    [
        ([], None),
        ([3600.0], None),  # one node may be wrong itself
        ([0.1, 3600.0, 0.2], None),
        ([60.0, 60.0], None),
        ([61.0, 62.0], "the server’s clock is 62 s ahead of 2 nodes"),
        ([-3600.0, -3601.0, 0.0], "the server’s clock is 3600 s behind 3 nodes"),
    ],
)
def test_the_clock_is_judged_by_the_median_of_the_nodes(offsets, said):
    found = paths.clock(offsets)

    assert (found.text() if found else None) == said


def test_a_certificate_says_when_it_runs_out():
    soon, past = NOON + timedelta(days=3), NOON - timedelta(days=1)

    assert paths.certificate("ca.crt", soon, NOON).text().endswith("runs out on 2026-03-17")
    assert paths.certificate("pd/pi-1", past, NOON).text().endswith("ran out on 2026-03-13")


def test_three_are_named_and_the_others_counted():
    one, *_more = many = [Sentence(f"F{n}") for n in range(5)]

    assert paths.listed([]) is None
    assert paths.listed([one]).text() == "F0"
    assert paths.listed(many).text() == "F0; F1; F2; and 2 more"


def test_every_condition_has_a_rule_whose_acknowledgement_runs_out_within_a_day():
    made = paths.wishes()

    assert [paths.of(one.params) for one in made] == list(paths.CONDITIONS)
    assert {one.ack_timeout_s for one in made} == {86_400.0}
    assert paths.of("{}") == paths.of('{"of": "unknown"}') == ""
