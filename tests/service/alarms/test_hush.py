"""What was set aside calls nobody, but is written, audited and on the board; life safety asks for two persons."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.alarms import board, hush, service
from server.alarms.models import Episode, Suspension
from server.audit.models import AuditEntry
from server.core.db import Database
from server.notify.models import Call
from server.outbox.models import Letter
from server.storage.models import Container, Room
from tests.service.alarms.bank import NOON, Bank, add_person, add_rule, add_step, later, make_bank


def things(session, bank: Bank) -> dict[str, int]:
    """What a suspension can be of, for the bank's one freezer."""
    room = session.get_one(Room, session.get_one(Container, bank.freezer_id).room_id)
    return {"freezer_id": bank.freezer_id, "agent_id": 1, "site_id": room.site_id}


def set_aside(session, bank: Bank, **other) -> Suspension:
    wish = {
        "mode": "shelved_timed", "because": "Defrosting", "began_at": NOON, "agreed_at": NOON,
        "until": later(3600), "by_name": "Lee", **other,
    }  # fmt: skip
    row = Suspension(org_id=bank.org_id, **wish)
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize("of", ["rule_id", "freezer_id", "agent_id", "site_id"])
def test_a_silenced_alarm_is_written_and_audited_and_on_the_board_and_calls_nobody(
    database: Database, of: str
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        rule = add_rule(session, bank)
        thing = rule.id if of == "rule_id" else things(session, bank)[of]
        row = set_aside(session, bank, mode="out_of_service", **{of: thing})

        number = service.raise_episode(session, rule, raised_at=NOON, value=-149.0, now=later(1))

        episode = session.get_one(Episode, number)
        assert (episode.silenced, episode.suspension_id) == ("out_of_service", row.id)
        assert session.scalar(select(func.count()).select_from(Call)) == 0
        assert session.scalar(select(func.count()).select_from(Letter)) == 0
        assert [a.episode.id for a in board.unfinished(session, None, later(2))] == [number]
        audited = session.scalars(select(AuditEntry)).one()
        facts = json.loads(audited.facts)
        assert (audited.action, facts["silenced"]) == ("alarm.raised", "out_of_service")


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        ("not yet agreed", {"agreed_at": None}),
        ("ended", {"ended_at": NOON}),
        ("over", {"until": later(60)}),
        ("another freezer", {"freezer_id": None}),
        ("to come", {"agreed_at": later(61)}),
    ],
)
def test_what_does_not_hold_silences_nothing(database: Database, case: str, changed) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        rule = add_rule(session, bank)
        set_aside(session, bank, **{"freezer_id": bank.freezer_id, **changed})

        assert hush.why_silent(session, rule, later(60), drill="") is None, case


def test_life_safety_is_silenced_only_by_what_two_persons_agreed_to(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        safety = add_rule(session, bank, "lid_open", alarm_class="safety")
        other = add_rule(session, bank)
        wang = add_person(session, bank, "wang")
        row = set_aside(session, bank, freezer_id=bank.freezer_id)

        assert hush.why_silent(session, safety, later(60), drill="") is None
        assert hush.why_silent(session, other, later(60), drill="") is not None
        row.second_by_id = wang.id
        session.flush()
        assert hush.why_silent(session, safety, later(60), drill="") is not None


def test_a_drill_is_never_silenced(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        rule = add_rule(session, bank)
        set_aside(session, bank, rule_id=rule.id, until=NOON + timedelta(days=1))

        assert hush.why_silent(session, rule, later(60), drill="") is not None
        assert hush.why_silent(session, rule, later(60), drill="weekly") is None
