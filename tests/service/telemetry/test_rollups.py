"""Hours become figures: each reading counts once, however late it comes."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.telemetry import late, rollups
from server.telemetry.figure_models import HOURS, MINUTES
from server.telemetry.models import HourDue, LateHour, ReadingHour, ReadingMinute, reading
from server.telemetry.stores import store_of
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured


@pytest.fixture
def measured(database):
    return Measured(database)


def hours(database):
    with database.reading() as session:
        rows = session.scalars(
            select(ReadingHour).order_by(ReadingHour.channel_id, ReadingHour.hour_ms)
        )
        return [(row.hour_ms, row.n, row.least, row.mean, row.greatest) for row in rows]


def due(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(HourDue))


def test_an_hour_that_is_over_becomes_one_row(measured):
    measured.store(
        "top_c", [(NOON_MS - HOUR_MS, -180.0), (NOON_MS - 10_000, -170.0), (NOON_MS - 5_000, None)]
    )

    assert rollups.roll(measured.database, NOON + timedelta(minutes=6)) == 1
    assert hours(measured.database) == [(NOON_MS - HOUR_MS, 2, -180.0, -175.0, -170.0)]
    assert due(measured.database) == 0


def test_an_hour_is_left_alone_until_it_has_been_over_for_five_minutes(measured):
    measured.store("top_c", [(NOON_MS - HOUR_MS, -180.0), (NOON_MS, -180.0)])

    assert rollups.roll(measured.database, NOON + timedelta(minutes=4)) == 0
    assert due(measured.database) == 2


def test_late_readings_make_the_hour_anew(measured):
    measured.store("top_c", [(NOON_MS - HOUR_MS, -180.0)])
    rollups.roll(measured.database, NOON + timedelta(minutes=6))
    measured.store("top_c", [(NOON_MS - HOUR_MS + 1, -160.0)])

    rollups.roll(measured.database, NOON + timedelta(minutes=7))

    assert hours(measured.database) == [(NOON_MS - HOUR_MS, 2, -180.0, -170.0, -160.0)]


def test_an_hour_without_a_number_is_kept_as_such(measured):
    measured.store("top_c", [(NOON_MS - HOUR_MS, None)])

    rollups.roll(measured.database, NOON + timedelta(minutes=6))

    assert hours(measured.database) == [(NOON_MS - HOUR_MS, 0, None, None, None)]


def test_more_hours_than_one_transaction_takes_are_all_rolled(measured):
    for hour in range(1, 81):
        measured.store("top_c", [(NOON_MS - hour * HOUR_MS, -180.0)])

    assert rollups.roll(measured.database, NOON + timedelta(minutes=6)) == 80
    assert len(hours(measured.database)) == 80


def test_readings_stored_while_the_hours_are_rolled_are_never_lost(measured):
    """A writer goes on storing into one past hour while the roll-up runs: at the end the figures are whole."""
    database, channel_id = measured.database, measured.channels["top_c"]
    hour_ms = NOON_MS - 5 * HOUR_MS
    stored = 60

    def write():
        for i in range(stored):
            with database.writing() as session:
                store_of(session).hours_due([(channel_id, hour_ms)])
                row = {
                    "channel_id": channel_id,
                    "at_ms": hour_ms + i,
                    "value": float(i),
                    "quality": 0,
                }
                session.execute(reading.insert(), [row])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        rollups.roll(database, NOON)
    writer.join()
    rollups.roll(database, NOON)

    assert hours(database) == [(hour_ms, stored, 0.0, (stored - 1) / 2, stored - 1.0)]
    assert due(database) == 0


MIN_MS = 60_000
HOUR = NOON_MS - HOUR_MS


def minutes(database):
    with database.reading() as session:
        rows = session.scalars(select(ReadingMinute).order_by(ReadingMinute.minute_ms))
        return [(m.minute_ms, m.n, m.least, m.mean, m.greatest, m.gap_s) for m in rows]


def one_hour(database, hour_ms=HOUR):
    with database.reading() as session:
        return session.scalars(select(ReadingHour).where(ReadingHour.hour_ms == hour_ms)).one()


def thin(measured, grain, hour_ms=HOUR):
    """As the job does it: the finer rows go, the hour says what is left."""
    with measured.database.writing() as session:
        session.get_one(ReadingHour, (measured.channels["top_c"], hour_ms)).grain = grain
        session.execute(reading.delete())
        if grain == HOURS:
            session.execute(ReadingMinute.__table__.delete())


def test_minutes_are_made_with_the_seconds_in_which_nothing_was_known(measured):
    measured.store("top_c", [
        (HOUR, -180.0), (HOUR + 10_000, -170.0), (HOUR + 55_000, -172.0),
        (HOUR + 5 * MIN_MS, -160.0), (HOUR + 5 * MIN_MS + 20_000, None),
    ])  # fmt: skip

    rollups.roll(measured.database, NOON + timedelta(minutes=6))

    assert minutes(measured.database) == [
        (HOUR, 3, -180.0, -174.0, -170.0, 45.0),
        (HOUR + 5 * MIN_MS, 1, -160.0, -160.0, -160.0, 0.0),
    ]
    hour = one_hour(measured.database)
    assert (hour.n, hour.least, hour.mean, hour.greatest) == (4, -180.0, -170.5, -160.0)
    assert (hour.first_ms, hour.last_ms) == (HOUR, HOUR + 5 * MIN_MS)
    assert hour.gap_s == 45.0 + 245.0  # inside the first minute, and from it to the next number


def test_late_readings_mend_minutes_and_gaps(measured):
    measured.store("top_c", [(HOUR, -180.0), (HOUR + 2 * MIN_MS, -180.0)])
    rollups.roll(measured.database, NOON + timedelta(minutes=6))
    assert one_hour(measured.database).gap_s == 120.0
    measured.store("top_c", [(HOUR + at, -180.0) for at in range(10_000, 2 * MIN_MS, 10_000)])

    rollups.roll(measured.database, NOON + timedelta(minutes=7))

    assert one_hour(measured.database).gap_s == 0.0
    assert [n for _, n, *_ in minutes(measured.database)] == [6, 6, 1]


def test_what_comes_late_is_noted_and_what_comes_in_time_is_not(measured):
    measured.store("top_c", [(HOUR, -180.0)])
    rollups.roll(measured.database, NOON + timedelta(minutes=6))
    with measured.database.reading() as session:
        assert late.since(session, 0) == ([], 0)
    measured.store("top_c", [(HOUR + 1, -120.0), (HOUR - 1, -130.0), (HOUR - 5 * HOUR_MS, -140.0)])

    rollups.roll(measured.database, NOON + timedelta(minutes=7))

    with measured.database.reading() as session:
        windows, seen = late.since(session, 0)
        assert late.since(session, seen) == ([], seen)
    assert [(w.from_ms, w.to_ms) for w in windows] == [
        (HOUR - 5 * HOUR_MS, HOUR - 4 * HOUR_MS),
        (HOUR, HOUR + HOUR_MS),
    ]


def test_notes_of_what_came_late_are_forgotten_after_ninety_days(measured):
    measured.store("top_c", [(HOUR - 9 * HOUR_MS, -180.0)])
    rollups.roll(measured.database, NOON)

    late.forget(measured.database, NOON + timedelta(days=89))
    with measured.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LateHour)) == 1
    late.forget(measured.database, NOON + timedelta(days=91))
    with measured.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LateHour)) == 0


@pytest.mark.parametrize("grain", [MINUTES, HOURS])
def test_what_comes_late_into_a_thinned_hour_is_added_and_wipes_nothing_out(measured, grain):
    measured.store("top_c", [(HOUR, -180.0), (HOUR + 1000, -176.0)])
    rollups.roll(measured.database, NOON + timedelta(minutes=6))
    thin(measured, grain)
    measured.store("top_c", [(HOUR + 2000, -170.0), (HOUR + 10 * MIN_MS, -150.0), (HOUR + 9, None)])

    for minute in (7, 8):
        rollups.roll(measured.database, NOON + timedelta(minutes=minute))
        hour = one_hour(measured.database)
        assert (hour.n, hour.least, hour.mean, hour.greatest) == (4, -180.0, -169.0, -150.0)
        assert (hour.first_ms, hour.last_ms, hour.grain) == (HOUR, HOUR + 10 * MIN_MS, grain)
    with measured.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(reading)) == 0
    counted = [(n, least, greatest) for _, n, least, _, greatest, _ in minutes(measured.database)]
    assert counted == ([(3, -180.0, -170.0), (1, -150.0, -150.0)] if grain == MINUTES else [])


def test_hours_of_an_earlier_version_get_gaps_and_minutes_and_never_lose_what_they_counted(
    measured,
):
    whole, gone, half = HOUR, HOUR - HOUR_MS, HOUR - 2 * HOUR_MS
    measured.store("top_c", [(whole, -180.0), (whole + 60_000, -170.0)], mark=False)
    measured.store("top_c", [(half + 5, -150.0)], mark=False)
    with measured.database.writing() as session:
        for hour_ms, n in ((whole, 2), (gone, 360), (half, 360)):
            session.add(ReadingHour(
                channel_id=measured.channels["top_c"], hour_ms=hour_ms, n=n, least=-180.0, mean=-175.0,
                greatest=-170.0,
            ))  # fmt: skip

    assert rollups.remake_old(measured.database, NOON) == 3
    assert rollups.remake_old(measured.database, NOON) == 0

    assert (one_hour(measured.database, whole).gap_s, one_hour(measured.database, whole).grain) == (
        60.0,
        0,
    )
    assert (one_hour(measured.database, gone).n, one_hour(measured.database, gone).grain) == (
        360,
        HOURS,
    )
    assert (one_hour(measured.database, half).n, one_hour(measured.database, half).gap_s) == (
        360,
        None,
    )
    assert [n for _, n, *_ in minutes(measured.database)] == [1, 1]
