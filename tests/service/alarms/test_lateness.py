"""Late readings are judged in their place in history and told by a policy of their own, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from server.accounts.models import Grant
from server.alarms import jobs
from server.alarms.ingest import Judge
from server.alarms.models import Episode, RuleState
from server.alarms.service import lateness
from server.core.actor import Actor
from server.core.clock import FixedClock, from_ms, to_ms
from server.core.errors import Invalid
from server.outbox.models import Letter
from server.telemetry.columns import Column
from server.telemetry.models import Channel, LateHour, reading
from tests.service.alarms.bank import NOON, add_person, add_rule, add_step, make_bank

NOW = NOON + timedelta(hours=8)
MANAGER = Actor(id=None, name="Gu Min", kind="person", door="page")


@pytest.fixture
def bank(database):
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank)
        add_step(session, bank, 1, name="lee")
        person = add_person(session, bank, "gu")
        session.add(
            Grant(person_id=person.id, role="bank_manager", org_id=bank.org_id, granted_at=NOON)
        )
    return bank


def arrive(database, bank, minutes_ago, *values, now=NOW, drill="") -> None:
    """Let rows of ten seconds arrive as the worker has it: stored, the channel's newest kept, judged."""
    channel_id = bank.channels["top_c"]
    first = to_ms(now - timedelta(minutes=minutes_ago))
    times = [first + n * 10_000 for n in range(len(values))]
    with database.writing() as session:
        if not drill:
            session.execute(
                insert(reading),
                [
                    {"channel_id": channel_id, "at_ms": at, "value": value, "quality": 0}
                    for at, value in zip(times, values, strict=True)
                ],
            )
            newest = func.coalesce(Channel.number_at_ms, 0) < times[-1]
            session.execute(
                update(Channel)
                .where(Channel.id == channel_id, newest)
                .values(number_at_ms=times[-1])
            )
        column = Column(channel_id, drill, times, list(values), [0] * len(values))
        Judge().consider(session, [column], now=now)


def look_back(database, minutes=1) -> int:
    return jobs.look_back(database, FixedClock(NOW + timedelta(minutes=minutes)))


def episodes(database) -> list[Episode]:
    with database.reading() as session:
        return list(session.scalars(select(Episode).order_by(Episode.raised_at)))


def letters(database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Letter.subject).order_by(Letter.id)))


def test_a_past_excursion_in_a_backlog_calls_nobody_at_night_but_is_found_and_told(database, bank):
    arrive(database, bank, 0, -178.0)
    arrive(database, bank, 90, -178.0, -149.0, -140.0, -178.0)

    assert episodes(database) == []
    assert look_back(database) == 1
    (found,) = episodes(database)
    assert found.historical
    assert (found.raised_value, found.worst_value) == (-149.0, -140.0)
    began = NOW - timedelta(minutes=90)
    assert found.raised_at == began + timedelta(seconds=10)
    assert found.cleared_at == began + timedelta(seconds=30)
    assert found.acknowledged_at is None
    assert letters(database) == ["1 past alarm found in late readings"]
    assert look_back(database, 2) == 0


def test_what_is_warm_now_is_judged_live_and_dated_back_to_its_true_beginning(database, bank):
    arrive(database, bank, 0, -140.0)
    arrive(database, bank, 90, *[-178.0, *[-145.0] * 500])

    assert look_back(database) == 0
    (live,) = episodes(database)
    assert not live.historical
    assert live.raised_at == NOW
    arrive(database, bank, 80, *[-145.0] * 420)
    look_back(database, 2)
    (live,) = episodes(database)
    assert live.cleared_at is None


def test_an_episode_that_goes_on_is_dated_back(database, bank):
    arrive(database, bank, 20, *[-178.0] * 3)
    arrive(database, bank, 16, *[-140.0] * 97)  # the clock of this node is behind: nothing younger
    (live,) = episodes(database)
    before = live.raised_at
    arrive(database, bank, 18, *[-140.0] * 12)

    look_back(database)

    (live,) = episodes(database)
    assert live.raised_at < before
    assert live.cleared_at is None


def test_rows_that_are_old_but_the_newest_of_their_node_are_judged_live(database, bank):
    arrive(database, bank, 60, -140.0)

    (live,) = episodes(database)
    assert not live.historical
    assert live.cleared_at is None


def test_drills_are_judged_as_they_come(database, bank):
    arrive(database, bank, 0, -178.0)
    arrive(database, bank, 60, -140.0, drill="drill-1")

    assert [one.drill for one in episodes(database)] == ["drill-1"]


def test_a_second_part_of_a_backlog_widens_what_was_found(database, bank):
    arrive(database, bank, 0, -178.0)
    arrive(database, bank, 90, *[-145.0] * 6)
    arrive(database, bank, 89, *[-178.0] * 6)
    assert look_back(database) == 1
    arrive(database, bank, 92, *[-140.0] * 12)

    assert look_back(database, 2) == 0
    (found,) = episodes(database)
    assert found.raised_at == NOW - timedelta(minutes=92)
    assert found.worst_value == -140.0


@pytest.mark.parametrize(("policy", "subjects"), [
    ("none", []),
    ("call", ["Again: Critical: LN2-03 Top probe too warm"]),
    ("digest", ["1 past alarm found in late readings"]),
])  # fmt: skip
def test_each_bank_says_how_it_is_told(database, bank, policy, subjects):
    with database.writing() as session:
        lateness.set_policy(session, MANAGER, bank.org_id, policy, at=NOW)
    arrive(database, bank, 0, -178.0)
    arrive(database, bank, 90, -149.0, -178.0)

    look_back(database)

    assert letters(database) == subjects


def test_another_policy_is_refused(database, bank):
    with database.writing() as session, pytest.raises(Invalid, match="loudly"):
        lateness.set_policy(session, MANAGER, bank.org_id, "loudly", at=NOW)


def test_hours_that_the_roll_up_notes_itself_are_not_noted_twice(database, bank):
    arrive(database, bank, 0, -178.0)
    arrive(database, bank, 600, -149.0, -178.0)

    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LateHour)) == 0
        assert session.scalar(select(func.count()).select_from(RuleState)) == 0


def test_what_came_within_half_a_minute_waits_for_the_rest(database, bank):
    arrive(database, bank, 0, -178.0)
    arrive(database, bank, 90, -149.0, -178.0)

    assert jobs.look_back(database, FixedClock(NOW + timedelta(seconds=10))) == 0
    assert from_ms(to_ms(NOW)) == NOW
    assert look_back(database) == 1
