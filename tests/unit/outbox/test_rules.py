"""When a letter is tried again, and who carries it."""

from datetime import UTC, datetime, timedelta

import pytest

from server.outbox import rules

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "longest_s"),
    [
        (1, 2),  # a hiccup
        (2, 4),
        (5, 32),  # a restart of the receiver
        (8, 256),
        (9, 300),  # from here on every five minutes
        (500, 300),  # a dead receiver: no overflow, however often
    ],
)
def test_waits_double_up_to_five_minutes_and_are_shortened_by_a_fifth_at_most(
    attempts: int, longest_s: float
) -> None:
    assert rules.wait_s(attempts, 0.0) == longest_s
    assert rules.wait_s(attempts, 1.0) == pytest.approx(longest_s * 0.8)


@pytest.mark.parametrize(
    ("urgent", "age_min", "longest_s"),
    [
        (True, 0, 10),
        (True, 59, 10),
        (True, 60, 300),  # an alarm that nobody could be told of is told by later letters
        (False, 0, 300),
    ],
)
def test_a_fresh_alarm_waits_ten_seconds_at_most(
    urgent: bool, age_min: int, longest_s: float
) -> None:
    written = NOW - timedelta(minutes=age_min)
    parcel = rules.Parcel(1, "m@x", "smtp", "a@b", "", "", urgent, 40, written, NOW)

    assert rules.longest_wait_s(parcel, NOW) == longest_s
    assert rules.wait_s(40, 0.0, rules.longest_wait_s(parcel, NOW)) == longest_s


@pytest.mark.parametrize(("days", "given_up"), [(0, False), (6.9, False), (7, True), (30, True)])
def test_a_letter_is_given_up_after_seven_days(days: float, given_up: bool) -> None:
    assert rules.is_given_up(NOW - timedelta(days=days), NOW) is given_up


def test_a_letter_with_a_link_is_given_up_when_the_link_runs_out() -> None:
    written = NOW - timedelta(hours=1)

    assert rules.is_given_up(written, NOW, useful_until=NOW)
    assert not rules.is_given_up(written, NOW, useful_until=NOW + timedelta(seconds=1))


def test_each_webhook_has_a_lane_of_its_own_and_mail_shares_a_few() -> None:
    hooks = {rules.lane_of("webhook", f"https://a{n}.example/") for n in range(50)}
    mails = {rules.lane_of("smtp", f"p{n}@example.org") for n in range(50)}

    assert len(hooks) == 50
    assert 1 < len(mails) <= 4


@pytest.mark.parametrize(
    ("left_s", "may"),
    [(60, True), (11, True), (9, False), (-1, False)],  # an attempt lasts up to 10 s
)
def test_no_attempt_begins_that_could_outlast_its_claim(left_s: float, may: bool) -> None:
    parcel = rules.Parcel(
        1, "m@x", "webhook", "http://a/", "", "", False, 0, NOW, NOW + timedelta(seconds=left_s)
    )

    assert rules.may_still_send(parcel, NOW) is may
