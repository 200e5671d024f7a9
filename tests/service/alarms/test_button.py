"""A press of the button at the freezer acknowledges what stands there, by nobody named."""

import json
from typing import Any

import pytest
from sqlalchemy import event, select

from server.alarms.button import WHO, is_any_late
from server.alarms.jobs import answer_by_the_button
from server.alarms.models import Acknowledgement, Episode
from server.audit.models import AuditEntry
from server.core import catalogues, words
from server.core.db import Database
from server.notify.models import Call, CallStep
from server.worker.client import Incoming
from server.worker.ingest import on_messages
from tests.service.telemetry.test_ingest import BOOT, NOW, T0, Bench, rows

TOP = {"kind": "local_alarm_acknowledged", "stream": "tank", "channel": "top_c", "limit": "high"}


def press(at_ms: int = T0 + 3_000, seq: int = 1, drill: str = "", **facts: Any) -> dict[str, Any]:
    """The message of one press."""
    message = {"v": 1, "boot": BOOT, "seq": seq, "t0": at_ms, "clk": {"s": True}, "dt": [0]}
    return message | {"ev": [TOP | facts]} | ({"drill": drill} if drill else {})


@pytest.fixture
def warm(database: Database) -> Bench:
    """A freezer that is too warm since T0 + 2 s; somebody is being called."""
    bench = Bench(database)
    bench.send(rows(1, [-180.0]))
    bench.rule()
    with database.writing() as session:
        step = {"position": 1, "webhook": "http://127.0.0.1:9/", "wait_s": 300}
        session.add(CallStep(org_id=bench.org_id, **step))
    bench.send(rows(2, [-140.0]))
    assert acknowledged(bench) == [""]
    return bench


def acknowledged(bench: Bench) -> list[str]:
    """By whom, of each episode in order."""
    return [e.acknowledged_by_name for e in sorted(bench.all(Episode), key=lambda e: e.id)]


def test_the_button_acknowledges_and_nobody_else_is_called(warm: Bench) -> None:
    warm.send(press(), kind="ev")

    (episode,) = warm.all(Episode)
    assert (episode.acknowledged_by_name, episode.acknowledged_by) == (WHO, None)
    assert (episode.acknowledged_at, episode.cleared_at) == (NOW, None)
    assert [(call.ended_at, call.due_at) for call in warm.all(Call)] == [(NOW, None)]
    with warm.database.reading() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "alarm.acknowledged")
        (audited,) = session.scalars(wanted)
        assert (audited.actor_name, audited.subject_code) == (WHO, str(episode.id))


def test_a_press_that_comes_twice_and_a_second_press_change_nothing(warm: Bench) -> None:
    warm.send(press(), kind="ev")
    warm.send(press(), press(T0 + 4_000, seq=2), kind="ev")

    with warm.database.reading() as session:
        wanted = select(AuditEntry.facts).where(AuditEntry.action == "alarm.acknowledged")
        assert len([json.loads(facts) for facts in session.scalars(wanted)]) == 1


def test_each_episode_wants_a_press_of_its_own(warm: Bench) -> None:
    warm.send(press(), kind="ev")
    warm.send(rows(3, [-180.0]))
    with warm.database.writing() as session:
        assert session.scalars(select(Episode)).one().cleared_at is not None
    warm.send(rows(4, [-130.0]))
    assert acknowledged(warm) == [WHO, ""]

    warm.send(press(T0 + 5_000, seq=2), kind="ev")
    assert acknowledged(warm) == [WHO, WHO]


@pytest.mark.parametrize(
    "message",
    [
        press(drill="monday"),
        press(channel="bottom_c"),
        press(stream="other"),
        press(channel=7),
        press(at_ms=T0 + 1_000),
        press(kind="local_alarm_cleared"),
    ],
    ids=["a drill", "no such channel", "no such stream", "nonsense", "before it", "another event"],
)
def test_what_is_no_answer_to_this_alarm_changes_nothing(
    warm: Bench, message: dict[str, Any]
) -> None:
    warm.send(message, kind="ev")

    assert acknowledged(warm) == [""]
    assert [call.ended_at for call in warm.all(Call)] == [None]


def test_an_old_press_does_not_answer_what_was_over_by_then(warm: Bench) -> None:
    warm.send(rows(3, [-180.0]))
    warm.send(press(T0 + 60_000), kind="ev")

    assert acknowledged(warm) == [""]


def test_of_many_alarms_one_question_tells_that_nobody_pressed(warm: Bench) -> None:
    for seq in range(3, 9):
        warm.send(rows(seq, [-180.0 if seq % 2 else -140.0]))
    assert acknowledged(warm) == [""] * 4
    said: list[str] = []
    event.listen(
        warm.database.reading_engine, "before_cursor_execute", lambda *of: said.append(of[2])
    )
    with warm.database.reading() as session:
        assert not is_any_late(session, NOW)

    asked = [one for one in said if one.startswith("SELECT")]
    assert len(asked) == 2, asked  # the alarms, and who pressed


def test_the_alarm_of_a_drill_is_not_answered_by_a_press(database: Database) -> None:
    bench = Bench(database)
    bench.send(rows(1, [-180.0]))
    bench.rule()
    bench.send(rows(2, [-140.0], drill="monday"))
    bench.send(press(), kind="ev")

    assert acknowledged(bench) == [""]


def test_pages_and_letters_can_say_it_in_chinese() -> None:
    catalogues.load()
    assert words.translate("zh_Hans", WHO) == "液氮罐旁的人（按下按钮）"


def test_a_press_that_arrives_together_with_the_reading_finds_its_alarm(warm: Bench) -> None:
    """The button was pressed without a server; readings and press come later, in one group."""
    warm.send(press(), kind="ev")
    ahead, warmth = press(T0 + 20_500, seq=2), rows(20, [-120.0])
    group = [
        Incoming("ck1/main/tank-1/ev", json.dumps(ahead).encode(), 1, 1),
        Incoming("ck1/main/tank-1/h/tank", json.dumps(warmth | {"hist": True}).encode(), 2, 1),
    ]
    warm.send(rows(4, [-180.0]))
    on_messages(warm.desk, group)

    assert acknowledged(warm) == [WHO, WHO]


LATE = {
    "the reading was taken before the press": ([-140.0], T0 + 2_500, 0.0, [WHO]),
    "its delay still ran at the press": ([-140.0] * 4, T0 + 4_500, 3.0, [WHO]),
    "it began after the press": ([-140.0], T0 + 1_500, 0.0, [""]),
    "it was over at the press": ([-140.0, -180.0], T0 + 9_000, 0.0, [""]),
}


@pytest.mark.parametrize(("values", "pressed_ms", "delay_s", "who"), LATE.values(), ids=LATE)
def test_a_press_that_arrives_before_its_reading_answers_the_alarm_when_it_comes(
    database: Database, values: list[float], pressed_ms: int, delay_s: float, who: list[str]
) -> None:
    bench = Bench(database)
    bench.send(rows(1, [-180.0]))
    bench.rule(delay_on_s=delay_s)
    bench.send(press(pressed_ms), kind="ev")
    bench.send(rows(2, values) | {"hist": True}, kind="h/tank")
    assert acknowledged(bench) == [""]

    for _ in range(2):
        answer_by_the_button(database, bench.desk.clock)

    assert acknowledged(bench) == who
    doors = [given.door for given in bench.all(Acknowledgement)]
    assert doors == ["button"] * who.count(WHO)


def test_a_press_answers_nothing_twice_where_more_persons_are_asked_for(
    database: Database,
) -> None:
    bench = Bench(database)
    bench.send(rows(1, [-180.0]))
    bench.rule(acks_needed=2)
    bench.send(press(), kind="ev")
    bench.send(rows(2, [-140.0]) | {"hist": True}, kind="h/tank")

    assert [answer_by_the_button(database, bench.desk.clock) for _ in range(2)] == [1, 0]
    assert acknowledged(bench) == [""]
    assert len(bench.all(Acknowledgement)) == 1


def test_presses_of_drills_and_of_other_channels_answer_nothing_later(database: Database) -> None:
    bench = Bench(database)
    bench.send(rows(1, [-180.0]))
    bench.rule()
    bench.send(press(drill="monday"), press(seq=2, channel="bottom_c"), kind="ev")
    bench.send(rows(2, [-140.0]) | {"hist": True}, kind="h/tank")

    assert answer_by_the_button(database, bench.desk.clock) == 0
    assert acknowledged(bench) == [""]
