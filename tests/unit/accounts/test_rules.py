"""Roles, passwords, waiting and granting, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from server.accounts import rules
from server.accounts.views.entering import inside

NOW = datetime(2026, 4, 17, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("nine frosted tubes", None),
        ("short", "password_short"),
        ("aaaaaaaaaaaa", "password_guessable"),
        ("password123!", "password_guessable"),
        ("liwei@example.org", "password_guessable"),
        ("cryokeep2026", "password_guessable"),
        ("液氮罐旁的三个冻存管盒子", None),
    ],
)
def test_a_password_is_long_and_not_the_first_guess(password, expected):
    refusal = rules.why_not_password(password, email="liwei@example.org", name="Li Wei")

    assert (refusal and refusal.code) == expected


@pytest.mark.parametrize(
    ("failures", "seconds_since_last", "expected"),
    [
        (0, 0, 0),
        (4, 0, 0),  # four slips are human
        (5, 0, 15),
        (5, 10, 5),
        (5, 15, 0),
        (6, 0, 30),
        (7, 0, 60),
        (20, 0, 900),  # never longer than a quarter of an hour
    ],
)
def test_each_wrong_password_doubles_the_wait(failures, seconds_since_last, expected):
    last = NOW - timedelta(seconds=seconds_since_last)

    assert rules.wait_s([last] * failures, NOW, counted_by="email") == expected


def test_old_failures_are_forgotten():
    assert rules.wait_s([NOW - timedelta(minutes=16)] * 50, NOW, counted_by="email") == 0


@pytest.mark.parametrize(
    ("granter", "grants", "expected"),
    [
        (None, [("administrator", None)], None),
        (frozenset({1}), [("technician", 1)], None),
        (frozenset({1}), [("technician", 2)], "not_yours_to_grant"),
        (frozenset({1}), [("technician", None)], "not_yours_to_grant"),
        (frozenset(), [("read_only", 1)], "not_yours_to_grant"),
        (None, [("wizard", 1)], "no_such_role"),
    ],
)
def test_nobody_grants_what_they_may_not(granter, grants, expected):
    refusal = rules.why_not_grant(granter, grants)

    assert (refusal and refusal.code) == expected


def test_a_role_for_all_organisations_swallows_those_for_one():
    found = rules.permissions_of([("technician", 1), ("read_only", None), ("technician", 2)])

    assert found["storage.read"] is None
    assert found["storage.move"] == {1, 2}
    assert "people.manage" not in found


def test_every_role_has_a_name_and_a_hint():
    assert set(rules.PERMISSIONS) == set(rules.ROLE_NAMES) == set(rules.ROLE_HINTS)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/vials/SH0041?x=1", "/vials/SH0041?x=1"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_only_to_pages_of_ours(address, expected):
    assert inside(address) == expected
