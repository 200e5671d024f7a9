"""How a freezer stands and for how long its nitrogen lasts, from what is stored."""

from datetime import timedelta

import pytest

from server.telemetry import happened, limits
from server.telemetry.limits import Limit
from server.telemetry.models import DeviceEvent
from server.telemetry.nitrogen import outlook
from server.telemetry.standing import moving, standings
from tests.service.telemetry.measured import HOUR_MS, NOON, NOON_MS, Measured


@pytest.fixture
def measured(database):
    made = Measured(database)

    def provider(_session, _channel_ids):
        return {
            made.channels["top_c"]: [
                Limit(-160.0, "high", "warning"),
                Limit(-150.0, "high", "critical"),
            ],
            made.channels["level_mm"]: [Limit(75.0, "low", "critical")],
        }

    limits.provide(provider)
    yield made
    limits.withdraw(provider)


def standing_of(session, measured, now=NOON):
    return standings(session, [measured.freezer_id], now)[measured.freezer_id]


def test_what_is_beyond_its_limit_matters_most(measured):
    minutes = range(NOON_MS - 20 * 60_000, NOON_MS + 1, 10_000)
    measured.store("top_c", [(at, -155.0 + (at - NOON_MS) / 60_000 + 13.0) for at in minutes])
    measured.store("level_mm", [(NOON_MS, 231.0)])

    with measured.database.reading() as session:
        standing = standing_of(session, measured)
        move = moving(session, standing.main, NOON)

    assert (standing.main.key, standing.state) == ("top_c", "critical")
    assert move.per_min == pytest.approx(1.0)
    assert move.since == NOON - timedelta(minutes=8) + timedelta(seconds=10)


def test_silence_is_unknown(measured):
    measured.store("top_c", [(NOON_MS, -140.0)])

    with measured.database.reading() as session:
        standing = standing_of(session, measured, NOON + timedelta(minutes=2))

    assert (standing.state, standing.is_silent, standing.last_at) == ("unknown", True, NOON)


def test_the_nitrogen_lasts_as_long_as_it_did_yesterday(measured):
    hours = range(NOON_MS - 48 * HOUR_MS, NOON_MS, 600_000)
    measured.store("level_mm", [(at, 225.0 - (at - NOON_MS) / HOUR_MS * 0.5) for at in hours])
    measured.store("level_mm", [(NOON_MS, 225.0)])

    with measured.database.reading() as session:
        tank = outlook(session, standing_of(session, measured), NOON)

    assert tank.loss_a_day == pytest.approx(12.0, abs=0.2)
    assert tank.days == pytest.approx(12.5, abs=0.2)


def test_a_drill_is_no_part_of_what_happened(measured):
    with measured.database.writing() as session:
        for seq, (kind, drill) in enumerate(
            [("door_opened", "fire"), ("door_closed", "fire"), ("power_lost", "")]
        ):
            session.add(
                DeviceEvent(
                    agent_id=measured.agent_id, freezer_id=measured.freezer_id, boot="b", seq=seq,
                    at_ms=NOON_MS + seq * 1000, kind=kind, drill=drill,
                )
            )  # fmt: skip

    with measured.database.reading() as session:
        lines = happened.lines(session, measured.freezer_id, NOON - timedelta(days=1))

    assert [line.word.text() for line in lines] == ["Power lost"]
