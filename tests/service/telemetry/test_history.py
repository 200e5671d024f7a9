"""What a chart is told: figures per bucket, and honestly where nothing was known."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from server.telemetry import rollups
from server.telemetry.models import ReadingHour, ReadingMinute, reading
from server.telemetry.queries import history, latest, warmest
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured

MIN_MS = 60_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def measured(database):
    return Measured(database)


def track(measured, from_ms, to_ms, pixels=100, key="top_c", now_ms=NOON_MS):
    with measured.database.reading() as session:
        channel = measured.channel(session, key)
        return history(session, [channel], from_ms, to_ms, pixels, now_ms=now_ms)[0]


def every_10_s(from_ms, to_ms, value=-178.0):
    return [(at, value) for at in range(from_ms, to_ms, 10_000)]


def test_a_bucket_tells_least_mean_and_greatest(measured):
    measured.store(
        "top_c",
        [(NOON_MS - 30_000, -180.0), (NOON_MS - 20_000, -150.0), (NOON_MS - 10_000, -170.0)],
    )

    found = track(measured, NOON_MS - 60_000, NOON_MS, pixels=1)

    assert (found.least, found.mean, found.greatest, found.n) == (
        [-180.0],
        [-500.0 / 3],
        [-150.0],
        [3],
    )


def test_a_short_spike_is_never_thinned_away(measured):
    rows = every_10_s(NOON_MS - DAY_MS, NOON_MS)
    rows[4321] = (rows[4321][0], -120.0)
    measured.store("top_c", rows)

    found = track(measured, NOON_MS - DAY_MS, NOON_MS, pixels=50)

    assert len(found.t) <= 50
    assert max(found.greatest) == -120.0
    assert found.gaps == []


def test_a_silence_is_unknown_and_not_bridged(measured):
    before = every_10_s(NOON_MS - 60 * MIN_MS, NOON_MS - 40 * MIN_MS)
    after = every_10_s(NOON_MS - 20 * MIN_MS, NOON_MS)
    measured.store("top_c", before + after)

    found = track(measured, NOON_MS - HOUR_MS, NOON_MS, pixels=60)

    assert found.gaps == [(before[-1][0], after[0][0])]


def test_readings_without_a_number_are_a_gap(measured):
    rows = every_10_s(NOON_MS - 30 * MIN_MS, NOON_MS)
    rows[60:120] = [(at, None) for at, _ in rows[60:120]]
    measured.store("top_c", rows)

    found = track(measured, NOON_MS - 30 * MIN_MS, NOON_MS)

    assert found.gaps == [(rows[59][0], rows[120][0])]


def test_silence_until_now_is_a_gap_and_time_before_the_first_reading_is_not(measured):
    rows = every_10_s(NOON_MS - 30 * MIN_MS, NOON_MS - 20 * MIN_MS)
    measured.store("top_c", rows)

    found = track(measured, NOON_MS - HOUR_MS, NOON_MS + HOUR_MS)

    assert found.gaps == [(rows[-1][0], NOON_MS)]


def test_a_window_after_the_last_reading_is_unknown_as_a_whole(measured):
    measured.store("top_c", every_10_s(NOON_MS - 3 * HOUR_MS, NOON_MS - 2 * HOUR_MS))

    found = track(measured, NOON_MS - HOUR_MS, NOON_MS)

    assert (found.t, found.gaps) == ([], [(NOON_MS - HOUR_MS, NOON_MS)])


def test_a_long_range_is_the_same_before_and_after_the_roll_up(measured):
    rows = [
        (at, -178.0 + (at // HOUR_MS) % 7) for at, _ in every_10_s(NOON_MS - 30 * HOUR_MS, NOON_MS)
    ]
    measured.store("top_c", rows)
    year = (NOON_MS - 365 * DAY_MS, NOON_MS)

    before = track(measured, *year, pixels=9000)
    rollups.roll(measured.database, NOON)
    after = track(measured, *year, pixels=9000)

    assert before.from_hours
    assert after.from_hours
    assert sum(before.n) == sum(after.n) == len(rows)
    assert (before.t, before.least, before.greatest) == (after.t, after.least, after.greatest)
    assert after.mean == pytest.approx(before.mean)


def test_where_an_earlier_version_kept_only_hours_a_short_range_shows_the_hours(measured):
    hours = range(NOON_MS - 30 * HOUR_MS, NOON_MS - 20 * HOUR_MS, HOUR_MS)
    with measured.database.writing() as session:
        for hour_ms in hours:
            session.add(ReadingHour(
                channel_id=measured.channels["top_c"], hour_ms=hour_ms, n=360, least=-179.0, mean=-178.0,
                greatest=-177.0,
            ))  # fmt: skip
    measured.store("top_c", every_10_s(NOON_MS - 20 * HOUR_MS, NOON_MS, -170.0))

    found = track(measured, NOON_MS - 30 * HOUR_MS, NOON_MS, pixels=300)

    assert found.mean[0] == -178.0
    assert found.mean[-1] == -170.0
    assert found.gaps == []
    assert sum(found.n) == 10 * 360 + 20 * 360


def test_a_week_is_counted_from_minutes_and_a_gap_inside_a_bucket_is_told(measured):
    rows = every_10_s(NOON_MS - 6 * DAY_MS, NOON_MS)
    quiet = (NOON_MS - 2 * HOUR_MS, NOON_MS - 2 * HOUR_MS + 5 * MIN_MS)
    rows = [(at, value) for at, value in rows if not quiet[0] < at < quiet[1]]
    measured.store("top_c", rows)
    rollups.roll(measured.database, NOON)

    found = track(measured, NOON_MS - 6 * DAY_MS, NOON_MS, pixels=50)

    assert found.level == "minute"
    assert sum(found.n) == len(rows)
    assert found.gaps == [quiet]
    assert [s for s in found.unknown_s if s] == [300.0]


def test_the_warmest_moment_is_found_in_whole_hours_and_at_the_edges(measured):
    rows = dict(every_10_s(NOON_MS - 5 * HOUR_MS, NOON_MS))
    rows[NOON_MS - 2 * HOUR_MS - 10_000] = -140.0
    rows[NOON_MS - 10_000] = -130.0
    measured.store("top_c", list(rows.items()))
    rollups.roll(measured.database, NOON)

    def found(from_ms, to_ms):
        with measured.database.reading() as session:
            return warmest(session, measured.freezer_id, from_ms, to_ms)

    assert found(NOON_MS - 5 * HOUR_MS, NOON_MS) == (-130.0, NOON_MS - 10_000)
    assert found(NOON_MS - 5 * HOUR_MS, NOON_MS - 20_000) == (
        -140.0,
        NOON_MS - 2 * HOUR_MS - 10_000,
    )
    assert found(NOON_MS - 2 * HOUR_MS, NOON_MS - HOUR_MS) == (-178.0, NOON_MS - 2 * HOUR_MS)
    assert found(NOON_MS - 20 * HOUR_MS, NOON_MS - 10 * HOUR_MS) is None


def test_the_latest_reading_is_unknown_after_three_missed_intervals(measured):
    measured.store("top_c", [(NOON_MS, -178.0)])

    with measured.database.reading() as session:
        seen = {one.key: one for one in latest(session, [measured.freezer_id])[measured.freezer_id]}

    assert seen["top_c"].known(NOON) == -178.0
    assert seen["top_c"].known(NOON.replace(second=31)) is None
    assert seen["bottom_c"].known(NOON) is None


@pytest.mark.parametrize("days", [6, 60])
def test_hours_that_wait_or_were_thinned_amid_others_count_once(measured, days):
    """By minutes (6 days) and by hours (60): a late reading waits in one hour, two others have been thinned."""
    rows = every_10_s(NOON_MS - 6 * DAY_MS, NOON_MS)
    measured.store("top_c", rows)
    rollups.roll(measured.database, NOON + timedelta(minutes=6))
    late, minutes, hours = (NOON_MS - n * DAY_MS for n in (2, 3, 4))
    with measured.database.writing() as session:
        for hour_ms, grain in ((minutes, 1), (hours, 2)):
            session.get_one(ReadingHour, (measured.channels["top_c"], hour_ms)).grain = grain
            within = reading.c.at_ms.between(hour_ms, hour_ms + HOUR_MS - 1)
            session.execute(reading.delete().where(within))
        gone = ReadingMinute.minute_ms.between(hours, hours + HOUR_MS - 1)
        session.execute(delete(ReadingMinute).where(gone))
    measured.store("top_c", [(late + 1, -120.0), (minutes + 1, -130.0), (hours + 1, -140.0)])

    before = track(measured, NOON_MS - days * DAY_MS, NOON_MS, pixels=40)
    rollups.roll(measured.database, NOON + timedelta(minutes=7))
    after = track(measured, NOON_MS - days * DAY_MS, NOON_MS, pixels=40)

    assert before.level == ("minute" if days == 6 else "hour")
    assert sum(before.n) == sum(after.n) == len(rows) + 3
    assert max(after.greatest) == -120.0
    assert (before.t, before.n, before.greatest, before.gaps) == (
        after.t, after.n, after.greatest, after.gaps,
    )  # fmt: skip
    assert after.gaps == []
