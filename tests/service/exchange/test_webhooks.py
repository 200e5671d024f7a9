"""Webhooks are told what was sealed, once and in order, signed; and never call into the own network."""

import hashlib
import hmac
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from server.audit import sealer
from server.audit import service as audit
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.errors import Conflict, Forbidden, Invalid
from server.core.settings import Settings
from server.exchange import calling, telling
from server.exchange.models import Webhook
from server.exchange.service import webhooks as service
from server.genealogy import service as genealogy
from server.genealogy.rules import Ref
from server.outbox.channels import NotSent
from server.outbox.models import Letter
from server.outbox.rules import Parcel
from server.outbox.sender import Sender
from tests.support.shelves import START, Shelves
from tests.support.webhook import WebhookReceiver

CLOCK = SystemClock()
SYSTEM = Actor.system("tests")


@pytest.fixture
def bank(database: Database) -> int:
    with database.writing() as session:
        return Shelves(session).org("BANK").id


def happened(database: Database, home: Path, org_id: int | None, *actions: str) -> None:
    with database.writing() as session:
        for n, action in enumerate(actions):
            kind = action.partition(".")[0]
            audit.record(session, SYSTEM, action, kind, f"X{n}", at=CLOCK.now(), org_id=org_id, n=n)
    sealer.seal(database, home, CLOCK.now())


def hooked(database: Database, org_id: int, address: str, *events: str) -> str:
    with database.writing() as session:
        return service.add_webhook(session, SYSTEM, org_id, address, events, at=START)[1]


def letters(database: Database) -> list[dict]:
    with database.reading() as session:
        return [json.loads(one.body) for one in session.scalars(select(Letter).order_by(Letter.id))]


def test_what_happens_is_told_once_and_in_order(
    database: Database, bank: int, tmp_path: Path
) -> None:
    happened(database, tmp_path, bank, "vial.added")
    hooked(database, bank, "https://example.org/hook", "vial.*", "request.shipped")
    happened(
        database,
        tmp_path,
        bank,
        "vial.moved",
        "request.approved",
        "request.shipped",
        "person.added",
    )
    happened(database, tmp_path, None, "vial.of_the_house")

    assert telling.tell(database, CLOCK) == 1
    assert telling.tell(database, CLOCK) == 0
    (body,) = letters(database)
    assert [one["event"] for one in body["events"]] == ["vial.moved", "request.shipped"]
    assert (body["organisation"], body["events"][0]["code"], body["events"][0]["facts"]) == ("BANK", "X0", {"n": 0})  # fmt: skip


def test_a_hold_that_is_laid_and_lifted_is_told(
    database: Database, bank: int, tmp_path: Path
) -> None:
    hooked(database, bank, "https://example.org/hook", "hold.laid", "shipment.*")
    with database.writing() as session:
        laid = genealogy.lay(session, SYSTEM, Ref("lot", 7, "L-7"), bank, "excursion", at=START)
        genealogy.lift(session, SYSTEM, laid, "assessed: no effect", at=START)
    sealer.seal(database, tmp_path, CLOCK.now())

    assert telling.tell(database, CLOCK) == 1
    (told,) = letters(database)[0]["events"]
    assert (told["event"], told["kind"], told["code"]) == ("hold.laid", "lot", "L-7")


def test_nobody_is_told_of_another_organisation(
    database: Database, bank: int, tmp_path: Path
) -> None:
    with database.writing() as session:
        other = Shelves(session).org("OTHER").id
    hooked(database, bank, "https://example.org/hook", "vial.*")
    happened(database, tmp_path, other, "vial.moved")

    assert telling.tell(database, CLOCK) == 0


def test_much_that_happens_is_told_in_several_letters(
    database: Database, bank: int, tmp_path: Path
) -> None:
    hooked(database, bank, "https://example.org/hook", "vial.*")
    happened(database, tmp_path, bank, *["vial.imported"] * 250)

    assert telling.tell(database, CLOCK) == 3
    assert [len(one["events"]) for one in letters(database)] == [100, 100, 50]


def test_calls_are_signed_and_repeated_until_taken(
    database: Database, bank: int, tmp_path: Path, webhook_receiver: WebhookReceiver
) -> None:
    secret = hooked(database, bank, webhook_receiver.url, "vial.*")
    settings = replace(Settings.read({"CRYOKEEP_HOME": str(tmp_path)}), private_webhooks=True)
    sender = Sender(database, settings, None, CLOCK)
    sender.add_channel(calling.CHANNEL, lambda: calling.carrier(database, settings, CLOCK))
    webhook_receiver.status = 500
    sender.start()
    try:
        happened(database, tmp_path, bank, "vial.moved")
        telling.tell(database, CLOCK)
        sender.poke()
        from tests.support.waiting import eventually

        eventually(lambda: _attempts(database) >= 1)
        webhook_receiver.status = 204
        (call,) = webhook_receiver.wait_for(1)
    finally:
        sender.stop()
    said = call.headers["X-Cryokeep-Timestamp"].encode() + b"." + call.body
    expected = hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
    assert call.headers["X-Cryokeep-Signature"] == f"sha256={expected}"


def _attempts(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(Letter)).one().attempts


INWARD = ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "0.0.0.0", "::1", "fd00::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]  # fmt: skip


@pytest.mark.parametrize("address", INWARD)
def test_addresses_of_the_own_network_are_refused(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    refusal = calling.why_not_address(f"http://{host}/x", private=False)
    assert refusal is not None
    assert refusal.code == "inward_address"
    assert calling.why_not_address(f"http://{host}/x", private=True) is None


def test_a_name_that_leads_inwards_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", ("127.0.0.1", 0))])

    refusal = calling.why_not_address("https://innocent.example/x", private=False)
    assert refusal is not None
    assert refusal.facts["found"] == "127.0.0.1"


def test_a_name_that_leads_inwards_a_moment_later_is_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, webhook_receiver: WebhookReceiver
) -> None:
    monkeypatch.setattr(
        calling, "_addresses", lambda _host: ["93.184.216.34"]
    )  # what the first look says
    carrier = calling.EventCarrier(CLOCK, "http://x", lambda _parcel: "secret")
    parcel = Parcel(1, "m", "event", webhook_receiver.url, "s", "{}", False, 0, START, START)

    with pytest.raises(NotSent, match="leads into this network"):
        carrier.send(parcel)
    assert webhook_receiver.calls == []


def test_setting_up_refuses_what_cannot_be(database: Database, bank: int) -> None:
    hooked(database, bank, "https://example.org/hook", "vial.*")
    for address, events, error in [
        ("ftp://example.org", ["vial.*"], Invalid),
        ("https://user:pw@example.org/", ["vial.*"], Invalid),
        ("https://example.org/2", ["person.*"], Invalid),
        ("https://example.org/2", ["*"], Invalid),
        ("https://example.org/2", [], Invalid),
        ("https://example.org/hook", ["lot.*"], Conflict),
    ]:
        with pytest.raises(error), database.writing() as session:
            service.add_webhook(session, SYSTEM, bank, address, events, at=START)
    stranger = Actor(id=1, name="x", permissions={"parties.manage": frozenset({bank + 1})})
    with pytest.raises(Forbidden), database.writing() as session:
        service.add_webhook(session, stranger, bank, "https://example.org/2", ["vial.*"], at=START)


def test_one_that_is_ended_is_told_nothing(database: Database, bank: int, tmp_path: Path) -> None:
    hooked(database, bank, "https://example.org/hook", "vial.*")
    with database.writing() as session:
        hook = session.scalars(select(Webhook)).one()
        service.end_webhook(session, SYSTEM, hook, at=START)
    happened(database, tmp_path, bank, "vial.moved")

    assert telling.tell(database, CLOCK) == 0


@pytest.mark.parametrize(
    "address",
    ["https://example.org:99999/", "https://example.org:0/", "http://[::1/", "ftp://example.org/"],
)
def test_what_nobody_can_call_is_no_address(database: Database, bank: int, address: str) -> None:
    with database.writing() as session, pytest.raises(Invalid) as refused:
        service.add_webhook(session, SYSTEM, bank, address, ["vial.*"], at=START)
    assert refused.value.refusal.code == "bad_address"


def test_what_waits_for_an_ended_webhook_is_given_up(
    database: Database, bank: int, tmp_path: Path
) -> None:
    for address in ("https://example.org/one", "https://example.org/two"):
        hooked(database, bank, address, "vial.*")
    happened(database, tmp_path, bank, *["vial.imported"] * 250)
    assert telling.tell(database, CLOCK) == 6
    with database.writing() as session:
        hook = session.scalars(select(Webhook).order_by(Webhook.id)).first()
        assert hook is not None
        service.end_webhook(session, SYSTEM, hook, at=CLOCK.now())
        claimed = session.scalars(select(Letter).where(Letter.about_id == hook.id)).first()
        assert claimed is not None
        claimed.claimed_by, claimed.try_at = "a sender", CLOCK.now() + timedelta(minutes=1)
        parcel = parcel_of(claimed)

    assert telling.give_up_ended(database, CLOCK) == 2
    assert telling.give_up_ended(database, CLOCK) == 0
    with database.reading() as session:
        found = session.execute(select(Letter.address, Letter.state).order_by(Letter.id)).all()
    assert sorted(found) == [
        ("https://example.org/one", "given_up"), ("https://example.org/one", "given_up"),
        ("https://example.org/one", "waiting"), *[("https://example.org/two", "waiting")] * 3,
    ]  # fmt: skip
    carrier = calling.carrier(database, Settings.read({"CRYOKEEP_HOME": str(tmp_path)}), CLOCK)
    with pytest.raises(NotSent, match="was ended"):
        carrier.send(parcel)


def parcel_of(letter: Letter) -> Parcel:
    return Parcel(
        id=letter.id, message_id=letter.message_id, channel=letter.channel, address=letter.address,
        subject=letter.subject, body=letter.body, urgent=False, attempts=0, created_at=letter.created_at,
        claimed_until=letter.try_at, org_id=letter.org_id, useful_until=None,
    )  # fmt: skip
