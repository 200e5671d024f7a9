"""Hours become figures: each reading counts once, however late it comes."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.telemetry import rollups
from server.telemetry.models import HourDue, ReadingHour, reading
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
