"""Letters leave after the commit, at least once, and no receiver stands in another's way."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict
from server.outbox import claims
from server.outbox.gateways import GatewayCarrier
from server.outbox.models import Letter, WebhookKey
from server.outbox.sender import Sender
from server.outbox.service import post, send_again
from server.outbox.webhook import signature
from tests.support.smtp import SmtpSink
from tests.support.waiting import eventually
from tests.support.webhook import WebhookReceiver

MakeSender = Callable[..., Sender]


def now() -> datetime:
    return datetime.now(UTC)


def send(database: Database, channel: str, address: str, body: str = "{}", n: int = 1) -> list[int]:
    with database.writing() as session:
        return [
            post(session, channel, address, "A subject", body, at=now(), urgent=True)
            for _ in range(n)
        ]


def states(database: Database) -> dict[str, int]:
    with database.reading() as session:
        rows = session.execute(select(Letter.state, func.count()).group_by(Letter.state))
        return {row[0]: row[1] for row in rows}


def reasons(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(Letter.last_error)))


@pytest.fixture
def second_receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.stop()


def test_a_letter_leaves_right_after_its_commit_and_is_marked_sent(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    make_sender()

    send(database, "webhook", webhook_receiver.url, '{"url": "{public_url}/alarms/1"}')

    call = webhook_receiver.wait_for(1)[0]
    assert call.json == {"url": "https://bank.example/alarms/1"}
    assert call.headers["X-Cryokeep-Message-Id"].endswith("@cryokeep")
    assert "X-Cryokeep-Signature" not in call.headers
    eventually(lambda: states(database) == {"sent": 1})


def test_nothing_leaves_from_a_transaction_that_was_rolled_back(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    make_sender()

    with database.writer() as session:
        post(session, "webhook", webhook_receiver.url, "no", "{}", at=now())
        session.flush()
        session.rollback()
    with database.writing() as session:
        undone = session.begin_nested()
        post(session, "webhook", webhook_receiver.url, "no", '{"n": 1}', at=now())
        session.flush()
        undone.rollback()
        with session.begin_nested():
            post(session, "webhook", webhook_receiver.url, "yes", '{"n": 2}', at=now())
        assert webhook_receiver.calls == []

    assert [call.json for call in webhook_receiver.wait_for(1)] == [{"n": 2}]
    assert eventually(lambda: states(database) == {"sent": 1})


def test_a_letter_posted_where_no_sender_runs_is_found_by_looking(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    send(database, "webhook", webhook_receiver.url)

    make_sender()

    webhook_receiver.wait_for(1)
    assert eventually(lambda: states(database) == {"sent": 1})


def test_each_organisation_s_own_secret_signs_what_it_posts(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    with database.writing() as session:
        for org_id, secret in ((1, "s3cret"), (2, "another")):
            session.add(WebhookKey(org_id=org_id, address=webhook_receiver.url, secret=secret))
    make_sender()

    with database.writing() as session:
        for org_id in (1, 2, None):
            body = f'{{"org": {org_id or 0}}}'
            post(session, "webhook", webhook_receiver.url, "", body, at=now(), org_id=org_id)

    calls = {call.json["org"]: call.headers for call in webhook_receiver.wait_for(3)}
    for org_id, secret in ((1, "s3cret"), (2, "another")):
        stamp = calls[org_id]["X-Cryokeep-Timestamp"]
        expected = signature(secret, stamp, f'{{"org": {org_id}}}'.encode())
        assert calls[org_id]["X-Cryokeep-Signature"] == f"sha256={expected}"
    assert "X-Cryokeep-Signature" not in calls[0]


def test_one_failing_notifier_stopping_the_rest(
    database: Database,
    make_sender: MakeSender,
    webhook_receiver: WebhookReceiver,
    second_receiver: WebhookReceiver,
    smtp_sink: SmtpSink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One raises, one hangs, one answers 500, one is not there, one has no name: the rest does not notice."""

    def breaks(_carrier: object, _parcel: object) -> None:
        raise ZeroDivisionError("a defect of its own")

    monkeypatch.setattr(GatewayCarrier, "send", breaks)
    webhook_receiver.hang()
    failing = WebhookReceiver()
    failing.status = 500
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        make_sender(f"smtp://{smtp_sink.host}:{smtp_sink.port}")
        for address in (webhook_receiver.url, failing.url, nobody, "http://no-such-host.invalid/"):
            send(database, "webhook", address, n=5)
        send(database, "apprise", "json://127.0.0.1:9/", n=5)

        began = now()
        send(database, "webhook", second_receiver.url, n=5)
        send(database, "smtp", "lee@example.org", "Hallo", n=2)

        second_receiver.wait_for(5, timeout=5)
        smtp_sink.wait_for(2, timeout=5)
        assert now() - began < timedelta(seconds=5)
        eventually(lambda: "ZeroDivisionError: a defect of its own" in reasons(database))
    failing.stop()


def test_what_could_not_be_sent_is_sent_when_the_receiver_is_back_each_once(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.status = 503
    make_sender()
    ids = send(database, "webhook", webhook_receiver.url, n=10)
    eventually(lambda: _attempts(database) >= 1)

    webhook_receiver.status = 204

    webhook_receiver.wait_for(10, timeout=20)
    eventually(lambda: states(database) == {"sent": 10})
    seen = [call.headers["X-Cryokeep-Message-Id"] for call in webhook_receiver.calls]
    assert len(seen) == len(set(seen)) == len(ids)


def test_a_fresh_letter_does_not_wait_as_long_as_the_old_one_that_failed_before_it(
    database: Database,
) -> None:
    ids = send(database, "smtp", "lee@example.org", n=2)
    at = now()
    with database.writing() as session:
        old, fresh = sorted(claims.claim(session, ids, "a:1:b", at), key=lambda one: one.id)
        old = replace(old, attempts=40, urgent=False)
        claims.mark(session, [claims.Outcome(old, at, "down", put_off=(fresh,))], 0.0)

    with database.reading() as session:
        waits = {
            one.id: (one.try_at - at).total_seconds() for one in session.scalars(select(Letter))
        }
    assert waits == {old.id: 300, fresh.id: 2}


def test_one_mail_that_gets_through_frees_all_that_wait_for_the_mail_server(
    database: Database,
) -> None:
    at = now()
    ids = send(database, "smtp", "lee@example.org") + send(database, "smtp", "wang@example.org")
    hook = send(database, "webhook", "http://127.0.0.1:9/")
    with database.writing() as session:
        parcels = claims.claim(session, ids + hook, "a:1:b", now())
        claims.mark(session, [claims.Outcome(one, now(), "down") for one in parcels], 0.0)
        lee = next(one for one in parcels if one.id == ids[0])
        claims.mark(session, [claims.Outcome(lee, at, recovered=True)], 0.0)

    with database.reading() as session:
        assert claims.due(session, ["smtp", "webhook"], at) == [ids[1]]


def _attempts(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.max(Letter.attempts))) or 0


def test_a_redirect_is_not_followed_and_counts_as_not_sent(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.status = 302
    make_sender()

    (letter_id,) = send(database, "webhook", webhook_receiver.url)

    eventually(lambda: "302" in _error(database, letter_id))


def _error(database: Database, letter_id: int) -> str:
    with database.reading() as session:
        return session.get_one(Letter, letter_id).last_error


def test_two_senders_share_the_work_and_send_nothing_twice(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    send(database, "webhook", webhook_receiver.url, n=120)

    make_sender()
    make_sender()

    webhook_receiver.wait_for(120, timeout=20)
    eventually(lambda: states(database) == {"sent": 120})
    assert len(webhook_receiver.calls) == 120


def test_claims_do_not_overlap_however_many_claim_at_once(database: Database) -> None:
    ids = send(database, "webhook", "http://127.0.0.1:9/", n=60)
    got: dict[str, list[int]] = {}
    gate = threading.Barrier(4)

    def take(name: str) -> None:
        gate.wait()
        with database.writing() as session:
            got[name] = [parcel.id for parcel in claims.claim(session, ids, name, now())]

    threads = [threading.Thread(target=take, args=(f"s{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    taken = [letter for letters in got.values() for letter in letters]
    assert sorted(taken) == sorted(ids)


def test_the_claim_of_a_killed_sender_runs_out(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    (letter_id,) = send(database, "webhook", webhook_receiver.url)
    with database.writing() as session:
        claims.claim(session, [letter_id], "elsewhere:1:aa", now() - timedelta(seconds=59))
    make_sender()

    assert states(database) == {"waiting": 1}
    webhook_receiver.wait_for(1, timeout=10)


def test_the_claims_of_a_dead_process_of_this_machine_are_freed_at_once(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    (letter_id,) = send(database, "webhook", webhook_receiver.url)
    with database.writing() as session:
        claims.claim(session, [letter_id], f"{socket.gethostname()}:4194399:aa", now())

    make_sender()

    webhook_receiver.wait_for(1, timeout=10)


def test_the_claims_of_an_earlier_run_with_the_same_process_number_are_freed_at_once(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    (letter_id,) = send(database, "webhook", webhook_receiver.url)
    with database.writing() as session:
        name = f"{socket.gethostname()}:{os.getpid()}:aaaaaaaa:bbbbbbbb"
        claims.claim(session, [letter_id], name, now())

    make_sender()

    webhook_receiver.wait_for(1, timeout=10)


def test_without_a_mail_server_mails_wait_and_leave_when_one_is_configured(
    database: Database, make_sender: MakeSender, smtp_sink: SmtpSink
) -> None:
    first = make_sender()
    send(database, "smtp", "lee@example.org", "{public_url}/alarms/7\n")
    first.stop()
    assert states(database) == {"waiting": 1}

    make_sender(f"smtp://{smtp_sink.host}:{smtp_sink.port}")

    mail = smtp_sink.wait_for(1)[0]
    assert mail["Subject"] == "A subject"
    assert mail["Message-ID"].endswith("@cryokeep>")
    assert mail.get_content().strip() == "https://bank.example/alarms/7"
    eventually(lambda: states(database) == {"sent": 1})


def test_a_letter_that_fails_after_a_week_is_given_up_and_can_be_sent_again(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.status = 500
    with database.writing() as session:
        letter_id = post(
            session, "webhook", webhook_receiver.url, "old", "{}", at=now() - timedelta(days=8)
        )
    make_sender()
    eventually(lambda: states(database) == {"given_up": 1})
    webhook_receiver.status = 204

    with database.writing() as session:
        send_again(session, Actor.system("test"), session.get_one(Letter, letter_id), at=now())

    webhook_receiver.wait_for(1)
    eventually(lambda: states(database) == {"sent": 1})


def test_a_mail_that_was_never_tried_is_given_up_too_and_does_not_leave_years_later(
    database: Database, make_sender: MakeSender, smtp_sink: SmtpSink
) -> None:
    hour = timedelta(hours=1)
    with database.writing() as session:
        for subject, age, lasts in (
            ("old", 7 * 24 * hour, None),
            ("link", 2 * hour, hour),
            ("new", 2 * hour, 3 * hour),
        ):
            at = now() - age
            until = at + lasts if lasts else None
            post(session, "smtp", "lee@a.org", subject, "x", at=at, useful_until=until)

    make_sender().poke()

    assert eventually(lambda: states(database) == {"given_up": 2, "waiting": 1})
    with database.writing() as session:
        link = session.scalars(select(Letter).where(Letter.subject == "link")).one()
        with pytest.raises(Conflict, match="has run out"):
            send_again(session, Actor.system("test"), link, at=now())
    make_sender(f"smtp://{smtp_sink.host}:{smtp_sink.port}")
    assert [mail["Subject"] for mail in smtp_sink.wait_for(1)] == ["new"]
    assert eventually(lambda: states(database) == {"given_up": 2, "sent": 1})


def test_stopping_gives_back_what_was_not_sent(
    database: Database, make_sender: MakeSender, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.hang()
    sender = make_sender()
    send(database, "webhook", webhook_receiver.url, n=3)

    sender.stop(timeout_s=0.3)

    with database.reading() as session:
        assert claims.claimants(session) == []
    assert states(database) == {"waiting": 3}
