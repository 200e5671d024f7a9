"""A failing vacuum becomes an alarm: over restarts, late rows and resets, on both databases."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select

from server.alarms.models import AlarmRule, Episode, RuleState
from server.alarms.watchers import boiloff
from server.core.actor import Actor
from server.core.clock import to_ms
from server.notify.rules import unpacked
from server.telemetry.models import Channel, ReadingHour
from tests.service.alarms.bank import NOON, add_rule, make_bank
from tests.service.alarms.trends import HOUR, fill_hours, look, tell

BEGIN = NOON - timedelta(days=15, hours=12)
USUAL = 15 / 24
DICE = random.Random(4)
NOISE = [DICE.gauss(0, 0.15) for _ in range(2000)]


def falling(hours, per_hour=USUAL, begin=600.0, first=0):
    return [begin - per_hour * n + NOISE[first + n] for n in range(hours)]


@pytest.fixture
def bank(database):
    """Fifteen days of an ordinary vessel, watched for its boil-off, and looked at once."""
    bank = make_bank(database)
    with database.writing() as session:
        rule = add_rule(session, bank, "level_mm", kind="boiloff", severity="high", value=2.0)
        bank.rule_id = rule.id
    bank.end = fill_hours(database, bank, "level_mm", BEGIN, falling(15 * 24))
    bank.level = 600 - USUAL * 15 * 24
    look(database, boiloff.findings, bank.end)
    return bank


def episodes(database):
    with database.reading() as session:
        return list(session.scalars(select(Episode).order_by(Episode.id)))


def memory(database):
    with database.reading() as session:
        return session.scalars(select(RuleState.memory)).one()


def goes_on(database, bank, hours, factor):
    """So many hours more, a look each; returns after how many hours it alarmed."""
    for number, mean in enumerate(falling(hours, factor * USUAL, bank.level, 400)):
        at = bank.end + number * HOUR
        fill_hours(database, bank, "level_mm", at, [mean])
        if look(database, boiloff.findings, at + HOUR):
            return number + 1
    return None


def test_a_failing_vacuum_alarms_within_hours_and_says_what_is_lost(database, bank):
    assert goes_on(database, bank, 12, 3) <= 5

    (episode,) = episodes(database)
    assert (episode.kind, episode.channel_id) == ("boiloff", bank.channels["level_mm"])
    said = unpacked(episode.detail)
    assert said["expected"].startswith("1")
    assert said["expected"].endswith("mm")
    assert 30 < float(said["loss"].split("\u2009")[0]) < 60


def test_two_ordinary_days_alarm_nobody(database, bank):
    assert goes_on(database, bank, 48, 1) is None


def test_it_ends_after_a_day_at_the_old_loss(database, bank):
    hours = goes_on(database, bank, 12, 4)
    end = bank.end + hours * HOUR
    low = bank.level - 4 * USUAL * hours
    done = fill_hours(database, bank, "level_mm", end, falling(30, begin=low))

    assert look(database, boiloff.findings, done) == 1
    (episode,) = episodes(database)
    assert episode.cleared_at == done


def test_a_second_look_at_the_same_hours_writes_nothing(database, bank):
    before = memory(database)

    look(database, boiloff.findings, bank.end + timedelta(minutes=9))
    assert memory(database) == before


def test_late_hours_are_judged_as_if_they_had_come_in_time(database, bank):
    means = falling(30, 3 * USUAL, bank.level, 400)
    fill_hours(database, bank, "level_mm", bank.end, [*means[:2], *[None] * 27, means[29]])
    now = bank.end + 30 * HOUR
    assert look(database, boiloff.findings, now) == 0

    fill_hours(database, bank, "level_mm", bank.end, means)
    assert look(database, boiloff.findings, now) == 1


def test_a_lid_told_late_takes_an_alarm_back(database, bank):
    means = [bank.level, *(bank.level - 9.0 * n for n in range(1, 4))]
    end = fill_hours(database, bank, "level_mm", bank.end, means)
    assert look(database, boiloff.findings, end) == 1

    tell(database, bank, "door_opened", bank.end)
    tell(database, bank, "door_closed", end)
    assert look(database, boiloff.findings, end + HOUR) == 1
    assert episodes(database)[0].cleared_at is not None


@pytest.mark.parametrize(
    "work",
    [
        [("door_opened", 0, "{}"), ("door_closed", 3, "{}")],
        [("door_opened", 0, "{}")],
        [("controller_alarm", hour, '{"code": "ZO"}') for hour in range(4)],
    ],
    ids=["an open lid", "a lid of which nobody told the end", "the level is zeroed"],
)
def test_hours_of_work_do_not_count(database, bank, work):
    for kind, hour, facts in work:
        tell(database, bank, kind, bank.end + hour * HOUR + timedelta(minutes=10), facts)
    means = [bank.level - 9.0 * n for n in range(4)]
    end = fill_hours(database, bank, "level_mm", bank.end, means)

    assert look(database, boiloff.findings, end) == 0


def test_the_readings_of_a_lid_say_that_it_was_open(database, bank):
    means = [bank.level - 9.0 * n for n in range(4)]
    end = fill_hours(database, bank, "level_mm", bank.end, means)
    fill_hours(database, bank, "lid_open", bank.end, [0.5] * 4)

    assert look(database, boiloff.findings, end) == 0


def test_less_than_two_days_say_nothing(database):
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank, "level_mm", kind="boiloff", severity="high", value=2.0)
    end = fill_hours(database, bank, "level_mm", NOON, falling(20, 9.0))

    assert look(database, boiloff.findings, end) == 0


def test_setting_a_rule_anew_begins_at_nought(database, bank):
    from server.alarms import service

    assert goes_on(database, bank, 12, 4)
    end = bank.end + 12 * HOUR
    with database.writing() as session:
        rule = session.get_one(AlarmRule, bank.rule_id)
        wish = service.wish_of(rule)
        changed = type(wish)(**{**wish.__dict__, "value": 2.5})
        service.change_rule(session, Actor.system("tests"), rule, changed, at=end)

    assert episodes(database)[0].cleared_at is not None
    assert look(database, boiloff.findings, end) == 0, "what is kept of the loss stays usual"


def test_many_vessels_cost_no_more_statements_than_one(database, bank):
    counted: list[str] = []
    event.listen(
        database.reading_engine, "before_cursor_execute", lambda *about: counted.append(about[2])
    )

    def statements(now: datetime) -> int:
        counted.clear()
        with database.reading() as session:
            boiloff.findings(session, now)
        return len(counted)

    many(database, bank, 1)
    alone = statements(bank.end + HOUR)
    many(database, bank, 20)
    assert statements(bank.end + HOUR) == alone <= 10


def many(database, bank, count):
    """So many channels more, each with the same days and a rule."""
    with database.writing() as session:
        first = session.get_one(Channel, bank.channels["level_mm"])
        for number in range(count):
            channel = Channel(
                agent_id=first.agent_id, stream=f"s{count}-{number}", key="level_mm",
                freezer_id=first.freezer_id, confirmed=True,
            )  # fmt: skip
            session.add(channel)
            session.flush()
            bank.channels[f"other {number}"] = channel.id
            add_rule(session, bank, f"other {number}", kind="boiloff", severity="high", value=2.0)
            for hour, mean in enumerate(falling(48)):
                session.add(
                    ReadingHour(
                        channel_id=channel.id, hour_ms=to_ms(BEGIN + hour * HOUR), n=9,
                        least=mean, mean=mean, greatest=mean,
                    )
                )  # fmt: skip
