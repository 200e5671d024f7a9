"""What time alone decides, on both databases."""

from sqlalchemy import select

from server.alarms import jobs, service, stake, timers
from server.alarms.ingest import Judge
from server.alarms.models import AlarmRule, Episode, FreezerStake, RuleState
from server.alarms.rules import Wish
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock, to_ms
from server.core.db import Database
from server.telemetry.columns import Column
from server.telemetry.models import Channel
from tests.service.alarms.bank import NOON, Bank, add_rule, later, make_bank

SYSTEM = Actor.system("tests")


def tick(database: Database, seconds: float) -> int:
    with database.writing() as session:
        return timers.tick(session, later(seconds))


def speak(database: Database, bank: Bank, seconds: float) -> None:
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        channel.number_at_ms = to_ms(later(seconds))
        channel.latest_value = -178.0


def episodes(database: Database) -> list[Episode]:
    with database.reading() as session:
        return list(session.scalars(select(Episode).order_by(Episode.id)))


def test_a_silent_channel_alarms_once_from_the_moment_at_which_silence_was_too_long(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, kind="stale", severity="high", value=30.0)
    speak(database, bank, 0)

    assert tick(database, 30) == 0
    assert tick(database, 45) == 1
    assert tick(database, 60) == 0

    (episode,) = episodes(database)
    assert episode.raised_at == later(30)


def test_a_channel_that_speaks_again_clears_it(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, kind="stale", severity="high", value=30.0)
    speak(database, bank, 0)
    tick(database, 45)

    speak(database, bank, 50)

    assert tick(database, 51) == 1
    assert episodes(database)[0].cleared_at is not None


def test_a_channel_that_never_spoke_counts_from_the_making_of_its_rule(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, kind="stale", severity="high", value=30.0)

    assert tick(database, 29) == 0
    assert tick(database, 31) == 1


def test_a_delay_that_runs_out_without_a_reading_raises(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        rule = add_rule(session, bank, delay_on_s=60.0)
        session.add(
            RuleState(
                rule_id=rule.id, drill="", phase="pending", since_ms=to_ms(NOON), extreme=-149.0
            )
        )

    assert tick(database, 59) == 0
    assert tick(database, 60) == 1

    assert episodes(database)[0].raised_value == -149.0
    with database.reading() as session:
        assert session.scalars(select(RuleState.phase)).one() == "active"


def say(database: Database, bank: Bank, read_at: float, value: float, now: float) -> int:
    column = Column(bank.channels["top_c"], "", [to_ms(later(read_at))], [value], [0])
    with database.writing() as session:
        return Judge().consider(session, [column], now=later(now))


def test_an_old_high_reading_of_a_backlog_raises_nothing_before_the_next_one_takes_it_back(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, delay_on_s=60.0)

    say(database, bank, read_at=-3600, value=-140.0, now=0)
    assert tick(database, 1) == 0
    say(database, bank, read_at=-3590, value=-178.0, now=2)

    assert tick(database, 600) == 0
    assert episodes(database) == []


def test_an_old_normal_reading_of_a_backlog_ends_nothing_before_the_next_one_takes_it_back(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, delay_off_s=60.0)
    say(database, bank, read_at=-3600, value=-140.0, now=0)

    say(database, bank, read_at=-3590, value=-178.0, now=1)
    assert tick(database, 2) == 0
    say(database, bank, read_at=-3580, value=-140.0, now=3)

    assert tick(database, 600) == 0
    assert [one.cleared_at for one in episodes(database)] == [None]


def test_a_condition_after_which_no_reading_comes_is_raised_all_the_same(
    database: Database,
) -> None:
    """However old the reading, and although a later one says again that it is so."""
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, delay_on_s=60.0)

    say(database, bank, read_at=-3600, value=-140.0, now=0)
    say(database, bank, read_at=-3590, value=-139.0, now=10)

    assert tick(database, 59) == 0
    assert tick(database, 60) == 1


def test_a_rule_that_is_switched_off_ends_its_episode_and_stays_silent(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        rule = add_rule(session, bank, kind="stale", severity="high", value=30.0)
        rule_id = rule.id
    tick(database, 60)

    with database.writing() as session:
        found = session.get_one(AlarmRule, rule_id)
        service.switch_off(
            session, SYSTEM, found, "the tank is empty", until=later(3600), at=later(70)
        )

    assert tick(database, 80) == 0
    assert episodes(database)[0].cleared_at == later(70)


def test_what_was_raised_while_its_rule_was_being_switched_off_ends_all_the_same(
    database: Database,
) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        rule = add_rule(session, bank)
        service.raise_episode(session, rule, raised_at=NOON, value=-149, drill="d1", now=NOON)
        session.add(RuleState(rule_id=rule.id, drill="d1", phase="active", since_ms=to_ms(NOON)))
        add_rule(session, bank, "level_mm", kind="low", value=75.0)
    clock = FixedClock(later(5))
    assert jobs.end_what_is_left(database, clock) == 0  # its rule is on: it stays
    with database.writing() as session:
        session.get_one(AlarmRule, rule.id).enabled = False  # and the judge has not seen it

    assert jobs.end_what_is_left(database, clock) == 1
    assert jobs.end_what_is_left(database, clock) == 0

    assert episodes(database)[0].cleared_at == later(5)
    with database.reading() as session:
        assert session.scalars(select(RuleState)).all() == []
        audited = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "alarm.cleared")
        ).one()
        assert (audited.actor_kind, audited.actor_name) == ("system", "Cryokeep watch")


def test_a_rule_is_changed_and_what_it_had_raised_ends(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        rule = service.add_rule(session, SYSTEM, channel, Wish("high", "critical", -150.0), at=NOON)
        service.raise_episode(session, rule, raised_at=NOON, value=-149, drill="", now=NOON)

        service.change_rule(session, SYSTEM, rule, Wish("high", "critical", -140.0), at=later(9))

        assert (rule.value, session.scalars(select(Episode)).one().cleared_at) == (-140.0, later(9))


def test_the_usual_rules_are_made_once(database: Database) -> None:
    bank = make_bank(database)
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])

        assert len(service.default_rules(session, SYSTEM, channel, at=NOON)) == 8
        assert service.default_rules(session, SYSTEM, channel, at=NOON) == []


def test_what_stands_in_each_freezer_is_counted_ahead(database: Database) -> None:
    bank = make_bank(database)

    stake.refresh(database, NOON)
    stake.refresh(database, later(30))

    with database.reading() as session:
        row = session.scalars(select(FreezerStake)).one()
        assert (row.freezer_id, row.vials, row.counted_at) == (bank.freezer_id, 0, later(30))
