"""*Alarm path off* is itself an alarm: each way to be off is seen by a person within its time. On both databases.

Named after what happened: PFC, the Pacific Fertility Center 2018, a controller unplugged for 17 days; UH, University
Hospitals Cleveland 2018, a remote alarm that was off, and nobody knew since when.
"""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from server.accounts.models import Grant, Person
from server.alarms import board, jobs, paths, service
from server.alarms.models import AlarmRule, Episode, FreezerStake, Suspension
from server.alarms.watchers import path, path_house
from server.core.actor import Actor
from server.core.clock import FixedClock, to_ms
from server.core.settings import Settings
from server.notify.models import CallStep
from server.notify.rules import unpacked
from server.outbox import service as outbox
from server.outbox.models import Letter
from server.telemetry import certificates
from server.telemetry.models import Agent, AgentCertificate, Channel, WorkerBeat
from server.web import metrics
from tests.service.alarms.bank import NOON, add_rule, add_step, later, make_bank

QUALITY = Actor.system("quality")
DAY = 86_400.0


class Desk:
    """A sender that carries only webhooks."""

    name = "test"

    def carries(self, channel):
        return channel != "smtp"

    def take(self, parcels):
        """Send nothing."""


@pytest.fixture
def bank(database):
    """A bank that is well: somebody to call, a full freezer that is watched and speaks."""
    made = make_bank(database)
    with database.writing() as session:
        add_step(session, made, 1, name="wang")
        add_rule(session, made)
        session.add(FreezerStake(freezer_id=made.freezer_id, vials=3412, counted_at=NOON))
    speak(database, made, 0)
    jobs.make_own_rules(database, FixedClock(NOON))
    return made


def speak(database, bank, seconds):
    with database.writing() as session:
        session.get_one(Channel, bank.channels["top_c"]).number_at_ms = to_ms(later(seconds))


def look(database, seconds, alive=True):
    """Look as the worker does, and let it show that it lives."""
    clock = FixedClock(later(seconds))
    with database.writing() as session:
        beats = [WorkerBeat(name="w", at=later(seconds), broker_connected=True)] if alive else []
        for beat in beats:
            session.merge(beat)
    jobs.watcher(path.findings)(database, clock)
    jobs.tell_managers(database, clock)


def off(database) -> dict[str, str]:
    """Return the conditions that are alarmed now, with their reasons."""
    with database.reading() as session:
        rows = session.execute(
            select(AlarmRule.params, Episode.detail)
            .join(Episode, Episode.rule_id == AlarmRule.id)
            .where(Episode.kind == "path_off", Episode.cleared_at.is_(None))
        )
        return {paths.of(row[0]): unpacked(row[1])["reason"].text() for row in rows}


def seen(database, seconds) -> list[str]:
    """Return what stands on the board, in words."""
    with database.reading() as session:
        return [one.sentence.text() for one in board.look(session, None, later(seconds)).alarms]


def called(database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Letter.address).order_by(Letter.id)))


def test_a_bank_that_is_well_alarms_of_nothing(database, bank):
    look(database, 0)
    look(database, 3000)

    assert off(database) == {}


def empty_the_list(session, bank):
    session.delete(session.scalars(select(CallStep)).one())


def switch_off_everybody(session, bank):
    session.get_one(Person, bank.people["wang"]).active = False


@pytest.mark.parametrize("act", [empty_the_list, switch_off_everybody])
def test_a_call_list_that_reaches_nobody_is_told_past_it_to_those_who_can_fill_it(
    database, bank, act
):
    with database.writing() as session:
        act(session, bank)
        manager = Person(
            email="manager@example.org", name="Manager", org_id=bank.org_id, language="en",
            active=True, password_hash=None, created_at=NOON,
        )  # fmt: skip
        session.add(manager)
        session.flush()
        session.add(
            Grant(person_id=manager.id, role="bank_manager", org_id=bank.org_id, granted_at=NOON)
        )

    look(database, 0)
    assert off(database) == {}
    look(database, 300)

    assert list(off(database)) == ["nobody"]
    assert called(database) == ["manager@example.org"]
    assert "Alarms may reach nobody" in seen(database, 300)[0]
    look(database, 315)
    assert len(called(database)) == 1  # once an alarm


def test_mail_that_is_not_set_up_is_told_after_ten_minutes(database, bank):
    database.info["outbox.desk"] = Desk()

    look(database, 0)
    look(database, 600)

    assert list(off(database)) == ["mail"]


def test_a_dead_mail_server_or_a_webhook_that_fails_is_told_after_ten_minutes(database, bank):
    with database.writing() as session:
        number = outbox.post(
            session, "webhook", "http://127.0.0.1:9/x", "s", "{}", at=later(0), urgent=True,
            org_id=bank.org_id,
        )  # fmt: skip
        session.get_one(Letter, number).last_error = "Connection refused"
    look(database, 599)
    assert off(database) == {}

    look(database, 600)

    assert off(database)["letters"].endswith("0 were given up: Connection refused")
    with database.writing() as session:
        session.get_one(Letter, number).state = "sent"
    look(database, 615)
    assert off(database) == {}


def test_rules_that_are_off_for_a_day_and_a_freezer_that_is_off_at_once(database, bank):
    with database.writing() as session:
        rule = session.scalars(select(AlarmRule).where(AlarmRule.kind == "high")).one()
        second = add_rule(session, bank, value=-140.0)
        service.switch_off(
            session, QUALITY, second, "defrosting", at=later(0), until=later(7 * DAY)
        )
    look(database, DAY - 1)
    assert "off" not in off(database)
    look(database, DAY)
    assert "defrosting" in off(database)["off"]
    with database.writing() as session:
        found = session.get_one(AlarmRule, rule.id)
        service.switch_off(session, QUALITY, found, "empty", at=later(DAY), until=later(7 * DAY))

    look(database, DAY + 15)

    assert "all rules of LN2-03 are switched off" in off(database)["off"]


def test_a_freezer_with_material_that_nobody_watches_is_told_after_an_hour(database, bank):
    with database.writing() as session:
        session.delete(session.scalars(select(AlarmRule).where(AlarmRule.kind == "high")).one())

    look(database, 0)
    look(database, 3600)

    assert off(database) == {"bare": "LN2-03 holds 3412 vials and no rule watches its temperature"}
    with database.reading() as session:
        metrics.look(session, later(3600))
    assert metrics.REGISTRY.get_sample_value("cryokeep_alarm_path_off") == 1.0


def test_a_freezer_that_is_measured_and_that_nobody_watches_is_told_too(database, bank):
    with database.writing() as session:
        session.delete(session.scalars(select(AlarmRule).where(AlarmRule.kind == "high")).one())
        session.execute(delete(FreezerStake))
        top = session.get_one(Channel, bank.channels["top_c"])
        top.number_at_ms = to_ms(later(3000))

    look(database, 0)
    look(database, 3600)
    assert off(database) == {"bare": "LN2-03 is measured and no rule watches its temperature"}
    with database.writing() as session:
        add_rule(session, bank)
    look(database, 3660)

    assert "bare" not in off(database)


def test_certificates_that_run_out_are_told_two_weeks_before(database, bank, tmp_path):
    settings = Settings.read({"CRYOKEEP_HOME": str(tmp_path)})
    path_house.know(database, settings)
    certificates.authority(tmp_path / "ca", later(0) - timedelta(days=certificates.CA_DAYS - 13))
    with database.writing() as session:
        agent = session.scalars(select(Agent)).one()
        session.add(
            AgentCertificate(
                agent_id=agent.id, serial="1", key_hash="k", pem="", issued_at=NOON,
                expires_at=later(6 * DAY),
            )
        )  # fmt: skip

    look(database, 0)

    assert "ca.crt runs out on 2026-03-27" in off(database)["certificate"]
    assert "sh/pi-1 runs out on 2026-03-20" in off(database)["certificate"]


def test_a_server_whose_clock_is_off_is_told_after_five_minutes(database, bank):
    def beat(at):
        with database.writing() as session:
            for agent in session.scalars(select(Agent)):
                told = {"synced": True, "at": to_ms(later(at - 90))}
                agent.heartbeat, agent.heartbeat_at = json.dumps(told), later(at)

    with database.writing() as session:
        session.add(Agent(org_id=bank.org_id, site="sh", code="pi-2", enrolled_at=NOON))
    for at in (0, 300):
        beat(at)
        look(database, at)

    assert off(database) == {"clock": "the server’s clock is 90 s ahead of 2 nodes"}


def test_PFC_a_controller_unplugged_for_17_days_calls_every_day(database, bank):  # noqa: N802  the name of the case
    """False alarms had annoyed everybody: they were acknowledged and shelved, and the controller unplugged."""
    with database.writing() as session:
        rule = add_rule(session, bank, kind="stale", severity="high", value=30.0)
        service.switch_off(
            session, QUALITY, rule, "false low-level alarms", at=later(60), until=later(20 * DAY)
        )

    look(database, 3601)

    assert off(database)["blind"].startswith("LN2-03 holds 3412 vials and its temperature")
    assert "has not been known" in seen(database, 3601)[0]
    days = 17
    for day in range(days):
        at = 3601 + day * DAY + 60
        with database.writing() as session:
            wanted = select(Episode).where(Episode.cleared_at.is_(None))
            for episode in session.scalars(wanted.where(Episode.acknowledged_at.is_(None))):
                service.acknowledge(session, QUALITY, episode, "known", at=later(at))
        look(database, at + 15)
        before = len(called(database))
        clock = FixedClock(later(at + DAY))
        look(database, at + DAY)
        assert jobs.run_out(database, clock) >= 1
        assert len(called(database)) > before
    assert "17 d" in off(database)["blind"]


def test_UH_a_remote_alarm_that_is_off_is_seen_at_once_with_who_and_since_when(database, bank):  # noqa: N802  the name of the case
    with database.writing() as session:
        session.add(
            Suspension(
                org_id=bank.org_id, mode="out_of_service", freezer_id=bank.freezer_id,
                because="trouble with the autofill", began_at=later(0), agreed_at=later(0),
                until=later(7 * DAY), by_name="Li",
            )
        )  # fmt: skip

    look(database, 15)

    assert off(database)["off"] == (
        "LN2-03 set aside by Li since 2026-03-14 20:00 CST: trouble with the autofill"
    )
    assert called(database) == ["wang@example.org"]
    assert "LN2-03 set aside by Li" in seen(database, 15)[0]
