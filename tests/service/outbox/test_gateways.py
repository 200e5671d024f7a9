"""Gateways take letters through Apprise, each try is kept, and one that hangs or fails holds up no other."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from server.core.db import Database
from server.outbox import gateways
from server.outbox.models import Letter, LetterTry
from server.outbox.sender import Sender
from server.outbox.service import post
from tests.support.smtp import SmtpSink
from tests.support.waiting import eventually
from tests.support.webhook import WebhookReceiver

MakeSender = Callable[..., Sender]


@pytest.fixture
def gateway() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.stop()


def address_of(receiver: WebhookReceiver) -> str:
    return receiver.url.replace("http://", "json://") + "/s3cr3t-token"


def send(database: Database, channel: str, address: str) -> int:
    body = (
        '{"url": "{public_url}/alarms/1"}' if channel == "webhook" else "See {public_url}/alarms/1"
    )
    with database.writing() as session:
        return post(
            session, channel, address, "Critical: LN2-03", body, at=datetime.now(UTC), urgent=True
        )


def letter(database: Database, letter_id: int) -> Letter:
    with database.reading() as session:
        return session.get_one(Letter, letter_id)


def tries(database: Database, letter_id: int) -> list[LetterTry]:
    with database.reading() as session:
        found = select(LetterTry).where(LetterTry.letter_id == letter_id).order_by(LetterTry.id)
        return list(session.scalars(found))


def test_a_gateway_gets_the_subject_and_the_text_and_the_try_is_kept(
    database: Database, make_sender: MakeSender, gateway: WebhookReceiver
) -> None:
    make_sender()

    letter_id = send(database, "apprise", address_of(gateway))

    said = gateway.wait_for(1)[0].json
    assert (said["title"], said["type"]) == ("Critical: LN2-03", "failure")
    assert said["message"] == "See https://bank.example/alarms/1"
    assert eventually(lambda: letter(database, letter_id).state == "sent")
    (kept,) = tries(database, letter_id)
    assert (kept.sent, kept.error) == (True, "")


def test_a_gateway_that_fails_is_tried_again_with_its_reason_and_without_its_token(
    database: Database, make_sender: MakeSender, gateway: WebhookReceiver
) -> None:
    gateway.status = 500
    make_sender()

    letter_id = send(database, "apprise", address_of(gateway))

    assert eventually(lambda: len(tries(database, letter_id)) >= 1)
    gateway.status = 204
    assert eventually(lambda: letter(database, letter_id).state == "sent", timeout=15)
    kept = tries(database, letter_id)
    assert [one.sent for one in kept] == [False] * (len(kept) - 1) + [True]
    assert "500" in kept[0].error
    assert not any("s3cr3t-token" in one.error for one in kept)


def test_one_that_hangs_and_one_that_answers_500_hold_up_no_other(
    database: Database,
    make_sender: MakeSender,
    gateway: WebhookReceiver,
    webhook_receiver: WebhookReceiver,
    smtp_sink: SmtpSink,
) -> None:
    broken = WebhookReceiver()
    try:
        gateway.hang()
        broken.status = 500
        make_sender(f"smtp://127.0.0.1:{smtp_sink.port}")
        hangs = send(database, "apprise", address_of(gateway))
        fails = send(database, "webhook", broken.url)
        good = [
            send(database, "webhook", webhook_receiver.url),
            send(database, "smtp", "wei@bank.example"),
        ]

        assert eventually(lambda: all(letter(database, n).state == "sent" for n in good), timeout=4)
        assert letter(database, hangs).state == letter(database, fails).state == "waiting"
    finally:
        gateway.resume()
        broken.stop()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ntfy://ntfy.bank.example/freezers", None),
        ("wecombot://0123456789abcdef", None),
        ("dingtalk://0123456789abcdef", None),
        ("feishu://0123456789abcdef", None),
        ("matrixs://user:password@matrix.bank.example/#freezers", None),
        ("syslog://", "local_gateway"),
        ("nothing://x", "bad_gateway"),
        ("plain words", "bad_gateway"),
    ],
)
def test_an_address_that_cannot_be_is_refused_and_never_repeated(address, code) -> None:
    why = gateways.why_not_address(address)

    assert (why.code if why else None) == code
    if why:
        assert "password" not in why.text()
        assert address not in why.text() or address == "syslog://"


def test_without_the_extra_the_refusal_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(gateways, "is_installed", lambda: False)

    why = gateways.why_not_address("ntfy://ntfy.bank.example/freezers")

    assert why is not None
    assert "cryokeep[notify]" in why.text()


def test_reasons_come_from_this_letters_thread_alone() -> None:
    with gateways._Reasons() as reasons:
        logging.getLogger("apprise").warning("the gateway answered 500")

    assert reasons.text() == "the gateway answered 500"
    assert reasons not in logging.getLogger("apprise").handlers
