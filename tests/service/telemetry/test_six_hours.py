"""A year is told by six hours at a time: each reading counts once, none is lost, however late it comes."""

import os
import random
import signal
import subprocess
import sys
import threading
from bisect import bisect
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select, text, update

from server import schema
from server.telemetry import rollups, six_hours
from server.telemetry.columns import SIX_HOURS_MS
from server.telemetry.models import (
    Channel,
    HourDue,
    ReadingHour,
    ReadingMinute,
    SixHours,
    SixHoursDue,
    reading,
)
from server.telemetry.queries import history
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured

DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
LATER = NOON + timedelta(minutes=6)


@pytest.fixture
def measured(database):
    return Measured(database)


def year(measured, pixels=1000, from_ms=NOON_MS - YEAR_MS, to_ms=NOON_MS, key="top_c"):
    with measured.database.reading() as session:
        channel = measured.channel(session, key)
        (track,) = history(session, [channel], from_ms, to_ms, pixels, now_ms=NOON_MS)
    return track


def count(database, model):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model))


def made(database):
    with database.reading() as session:
        rows = session.scalars(select(SixHours).order_by(SixHours.begin_ms, SixHours.channel_id))
        return [(row.begin_ms, row.n, row.least, row.mean, row.greatest, row.gap_s) for row in rows]


def hours_of(measured, values, key="top_c"):
    """Write hours as an earlier version left them: {when: (n, least, mean, greatest)}."""
    with measured.database.writing() as session:
        for hour_ms, (n, least, mean, greatest) in values.items():
            session.add(ReadingHour(
                channel_id=measured.channels[key], hour_ms=hour_ms, n=n, least=least, mean=mean,
                greatest=greatest,
            ))  # fmt: skip


def drawn(track, raw, from_ms, to_ms):
    """Compare each window of the picture with the readings themselves."""
    begin, end = from_ms // HOUR_MS * HOUR_MS, -(-to_ms // HOUR_MS) * HOUR_MS
    within = {at: value for at, value in raw.items() if begin <= at < end}
    windows = {}
    for at, value in within.items():
        t = track.t[bisect(track.t, at) - 1]
        assert t <= at < t + track.bucket_ms
        windows.setdefault(t, []).append(value)
    assert list(zip(track.n, track.least, track.greatest, strict=True)) == [
        (len(windows[t]), min(windows[t]), max(windows[t])) for t in track.t
    ]  # fmt: skip
    assert track.mean == pytest.approx([sum(windows[t]) / len(windows[t]) for t in track.t])
    assert sum(track.n) == len(within)
    assert all(one + track.bucket_ms <= other for one, other in pairwise(track.t))


def some_readings(chance, many):
    """Return readings of the last year, crowded in some hours, with spikes of one reading."""
    crowded = [NOON_MS - chance.randrange(YEAR_MS) for _ in range(4)]
    times = {NOON_MS - 1 - chance.randrange(YEAR_MS) for _ in range(many)}
    times |= {min(at + chance.randrange(HOUR_MS), NOON_MS - 1) for at in crowded for _ in range(12)}
    return {at: -180.0 + chance.choice((0.0, 0.5, 1.0, 90.0, -9.0)) for at in times}


def thin(measured, chance):
    """Take the readings of some made hours away, as the job does it, in both grains."""
    with measured.database.writing() as session:
        hours = list(session.scalars(select(ReadingHour).order_by(ReadingHour.hour_ms)))
        for hour in chance.sample(hours, 20):
            hour.grain = chance.choice((1, 2))
            within = reading.c.at_ms.between(hour.hour_ms, hour.hour_ms + HOUR_MS - 1)
            session.execute(reading.delete().where(within))
            if hour.grain == 2:
                at = ReadingMinute.__table__.c.minute_ms
                gone = at.between(hour.hour_ms, hour.hour_ms + HOUR_MS - 1)
                session.execute(ReadingMinute.__table__.delete().where(gone))


@pytest.mark.parametrize("seed", range(3))
def test_every_window_of_the_picture_has_the_least_and_the_greatest_of_its_readings(measured, seed):
    """At each moment between a reading's coming and its last figure: waiting, made, late, thinned."""
    chance = random.Random(seed)
    raw = {}

    def look():
        from_ms = NOON_MS - YEAR_MS + chance.randrange(30 * DAY_MS)
        to_ms = NOON_MS - chance.randrange(90 * 24) * HOUR_MS
        for pixels, window in ((1000, (NOON_MS - YEAR_MS, NOON_MS)), (250, (from_ms, to_ms))):
            track = year(measured, pixels, *window)
            assert track.level == "six_hours"
            drawn(track, raw, *window)

    for turn in range(3):
        new = {at: v for at, v in some_readings(chance, 70).items() if at not in raw}
        raw |= new
        measured.store("top_c", new.items())
        look()
        rollups.roll(measured.database, LATER)
        look()
        six_hours.make_due(measured.database)
        look()
        if turn == 1:
            thin(measured, chance)
            look()
    assert count(measured.database, SixHoursDue) == 0
    assert count(measured.database, SixHours) == len({at // SIX_HOURS_MS for at in raw})


def test_six_hours_tell_of_the_silences_between_their_own_hours_and_within_them(measured):
    begin = NOON_MS - 12 * HOUR_MS
    minute = 60_000
    rows = [(at, -178.0) for at in range(begin, begin + 6 * HOUR_MS, 10_000)]
    quiet = (begin + HOUR_MS - 10 * minute, begin + HOUR_MS + 10 * minute)
    within = (begin + 3 * HOUR_MS + 10 * minute, begin + 3 * HOUR_MS + 15 * minute)
    rows = [(at, v) for at, v in rows if not any(a < at < b for a, b in (quiet, within))]
    measured.store("top_c", rows)

    rollups.roll(measured.database, LATER)
    assert six_hours.make_due(measured.database) == 1

    assert made(measured.database) == [(begin, len(rows), -178.0, -178.0, -178.0, 25 * 60.0)]
    found = year(measured)
    assert found.unknown_s[0] == 25 * 60.0 + 6 * HOUR_MS / 1000 + 10.0  # and since the last one
    assert found.gaps == [(rows[-1][0], NOON_MS)]


def test_a_late_reading_mends_its_six_hours_and_no_others(measured):
    rows = [(NOON_MS - n * 6 * HOUR_MS, -180.0) for n in range(1, 40)]
    measured.store("top_c", rows)
    rollups.roll(measured.database, LATER)
    six_hours.make_due(measured.database)
    before = made(measured.database)
    late = NOON_MS - 20 * 6 * HOUR_MS + 3 * HOUR_MS
    measured.store("top_c", [(late, -120.0)])

    waiting = year(measured)
    rollups.roll(measured.database, LATER)
    assert six_hours.make_due(measured.database) == 1
    after = made(measured.database)

    assert max(waiting.greatest) == max(year(measured).greatest) == -120.0
    changed = [row for row in after if row not in before]
    assert [(begin, n, greatest) for begin, n, _, _, greatest, _ in changed] == [
        (late // SIX_HOURS_MS * SIX_HOURS_MS, 2, -120.0)
    ]
    assert len(after) == len(before)


@pytest.mark.parametrize("days", [99, 101])
def test_only_long_pictures_are_told_so_and_single_readings_stay_at_hand(measured, days):
    spike = NOON_MS - 50 * DAY_MS
    measured.store("top_c", [(spike - 10_000, -180.0), (spike, -120.0), (spike + 10_000, -180.0)])
    rollups.roll(measured.database, LATER)
    six_hours.make_due(measured.database)

    wide = year(measured, 200, NOON_MS - days * DAY_MS)
    near = year(measured, 1000, spike - 30_000, spike + 30_000)
    fine = year(measured, 5000)

    assert wide.level == ("hour" if days == 99 else "six_hours")
    assert max(wide.greatest) == max(fine.greatest) == -120.0
    assert fine.level == "hour"  # a bucket of less than six hours
    assert (near.level, near.mean) == ("reading", [-180.0, -120.0, -180.0])


KILLED = """
import os, signal, sys
from datetime import datetime
from sqlalchemy import event
from server.core.db import Database
from server.telemetry import rollups, six_hours
database = Database(sys.argv[1])
seen = 0
def look(_connection, _cursor, statement, *_):
    global seen
    if sys.argv[2] in statement:
        seen += 1
        if seen == 2:
            os.kill(os.getpid(), signal.SIGKILL)
event.listen(database.engine, "after_cursor_execute", look)
six_hours.AT_ONCE = 3
rollups.roll(database, datetime.fromisoformat(sys.argv[3]))
six_hours.make_due(database)
"""


@pytest.mark.parametrize(
    "at", ["INTO six_hours_due", "FROM six_hours_due WHERE channel_id", "INTO reading_six_hours"]
)
def test_a_worker_that_is_killed_half_way_loses_nothing(measured, at):
    chance = random.Random(7)
    raw = some_readings(chance, 40)
    measured.store("top_c", raw.items())
    address = measured.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, address, at, LATER.isoformat()]

    killed = subprocess.run(command, env=os.environ, check=False, timeout=60)

    assert killed.returncode == -signal.SIGKILL
    left = count(measured.database, HourDue) + count(measured.database, SixHoursDue)
    assert left > 0
    drawn(year(measured), raw, NOON_MS - YEAR_MS, NOON_MS)
    rollups.roll(measured.database, LATER)
    six_hours.make_due(measured.database)
    assert count(measured.database, SixHoursDue) == 0
    assert sum(n for _, n, *_ in made(measured.database)) == len(raw)
    drawn(year(measured), raw, NOON_MS - YEAR_MS, NOON_MS)


def test_hours_that_are_made_while_six_are_made_are_never_left_out(measured):
    """Two workers, as when the jobs change hands: one makes hours, the other one makes six of them."""
    database, channel_id = measured.database, measured.channels["top_c"]
    begin = NOON_MS - 12 * HOUR_MS
    done = threading.Event()

    def write():
        for i in range(40):
            measured.store("bottom_c", [(begin + i, float(i))])
            measured.store("top_c", [(begin + (i % 6) * HOUR_MS + i, float(i))])
            rollups.roll(database, LATER)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        six_hours.make_due(database)
    writer.join()
    six_hours.make_due(database)

    with database.reading() as session:
        row = session.get_one(SixHours, (channel_id, begin))
    assert (row.n, row.least, row.greatest) == (40, 0.0, 39.0)
    assert count(database, SixHoursDue) == 0


def test_after_an_upgrade_the_hours_are_filled_in_the_newest_first_in_short_slices(
    measured, monkeypatch
):
    """Until then the picture is counted from the hours; nothing of it changes."""
    database = measured.database
    schema.downgrade(database, "0003")
    begin = NOON_MS - 200 * DAY_MS
    with database.writing() as session:
        for i in range(200 * 4):
            facts = {
                "id": measured.channels["top_c"],
                "at": begin + i * 6 * HOUR_MS,
                "v": -180.0 + i % 7,
            }
            session.execute(text(
                "INSERT INTO reading_hour (channel_id, hour_ms, n, least, mean, greatest)"
                " VALUES (:id, :at, 360, :v, :v, :v)"
            ), facts)  # fmt: skip
    schema.upgrade(database)
    assert count(database, SixHoursDue) == 800
    before = year(measured, 500)
    monkeypatch.setattr(six_hours, "SLICES", 3)

    assert six_hours.make_due(database) == 3 * six_hours.AT_ONCE
    oldest = made(database)[0][0]
    assert oldest == NOON_MS - 3 * six_hours.AT_ONCE * 6 * HOUR_MS
    half = year(measured, 500)
    while six_hours.make_due(database):
        pass
    after = year(measured, 500)

    assert count(database, SixHoursDue) == 0
    assert len(made(database)) == 800
    assert (before.t, before.n, before.least, before.greatest) == (
        half.t, half.n, half.least, half.greatest,
    ) == (after.t, after.n, after.least, after.greatest)  # fmt: skip
    assert sum(after.n) == 800 * 360


def test_an_hour_of_an_earlier_version_that_gets_its_gaps_mends_its_six_hours(measured):
    hour_ms = NOON_MS - 6 * HOUR_MS
    measured.store("top_c", [(hour_ms, -180.0), (hour_ms + 60_000, -170.0)], mark=False)
    hours_of(measured, {hour_ms: (2, -180.0, -175.0, -170.0)})
    with measured.database.writing() as session:
        six_hours.mark(session, [(measured.channels["top_c"], hour_ms)])
    six_hours.make_due(measured.database)
    assert [row[-1] for row in made(measured.database)] == [0.0]

    assert rollups.remake_old(measured.database, NOON) == 1
    six_hours.make_due(measured.database)

    assert [row[-1] for row in made(measured.database)] == [60.0]


def test_a_silence_counts_by_the_channels_own_interval(measured):
    with measured.database.writing() as session:
        slow = Channel.id == measured.channels["top_c"]
        session.execute(update(Channel).where(slow).values(interval_s=3600.0))
    begin = NOON_MS - 12 * HOUR_MS
    measured.store("top_c", [(begin, -1.0), (begin + 2 * HOUR_MS, -1.0)])
    measured.store("bottom_c", [(begin, -1.0), (begin + 2 * HOUR_MS, -1.0)])
    rollups.roll(measured.database, LATER)
    six_hours.make_due(measured.database)

    assert [row[-1] for row in made(measured.database)] == [0.0, 7200.0]
