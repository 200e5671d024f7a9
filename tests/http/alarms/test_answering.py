"""One tap in a message answers an alarm, as the person whom it was sent to; looking changes nothing."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from server.accounts.models import Grant, Person
from server.alarms import service
from server.alarms.models import Acknowledgement, Episode
from server.core.clock import FixedClock
from server.core.db import Database
from server.notify import links
from server.outbox.models import Letter
from tests.service.alarms.bank import NOON, add_rule, add_step, make_bank
from tests.support.signed_in import make_app

NOW = NOON + timedelta(hours=2)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def told(database: Database, tmp_path, clock) -> tuple[Flask, str]:
    """An alarm of which Lee was told by mail: the app, and the path of the link in the mail."""
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        person = session.scalars(select(Person)).one()
        session.add(
            Grant(person_id=person.id, role="technician", org_id=bank.org_id, granted_at=NOW)
        )
        service.raise_episode(
            session, add_rule(session, bank), raised_at=NOW, value=-149.0, now=NOW
        )
        body = session.scalars(select(Letter.body)).one()
    path = re.search(r"\{public_url\}(/alarms/answer/\S+)", body)
    assert path, body
    return make_app(database, tmp_path, clock=clock), path[1]


def press(app: Flask, path: str, comment: str = ""):
    browser = app.test_client()
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get(path).text)
    assert csrf
    return browser.post(path, data={"csrf": csrf[1], "comment": comment})


def acknowledged_by(database: Database) -> str:
    with database.reading() as session:
        return session.scalars(select(Episode.acknowledged_by_name)).one()


def test_looking_changes_nothing_and_pressing_answers_as_the_one_who_was_told(told, database):
    app, path = told

    shown = app.test_client().get(path)
    assert shown.status_code == 200
    assert "LN2-03" in shown.text
    assert acknowledged_by(database) == ""

    answer = press(app, path, "On my way.")
    assert answer.status_code == 200
    assert "On my way." in answer.text
    with database.reading() as session:
        row = session.scalars(select(Acknowledgement)).one()
        assert (row.door, row.by_name, row.comment) == ("link", "Lee", "On my way.")
    assert acknowledged_by(database) == "Lee"


def test_without_the_forms_secret_nothing_is_answered(told, database):
    app, path = told

    assert app.test_client().post(path, data={}).status_code in {400, 403}
    assert acknowledged_by(database) == ""


def test_a_second_press_says_who_has_it(told):
    app, path = told
    press(app, path)

    assert "Lee" in app.test_client().get(path).text
    assert 'name="comment"' not in app.test_client().get(path).text


def other_end(path: str) -> str:
    return path[:-1] + ("A" if path[-1] != "A" else "B")


def other_alarm(path: str) -> str:
    return re.sub(r"alarm\.(\d+)", "alarm.99", path)


def no_token(path: str) -> str:
    return path.rsplit("/", 1)[0] + "/nothing"


@pytest.mark.parametrize("spoil", [other_end, other_alarm, no_token])
def test_a_link_that_was_changed_opens_nothing(told, spoil):
    app, path = told

    assert app.test_client().get(spoil(path)).status_code == 404


def test_a_link_runs_out(told, clock):
    app, path = told
    clock.at = NOW + links.HOLDS

    assert app.test_client().get(path).status_code == 410


def test_who_was_switched_off_or_may_no_longer_answer_cannot(told, database):
    app, path = told
    with database.writing() as session:
        session.scalars(select(Grant)).one().ended_at = NOW
    assert app.test_client().get(path).status_code == 404
    with database.writing() as session:
        session.scalars(select(Person)).one().active = False
    assert app.test_client().get(path).status_code == 403
