"""A dead worker writes no letter: the pages' process raises the alarm and carries it. On both databases."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from server.alarms import jobs
from server.alarms.models import Episode
from server.core.clock import FixedClock
from server.core.settings import Settings
from server.notify.models import CallStep
from server.notify.rules import unpacked
from server.outbox.models import Letter
from server.telemetry.models import WorkerBeat
from server.web.guard import Guard
from tests.service.alarms.bank import NOON, later, make_bank


@pytest.fixture
def bank(database, webhook_receiver):
    made = make_bank(database)
    with database.writing() as session:
        session.add(
            CallStep(org_id=made.org_id, position=1, webhook=webhook_receiver.url, wait_s=300)
        )
        session.add(WorkerBeat(name="w", at=NOON, broker_connected=True))
    jobs.make_own_rules(database, FixedClock(NOON))
    return made


def test_after_two_minutes_without_a_worker_its_death_is_told_and_the_guard_ends_with_its_return(
    database, bank, webhook_receiver, eventually, tmp_path
):
    ticks = [0.0]
    settings = replace(Settings.read({"CRYOKEEP_HOME": str(tmp_path)}), smtp="")
    guard = Guard(database, settings, FixedClock(later(200)), monotonic=lambda: ticks[0])
    try:
        assert guard.look() is False
        ticks[0] = 119.0
        assert guard.look() is False
        ticks[0] = 121.0
        assert guard.look() is True

        assert eventually(lambda: webhook_receiver.calls, 10)
        told = json.loads(webhook_receiver.calls[0].body)
        assert told["alarm_kind"] == "path_off"
        assert "no worker lives" in told["text"]
        with database.reading() as session:
            episode = session.scalars(select(Episode)).one()
            assert "no worker lives" in unpacked(episode.detail)["reason"].text()

        with database.writing() as session:
            session.scalars(select(WorkerBeat)).one().at = later(201)
        assert guard.look() is False
        with database.reading() as session:
            assert session.scalars(select(Letter.state)).all() == ["sent"]
    finally:
        guard.stop()
