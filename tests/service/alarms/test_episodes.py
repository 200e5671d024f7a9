"""An episode begins once, tells the call list in the same transaction, and ends."""

import json

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from server.alarms import service
from server.alarms.models import Episode, FreezerStake
from server.audit.models import AuditEntry
from server.core import catalogues
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict
from server.core.plain import Asked, Plain
from server.notify import service as notify
from server.notify.models import Call, Notice
from server.outbox.models import Letter
from tests.service.alarms.bank import NOON, add_rule, add_step, later, make_bank

LEE = Actor(id=None, name="Lee", kind="system")


def test_an_episode_tells_the_first_step_in_the_same_transaction(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        add_step(session, bank, 2, name="wang", language="zh_Hans")
        session.add(
            FreezerStake(
                freezer_id=bank.freezer_id, vials=3412, last_copies=2, reserved=14, counted_at=NOON
            )
        )
        rule = add_rule(session, bank)

        episode_id = service.raise_episode(
            session, rule, raised_at=later(-10), value=-142.1, drill="", now=NOON
        )

        episode = session.get_one(Episode, episode_id)
        assert (episode.freezer_id, episode.raised_value) == (bank.freezer_id, -142.1)
    with database.reading() as session:
        letter = session.scalars(select(Letter)).one()
        assert (letter.channel, letter.address, letter.urgent) == ("smtp", "lee@example.org", True)
        assert letter.subject == "Critical: LN2-03 Top probe too warm"
        assert "7.9\u2009K above its limit since 2026-03-14 19:59 CST." in letter.body
        assert "It reads −142.1\u2009°C; the limit is −150\u2009°C." in letter.body
        assert "Pudong › B1.04 › LN2-03" in letter.body
        assert "3,412 vials, 2 last copies, 14 reserved" in letter.body
        assert f"{{public_url}}/alarms/{episode_id}" in letter.body
        assert session.scalars(select(Notice)).one().letter_id == letter.id
        audited = session.scalars(select(AuditEntry)).one()
        assert (audited.action, json.loads(audited.facts)["value"]) == ("alarm.raised", -142.1)


def test_raising_twice_gives_the_same_episode_and_tells_nobody_twice(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, webhook="http://127.0.0.1:9/")
        rule = add_rule(session, bank)
        first = service.raise_episode(session, rule, raised_at=NOON, value=-149, drill="", now=NOON)
    with database.writing() as session:
        again = service.raise_episode(
            session, rule, raised_at=later(5), value=-148, drill="", now=later(5)
        )

        assert again == first
        assert session.scalar(select(func.count()).select_from(Letter)) == 1


def test_raising_costs_few_statements_and_no_flush(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, webhook="http://127.0.0.1:9/")
        rule = add_rule(session, bank)
    said: list[object] = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    ask = Plain.ask

    def counted(plain: Plain, session: Session, **values: object) -> Asked:
        said.append(plain)
        return ask(plain, session, **values)

    monkeypatch.setattr(Plain, "ask", counted)

    with database.writing() as session:
        service.raise_episode(session, rule, raised_at=NOON, value=-149, drill="", now=NOON)

    assert 7 <= len(said) <= 10, said


def test_a_drill_is_an_episode_of_its_own_and_says_test_in_word_and_mail(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        rule = add_rule(session, bank)
        real = service.raise_episode(session, rule, raised_at=NOON, value=-149, drill="", now=NOON)
        drill = service.raise_episode(session, rule, raised_at=NOON, value=-9, drill="d1", now=NOON)

        assert real != drill
        letters = session.scalars(select(Letter).order_by(Letter.id)).all()
        assert [letter.subject.startswith("TEST") for letter in letters] == [False, True]
        assert "This is a TEST: a drill called “d1”" in letters[1].body


def test_people_are_told_in_their_own_language(database: Database) -> None:
    catalogues.load()
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="wang", language="zh_Hans")
        rule = add_rule(session, bank)

        service.raise_episode(session, rule, raised_at=NOON, value=-149, drill="", now=NOON)

        letter = session.scalars(select(Letter)).one()
    assert letter.subject == "危急：LN2-03 上部探头温度过高"
    assert "vials" not in letter.body


def test_a_cleared_episode_stays_until_it_is_acknowledged_and_a_new_one_can_begin(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        rule = add_rule(session, bank)
        first_id = service.raise_episode(
            session, rule, raised_at=NOON, value=-149, drill="", now=NOON
        )
        service.clear_episode(session, rule, at=later(60), drill="", now=later(60), worst=-140.0)
        second_id = service.raise_episode(
            session, rule, raised_at=later(90), value=-149, drill="", now=later(90)
        )

        assert first_id != second_id
        first = session.get_one(Episode, first_id)
        assert (first.cleared_at, first.worst_value, first.acknowledged_at) == (
            later(60),
            -140.0,
            None,
        )
        assert service.clear_episode(session, rule, at=later(95), drill="x", now=later(95)) is None


@pytest.mark.parametrize("severity", ["critical", "high", "warning"])
def test_a_call_goes_on_when_the_condition_is_gone_until_somebody_answers(
    database: Database, severity: str
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee", wait_s=300)
        add_step(session, bank, 2, name="wang")
        rule = add_rule(session, bank, severity=severity)
        episode_id = service.raise_episode(
            session, rule, raised_at=NOON, value=-149, drill="", now=NOON
        )
        service.clear_episode(session, rule, at=later(9), drill="", now=later(9))
    with database.writing() as session:
        assert notify.escalate(session, later(300)) == 1
        told = session.scalars(select(Letter.address).order_by(Letter.id)).all()
        assert told == ["lee@example.org", "wang@example.org"]

        service.acknowledge(session, LEE, session.get_one(Episode, episode_id), "", at=later(310))
        assert notify.escalate(session, later(9999)) == 0


def test_acknowledging_ends_the_call_and_a_second_answer_is_refused_by_name(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        rule = add_rule(session, bank)
        episode_id = service.raise_episode(
            session, rule, raised_at=NOON, value=-149, drill="", now=NOON
        )
    with database.writing() as session:
        found = session.get_one(Episode, episode_id)
        service.acknowledge(session, LEE, found, " on my way ", at=later(30))

        assert (found.acknowledged_at, found.comment) == (later(30), "on my way")
        assert session.scalars(select(Call.ended_at)).one() == later(30)
        with pytest.raises(Conflict, match="Lee has already"):
            service.acknowledge(session, LEE, found, "", at=later(31))
