"""A drill is ordered, raised as a test, told, answered by a person, and counted nowhere, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from server.alarms import drilling, service, watch
from server.alarms import drills as reads
from server.alarms.ingest import Judge
from server.alarms.models import AlarmRule, Drill, DrillPlan, Episode, RuleState
from server.alarms.service import drills
from server.alarms.watchers import drills as watcher
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock, to_ms
from server.core.errors import Conflict, Invalid
from server.notify.models import Call
from server.outbox.models import Letter
from server.telemetry.columns import Column
from server.telemetry.models import AgentCommand, Channel
from tests.service.alarms.bank import NOON, add_rule, add_step, later, make_bank

QUALITY = Actor(id=None, name="Lin Yi", kind="person", door="page")
HALF_HOUR = 1800


@pytest.fixture
def bank(database):
    bank = make_bank(database)
    with database.writing() as session:
        add_rule(session, bank)
        add_step(session, bank, 1, name="lee")
    return bank


@pytest.fixture
def begun(database, bank, tmp_path) -> str:
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        return drills.begin(session, QUALITY, tmp_path, channel, HALF_HOUR, at=NOON).code


def node_says(database, bank, code: str, value: float, seconds: float) -> None:
    with database.writing() as session:
        column = Column(bank.channels["top_c"], code, [to_ms(later(seconds))], [value], [0])
        Judge().consider(session, [column], now=later(seconds))


def follow(database, seconds: float) -> int:
    with database.writing() as session:
        return drills.follow(session, at=later(seconds))


def drill(database) -> Drill:
    with database.reading() as session:
        return session.scalars(select(Drill)).one()


def test_the_node_is_ordered_to_say_what_breaks_the_worst_limit(database, begun):
    with database.reading() as session:
        command = session.scalars(select(AgentCommand)).one()
        assert command.kind == "drill"
        assert f'"drill":"{begun}"' in command.body
        assert '"value":-145.0' in command.body


def test_it_is_followed_from_the_probe_to_a_persons_answer(database, bank, begun):
    node_says(database, bank, begun, -145.0, 3)
    assert follow(database, 4) == 0
    with database.writing() as session:
        session.execute(update(Letter).values(state="sent", sent_at=later(5)))
        episode = session.scalars(select(Episode)).one()
        assert episode.drill == begun
        service.acknowledge(session, QUALITY, episode, "Seen.", at=later(60))
    assert follow(database, 62) == 1

    done = drill(database)
    assert (done.outcome, done.answered_by_name) == ("answered", "Lin Yi")
    assert (done.raised_at, done.told_at, done.answered_at) == (later(3), later(5), later(60))
    with database.reading() as session:
        episode = session.scalars(select(Episode)).one()
        assert episode.cleared_at is not None
        assert session.scalar(select(func.count()).select_from(RuleState)) == 0
        subject = session.scalars(select(Letter.subject)).one()
        assert subject.startswith("TEST")


@pytest.mark.parametrize(("said", "code"), [(None, "node"), (-145.0, "notice")])
def test_a_drill_that_nobody_answers_is_missed_with_its_reason_and_calls_nobody_any_more(
    database, bank, begun, said, code
):
    if said is not None:
        node_says(database, bank, begun, said, 3)
    assert follow(database, HALF_HOUR - 1) == 0
    assert follow(database, HALF_HOUR) == 1

    missed = drill(database)
    assert missed.outcome == "missed"
    assert code in reads.why(missed).text("en")
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(Call.ended_at.is_(None))) == 0
        assert session.scalar(select(func.count()).where(Episode.cleared_at.is_(None))) == 0


def test_a_missed_planned_drill_is_an_alarm_until_one_is_answered(database, bank, tmp_path):
    with database.writing() as session:
        session.add(
            AlarmRule(org_id=bank.org_id, kind="drill_missed", severity="high", value=0.5,
                      created_at=NOON, alarm_class="system")
        )  # fmt: skip
        channel = session.get_one(Channel, bank.channels["top_c"])
        plan = drills.plan(session, QUALITY, channel, 6, 20 * 60, HALF_HOUR, at=NOON)
        due = plan.next_at
    clock = FixedClock(due)

    assert drilling.tend(database, clock, tmp_path) == 1
    clock.forward(timedelta(seconds=HALF_HOUR))
    drilling.tend(database, clock, tmp_path)
    assert settle(database, clock) == 1
    clock.at = due + timedelta(days=7)
    drilling.tend(database, clock, tmp_path)
    with database.writing() as session:
        newest = session.scalars(select(Drill).order_by(Drill.id.desc())).first()
        code = newest.code
        column = Column(bank.channels["top_c"], code, [to_ms(clock.now())], [-145.0], [0])  # fmt: skip
        Judge().consider(session, [column], now=clock.now())
        episode = session.scalars(select(Episode).where(Episode.drill == code)).one()
        service.acknowledge(session, QUALITY, episode, "", at=clock.now())
    drilling.tend(database, clock, tmp_path)

    assert settle(database, clock) == 1
    with database.reading() as session:
        alarm = session.scalars(select(Episode).where(Episode.kind == "drill_missed")).one()
        assert alarm.cleared_at == clock.now()


def settle(database, clock) -> int:
    with database.writing() as session:
        return watch.settle(session, watcher.findings(session, clock.now()), now=clock.now())


def test_a_plan_whose_hour_found_no_server_was_missed_and_goes_on_next_week(
    database, bank, tmp_path
):
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        due = drills.plan(session, QUALITY, channel, 6, 20 * 60, HALF_HOUR, at=NOON).next_at
    clock = FixedClock(due + timedelta(hours=3))

    assert drilling.tend(database, clock, tmp_path) == 1
    missed = drill(database)
    assert (missed.outcome, missed.ordered_at) == ("missed", due)
    assert reads.why(missed).text("en") == "Cryokeep was not running at its time"
    with database.reading() as session:
        assert session.scalars(select(DrillPlan.next_at)).one() == due + timedelta(days=7)
        assert session.scalar(select(func.count()).select_from(AgentCommand)) == 0
    assert drilling.tend(database, clock, tmp_path) == 0


def test_a_plan_rests_for_a_reason_and_goes_on_by_itself(database, bank, tmp_path):
    with database.writing() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        plan = drills.plan(session, QUALITY, channel, 6, 20 * 60, HALF_HOUR, at=NOON)
        with pytest.raises(Invalid):
            drills.pause(session, QUALITY, plan, NOON + timedelta(days=8), " ", at=NOON)
        with pytest.raises(Invalid):
            drills.pause(session, QUALITY, plan, NOON + timedelta(days=60), "Moving.", at=NOON)
        drills.pause(session, QUALITY, plan, NOON + timedelta(days=8), "Moving.", at=NOON)
    clock = FixedClock(NOON + timedelta(days=8))

    assert drilling.tend(database, clock, tmp_path) == 0
    with database.reading() as session:
        plan = session.scalars(select(DrillPlan)).one()
        assert plan.next_at > clock.now()
        assert (plan.off_because, plan.off_until) == ("", None)


def test_what_cannot_alarm_cannot_be_drilled_and_one_at_a_time(database, bank, begun, tmp_path):
    with database.writing() as session:
        lid = session.get_one(Channel, bank.channels["lid_open"])
        with pytest.raises(Conflict, match="no high or low limit"):
            drills.begin(session, QUALITY, tmp_path, lid, HALF_HOUR, at=NOON)
        top = session.get_one(Channel, bank.channels["top_c"])
        with pytest.raises(Conflict, match="under way"):
            drills.begin(session, QUALITY, tmp_path, top, HALF_HOUR, at=NOON)


@pytest.mark.parametrize("seconds", [-1, 0, 119, 4 * 3600 + 1])
def test_nobody_is_given_no_time_or_a_day_to_answer(database, bank, tmp_path, seconds):
    with database.writing() as session:
        top = session.get_one(Channel, bank.channels["top_c"])
        with pytest.raises(Invalid, match="from 2 min to 4 h"):
            drills.begin(session, QUALITY, tmp_path, top, seconds, at=NOON)


def test_a_drill_is_stopped_for_a_reason_and_stands_in_the_record(database, bank, begun):
    node_says(database, bank, begun, -145.0, 3)
    with database.writing() as session:
        one = session.scalars(select(Drill)).one()
        drills.stop(session, QUALITY, one, "A real delivery comes.", at=later(10))
    with database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [one for one in actions if one.startswith("drill.")] == ["drill.begun", "drill.stopped"]
    assert drill(database).outcome == "stopped"
