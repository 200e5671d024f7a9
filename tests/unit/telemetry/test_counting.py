"""Buckets and silences are counted alike, in one pass, in parts, and across the seams between parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.telemetry.counting import Bucket, counted, joined
from server.telemetry.history import gaps, unknown

SILENCE = 30


def rows(*times):
    return [(at, at, 1, float(at), float(at), float(at), 0.0) for at in times]


def bucket(t, n=1, gap=0.0):
    return Bucket(t, n, 0.0, 0.0, 0.0, gap)


def test_rows_become_buckets_with_least_mean_and_greatest():
    buckets, silences, ends = counted(rows(0, 5, 9, 10, 55), 0, 10, SILENCE)

    assert [(b.t, b.n, b.least, b.mean, b.greatest) for b in buckets] == [
        (0, 3, 0.0, 14 / 3, 9.0), (10, 1, 10.0, 10.0, 10.0), (50, 1, 55.0, 55.0, 55.0),
    ]  # fmt: skip
    assert silences == [(10, 55)]
    assert ends == (0, 55)


@pytest.mark.parametrize(
    ("found", "ends", "known", "until", "expected"),
    [
        ([], None, None, 100, []),
        ([], None, 0, 100, [(0, 100)]),
        ([], (50, 60), 0, 80, [(0, 50)]),
        ([], (50, 60), None, 80, []),
        ([(20, 55)], (10, 60), 0, 100, [(20, 55), (60, 100)]),
        ([], (10, 60), 0, 90, []),
    ],
)
def test_silences_before_between_and_after(found, ends, known, until, expected):
    assert list(gaps(found, ends, known, until, SILENCE)) == expected


@pytest.mark.parametrize(
    ("buckets", "silences", "expected"),
    [
        ([bucket(0), bucket(100)], [], [0.0, 0.0]),
        ([bucket(0), bucket(100)], [(50, 120)], [0.05, 0.02]),
        ([bucket(0), bucket(300)], [(50, 320)], [0.05, 0.02]),
        ([bucket(0)], [(10, 20), (40, 60), (90, 900)], [0.04]),
        ([bucket(0, gap=30.0)], [(10, 20)], [0.04]),
        ([bucket(0, gap=500.0)], [], [0.1]),
    ],
)
def test_the_time_in_which_nothing_was_known_is_told_by_bucket(buckets, silences, expected):
    assert unknown(buckets, silences, 100) == expected


@given(
    times=st.lists(st.integers(0, 2_000), min_size=1, unique=True).map(sorted),
    cut=st.integers(0, 2_000),
    width=st.integers(1, 300),
)
def test_parts_that_are_joined_are_as_if_they_had_been_counted_at_once(times, cut, width):
    whole = counted(rows(*times), 0, width, SILENCE)
    parts = [
        counted(rows(*(at for at in times if at < cut)), 0, width, SILENCE),
        counted(rows(*(at for at in times if at >= cut)), 0, width, SILENCE),
    ]

    buckets, silences, ends = joined(parts, SILENCE)

    assert (silences, ends) == whole[1:]
    assert [(b.t, b.n, b.least, b.greatest) for b in buckets] == [
        (b.t, b.n, b.least, b.greatest) for b in whole[0]
    ]
    assert [b.mean for b in buckets] == pytest.approx([b.mean for b in whole[0]])
