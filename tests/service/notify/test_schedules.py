"""Schedules, groups, chains and preferences in the database: what is kept, what is refused, what is recorded."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from server.alarms import later as alarms_later
from server.alarms import service as alarms
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.notify import groups, preferences, rotas, schedules
from server.notify import service as notify
from server.notify.along import Conditions
from server.notify.hours import Hours
from server.notify.models import HeldNotice, Override, QuietHours
from server.notify.rota import Layer, who_is_on
from server.notify.steps import Whom, add_step
from server.outbox.models import Letter
from tests.service.alarms.bank import NOON, add_person, add_rule, later, make_bank
from tests.service.notify import ground

SYSTEM = Actor.system("tests")
BERLIN = "Europe/Berlin"


def arrange(session, schedule, *layers: Layer) -> None:
    schedules.arrange(
        session, SYSTEM, schedule, name=schedule.name, time_zone=BERLIN, layers=layers, at=NOON
    )


def test_what_is_arranged_is_what_is_read(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee, wang, chen = (add_person(session, bank, name) for name in ("lee", "wang", "chen"))
        made = schedules.make(
            session, SYSTEM, bank.org_id, name="Nights", time_zone=BERLIN, at=NOON
        )
        office = Hours(frozenset(range(5)), 480, 1080)
        wanted = [
            Layer("office", ((lee.id,), (wang.id, chen.id)), 24, date(2026, 3, 1), 480, office, "person", chen.id),
            Layer("rest", ((wang.id,),), 168, date(2026, 3, 2), 0, on_holidays="nobody"),
        ]  # fmt: skip
        arrange(session, made, wanted[1])
        arrange(session, made, *wanted)
        schedules.set_holidays(session, SYSTEM, made, {date(2026, 3, 16): "Feast"}, at=NOON)

        found = rotas.load(session, [made.id], NOON, later(86400))[made.id]

        assert list(found.layers) == wanted
        assert found.zone == ZoneInfo(BERLIN)
        assert found.holidays == {date(2026, 3, 16): "Feast"}
        actions = set(session.scalars(select(AuditEntry.action)))
        assert {"on_call.schedule_made", "on_call.arranged", "on_call.holidays_set"} <= actions


def test_what_is_refused(database: Database) -> None:
    bank, other = make_bank(database), make_bank(database, "BJ")
    with database.writing() as session:
        lee, stranger = add_person(session, bank, "lee"), add_person(session, other, "zhao")
        made = schedules.make(
            session, SYSTEM, bank.org_id, name="Nights", time_zone=BERLIN, at=NOON
        )
        with pytest.raises(Conflict):
            schedules.make(session, SYSTEM, bank.org_id, name=" Nights ", time_zone=BERLIN, at=NOON)
        with pytest.raises(Invalid, match="no_such_zone"):
            schedules.make(session, SYSTEM, bank.org_id, name="x", time_zone="Mars", at=NOON)
        with pytest.raises(Invalid, match="not_theirs"):
            arrange(session, made, Layer("x", ((stranger.id,),), 24, date(2026, 3, 1), 0))
        with pytest.raises(Invalid, match="not_theirs"):
            groups.set_group(
                session, SYSTEM, bank.org_id, None, name="x", people=[lee, stranger], at=NOON
            )
        add_step(session, SYSTEM, bank.org_id, whom=Whom(schedule=made), wait_s=60, at=NOON)
        with pytest.raises(Conflict, match="schedule_used"):
            schedules.end(session, SYSTEM, made, because="x", at=NOON)
        with pytest.raises(Invalid, match="chain_for_what"):
            groups.make_chain(
                session, SYSTEM, bank.org_id, name="x", conditions=Conditions(), at=NOON
            )
        with pytest.raises(Invalid, match="bad_cover"):
            preferences.go_away(
                session,
                SYSTEM,
                lee,
                begins_at=NOON,
                until=later(60),
                cover=lee,
                because="",
                at=NOON,
            )


def test_gaps_are_told_of_schedules_that_a_step_asks(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        asked, idle = (
            schedules.make(session, SYSTEM, bank.org_id, name=name, time_zone="UTC", at=NOON)
            for name in ("asked", "idle")
        )
        add_step(session, SYSTEM, bank.org_id, whom=Whom(schedule=asked), wait_s=60, at=NOON)
        schedules.override(
            session,
            SYSTEM,
            asked,
            lee,
            begins_at=later(3600),
            until=later(7200),
            because="",
            at=NOON,
        )

        found = rotas.gaps_of(session, bank.org_id, NOON, later(86400))

        assert [(one.name, gap.begins_at, gap.until) for one, gap in found] == [
            ("asked", NOON, later(3600)), ("asked", later(7200), later(86400)),
        ]  # fmt: skip
        assert idle.name == "idle"


def test_a_file_that_comes_again_replaces_what_it_brought(database: Database) -> None:
    bank = make_bank(database)

    def calendar(hour: int) -> bytes:
        lines = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", "SUMMARY:Night", "ATTENDEE:mailto:lee@example.org",
                 f"DTSTART:20260320T{hour:02d}0000Z", "DURATION:PT2H", "END:VEVENT", "END:VCALENDAR")  # fmt: skip
        return "\r\n".join(lines).encode()

    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        made = schedules.make(session, SYSTEM, bank.org_id, name="n", time_zone=BERLIN, at=NOON)
        for hour in (8, 9):
            assert schedules.import_turns(session, SYSTEM, made, calendar(hour), at=NOON) == 1

        live = session.scalars(select(Override).where(Override.ended_at.is_(None))).one()
        found = rotas.load(session, [made.id], NOON, later(86400 * 10))[made.id]
        assert (live.begins_at.hour, live.person_id) == (9, lee.id)
        assert who_is_on(found, live.begins_at).people == (lee.id,)
        assert who_is_on(found, live.begins_at - timedelta(minutes=1)).people == ()


def test_an_alarm_that_is_over_and_answered_is_not_told_in_the_morning(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        lee = add_person(session, bank, "lee")
        session.add_all(
            [ground.quiet(lee.id, 11 * 60, 19 * 60), ground.step(bank, 1, person_id=lee.id)]
        )
        rules = [add_rule(session, bank, key, severity="warning") for key in ("top_c", "level_mm")]
        numbers = [
            alarms.raise_episode(session, rule, raised_at=NOON, value=-140.0, now=NOON)
            for rule in rules
        ]
        alarms.clear_episode(session, rules[0], at=later(60), now=later(60))
    with database.writing() as session:
        assert session.scalars(select(Letter)).all() == []
        notify.answer(session, ("alarm", numbers[0]), later(90))
    clock = FixedClock(later(7 * 3600))

    assert alarms_later.tell_held(database, clock) == 1
    assert alarms_later.tell_held(database, clock) == 0

    with database.reading() as session:
        letter = session.scalars(select(Letter)).one()
        assert f"/alarms/{numbers[1]}\n" in letter.body
        assert f"/alarms/{numbers[0]}\n" not in letter.body
        assert set(session.scalars(select(HeldNotice.outcome))) == {"over", "told"}
        assert session.scalars(select(QuietHours)).one().most_severe == "high"
        assert letter.created_at.astimezone(UTC) == later(7 * 3600)
