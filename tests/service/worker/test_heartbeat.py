"""The heartbeat to the outside beats only while alarms can reach people."""

from datetime import UTC, datetime, timedelta

import pytest

from server.core.clock import FixedClock
from server.core.errors import Invalid
from server.core.settings import Settings
from server.outbox.models import Letter
from server.outbox.service import post
from server.telemetry.models import WorkerBeat
from server.worker import heartbeat
from tests.support.webhook import WebhookReceiver

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def beating(database, *, connected: bool = True, ago_s: int = 1) -> None:
    with database.writing() as session:
        at = NOW - timedelta(seconds=ago_s)
        session.add(WorkerBeat(name="w1", at=at, broker_connected=connected, facts="{}"))


def ping(database, receiver: WebhookReceiver) -> bool:
    return heartbeat.ping(database, FixedClock(NOW), receiver.url)


def test_it_asks_for_the_address_while_all_is_well(database, webhook_receiver):
    beating(database)

    assert ping(database, webhook_receiver)
    assert len(webhook_receiver.calls) == 1


@pytest.mark.parametrize(("connected", "ago_s"), [(False, 1), (True, 60)])
def test_without_a_connected_worker_it_stays_silent(database, webhook_receiver, connected, ago_s):
    beating(database, connected=connected, ago_s=ago_s)

    assert not ping(database, webhook_receiver)
    assert webhook_receiver.calls == []


@pytest.mark.parametrize(
    ("urgent", "minutes", "beats"), [(True, 11, False), (True, 9, True), (False, 11, True)]
)
def test_it_stops_when_urgent_letters_reach_nobody(
    database, webhook_receiver, urgent, minutes, beats
):
    beating(database)
    with database.writing() as session:
        at = NOW - timedelta(minutes=minutes)
        post(session, "smtp", "lee@bank.example", "Critical", "x", at=at, urgent=urgent)

    assert ping(database, webhook_receiver) is beats
    with database.writing() as session:
        session.query(Letter).update({"state": "sent"})
    assert ping(database, webhook_receiver)


def test_an_answer_that_is_none_counts_as_none_and_redirects_are_not_followed(
    database, webhook_receiver
):
    beating(database)
    webhook_receiver.status = 500
    assert not ping(database, webhook_receiver)
    webhook_receiver.status = 302
    assert not ping(database, webhook_receiver)
    assert len(webhook_receiver.calls) == 1  # it keeps what it did not answer with an error


def test_no_address_no_beat_and_nonsense_is_refused_at_the_start(database):
    assert not heartbeat.ping(database, FixedClock(NOW), "")
    with pytest.raises(Invalid, match="CRYOKEEP_PING_URL"):
        Settings.read({"CRYOKEEP_PING_URL": "ftp://elsewhere"})
