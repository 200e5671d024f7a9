"""A call goes along the list until somebody answers."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.accounts.models import Person
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.notify import queries, service, steps
from server.notify.models import CallStep
from server.notify.rules import Sentence
from server.outbox.models import Letter, WebhookKey
from tests.service.alarms.bank import NOON, Bank, add_person, add_step, later, make_bank

SYSTEM = Actor.system("tests")


def begin(database: Database, bank: Bank) -> None:
    with database.writing() as session:
        service.call(
            session, org_id=bank.org_id, about=("alarm", 7), severity="critical",
            subject=Sentence("It is %(how)s", {"how": "warm"}), text=[Sentence("Look at it.")],
            path="/alarms/7", at=NOON, facts={"freezer": "LN2-03"},
        )  # fmt: skip


def told(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Letter.address).order_by(Letter.id)))


def escalate(database: Database, seconds: float) -> int:
    with database.writing() as session:
        return service.escalate(session, later(seconds))


def test_each_step_is_told_when_the_one_before_has_not_answered_and_then_from_the_top(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee", wait_s=300)
        add_step(session, bank, 2, webhook="https://pager.example/", wait_s=60)
    begin(database, bank)

    assert escalate(database, 299) == 0
    assert escalate(database, 300) == 1
    assert escalate(database, 359) == 0
    assert escalate(database, 360) == 1

    assert told(database) == ["lee@example.org", "https://pager.example/", "lee@example.org"]
    with database.reading() as session:
        hook = session.scalars(select(Letter).where(Letter.channel == "webhook")).one()
        assert json.loads(hook.body)["freezer"] == "LN2-03"
        assert [one.who for one in queries.told_about(session, "alarm", [7])[7]] == [
            "Lee", "pager.example", "Lee",
        ]  # fmt: skip


def test_an_answer_ends_it(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
    begin(database, bank)

    with database.writing() as session:
        assert service.answer(session, ("alarm", 7), later(10))
        assert not service.answer(session, ("alarm", 7), later(11))

    assert escalate(database, 9999) == 0


def test_an_empty_list_is_looked_at_again_so_that_a_step_added_later_is_told(
    database: Database,
) -> None:
    bank = make_bank(database)
    begin(database, bank)
    assert told(database) == []
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")

    assert escalate(database, 60) == 1

    assert told(database) == ["lee@example.org"]


def test_who_is_switched_off_is_left_out(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        add_step(session, bank, 2, name="wang")
        session.get_one(Person, bank.people["lee"]).active = False
    begin(database, bank)

    assert told(database) == ["wang@example.org"]


def test_steps_are_added_moved_and_removed_and_the_secret_goes_with_the_last(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        steps.add_step(session, SYSTEM, bank.org_id, person=lee, wait_s=300, at=NOON)
        steps.add_step(
            session,
            SYSTEM,
            bank.org_id,
            webhook="https://p.example/",
            secret="s",
            wait_s=60,
            at=NOON,
        )
    with database.writing() as session:
        hook = session.scalars(select(CallStep).where(CallStep.webhook != "")).one()
        steps.move_step(session, SYSTEM, hook, -1, at=NOON)
        steps.move_step(session, SYSTEM, hook, -1, at=NOON)  # it is at the top already
    with database.writing() as session:
        assert [bool(step.webhook) for step in queries.steps_of(session, bank.org_id)] == [
            True,
            False,
        ]
        steps.remove_step(session, SYSTEM, session.get_one(CallStep, hook.id), at=NOON)
        assert session.scalars(select(WebhookKey)).all() == []


def test_another_organisation_with_the_same_webhook_has_a_secret_of_its_own(
    database: Database,
) -> None:
    banks = [make_bank(database, code) for code in ("SH", "BJ")]
    with database.writing() as session:
        added = [
            steps.add_step(
                session, SYSTEM, bank.org_id, webhook="https://p.example/", secret=secret,
                wait_s=60, at=NOON,
            )
            for bank, secret in zip(banks, ("a", "b"), strict=True)
        ]  # fmt: skip
        session.flush()
        kept = {key.org_id: key.secret for key in session.scalars(select(WebhookKey))}
        assert kept == {banks[0].org_id: "a", banks[1].org_id: "b"}

        steps.remove_step(session, SYSTEM, added[1], at=NOON)

        assert session.scalars(select(WebhookKey.secret)).all() == ["a"]


def test_what_cannot_be_a_step_is_refused(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        off = add_person(session, bank, "lee", active=False)
        with pytest.raises(Conflict, match="switched off"):
            steps.add_step(session, SYSTEM, bank.org_id, person=off, wait_s=300, at=NOON)
        with pytest.raises(Invalid, match="no web address"):
            steps.add_step(session, SYSTEM, bank.org_id, webhook="gopher://x/", wait_s=300, at=NOON)


def test_one_mail_to_one_person_is_in_their_language_or_not_at_all(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        gone = add_person(session, bank, "gone", active=False)
        at = NOON + timedelta(seconds=1)

        letter_id = service.tell(session, lee, Sentence("Hallo"), Sentence("Come."), "/me", at)

        assert letter_id is not None
        assert session.get_one(Letter, letter_id).body == "Come.\n\n{public_url}/me\n"
        assert service.tell(session, gone, Sentence("x"), Sentence("x"), "", at) is None
