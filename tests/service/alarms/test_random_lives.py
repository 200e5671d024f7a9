"""Whatever conditions, persons and the clock do to alarms, in whatever order: every way is in the table, nothing is lost."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import board, jobs, machine, service
from server.alarms.machine import ASIDES, Act, State
from server.alarms.models import AlarmRule, Episode, Suspension
from server.alarms.service import suspensions
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.core.db import Database
from server.core.errors import Conflict, Invalid, Refusal
from server.notify.models import Call
from server.storage.models import Container
from tests.service.alarms.bank import NOON, add_person, add_rule, add_step, make_bank

TICK = timedelta(minutes=2)
RULES = (
    {"severity": "critical", "ack_timeout_s": 900.0},
    {"severity": "warning", "value": -160.0, "acks_needed": 2, "latching": True, "needs_confirming": True},
    {"severity": "high", "value": -155.0, "alarm_class": "safety", "ack_timeout_s": 900.0},
)  # fmt: skip
"""One that runs out; one for two persons, that latches and is confirmed; one of life safety."""
ACTS = {
    "raise", "clear", "acknowledge", "run_out", "reset", "confirm", "shelve", "shelve_once",
    "set_aside", "agree", "end", "bring_back",
}  # fmt: skip
"""All of them have to succeed now and then; else this would show nothing."""
BY_THE_CLOCK: tuple[Act, ...] = ("run_out", "set_aside", "bring_back")

VERBS = (
    "raise", "raise", "clear", "acknowledge", "acknowledge", "reset", "confirm", "shelve", "shelve_once",
    "set_aside", "agree", "end", "wait",
)  # fmt: skip


class Lives(RuleBasedStateMachine):
    """Three rules of one freezer, three persons, and a worker that looks after each act."""

    database: Database
    done: Counter[str]

    @initialize()
    def build(self) -> None:
        self.now, self.known = NOON, dict[int, State]()
        self.holds = set[tuple[int, str]]()
        bank = make_bank(self.database, f"B{self.done['banks']}")
        self.done["banks"] += 1
        self.org, self.freezer = bank.org_id, bank.freezer_id
        with self.database.writing() as session:
            add_step(session, bank, 1, webhook="http://127.0.0.1:9/")
            self.rules = [add_rule(session, bank, **wish).id for wish in RULES]
            names = [f"{name}{bank.org_id}" for name in ("ann", "bo", "chen")]
            found = [add_person(session, bank, name) for name in names]
            self.people = [Actor(id=one.id, name=one.name) for one in found]

    @contextmanager
    def act(self, name: str, ways: tuple[Act, ...] = ()) -> Iterator[Session]:
        """Give a transaction at the next moment; then the table is asked whether it knows what happened."""
        self.now += TICK
        with suppress(Conflict, Invalid):
            with self.database.writing() as session:
                yield session
            self.done[name] += 1
        self._compare(ways)
        self._let_the_worker_look()

    def _let_the_worker_look(self) -> None:
        clock = FixedClock(self.now)
        self.done["run_out"] += jobs.run_out(self.database, clock)
        self.done["bring_back"] += jobs.end_suspensions(self.database, clock)
        self._compare(BY_THE_CLOCK)

    def _compare(self, ways: tuple[Act, ...]) -> None:
        with self.database.reading() as session:
            mine = select(Episode).where(Episode.org_id == self.org)
            states = {one.id: machine.state_of(one) for one in session.scalars(mine)}
        for number, state in states.items():
            before = self.known.get(number)
            assert before is None or state in reachable(before, ways), (number, before, state, ways)
        assert self.known.keys() <= states.keys()
        self.known = states

    @rule(what=st.sampled_from(VERBS), by=st.integers(0, 2), n=st.integers(0, 119))
    def somebody_acts(self, what: str, by: int, n: int) -> None:
        """One rule for all: the tool would leave whole rules out of most of its runs."""
        getattr(self, f"_{what}")(self.people[by], n)

    def _raise(self, _by: Actor, n: int) -> None:
        drill = "" if n % 4 else "weekly"
        with self.act("raise") as session:
            found = session.get_one(AlarmRule, self.rules[n % 3])
            service.raise_episode(
                session, found, raised_at=self.now, value=-149.0, drill=drill, now=self.now
            )
            self.holds.add((found.id, drill))

    def _clear(self, _by: Actor, n: int) -> None:
        if not self.holds:
            return
        held = sorted(self.holds)[n % len(self.holds)]
        with self.act("clear", ("clear",)) as session:
            found, drill = session.get_one(AlarmRule, held[0]), held[1]
            assert service.clear_episode(session, found, at=self.now, drill=drill, now=self.now)
            assert not service.clear_episode(session, found, at=self.now, drill=drill, now=self.now)
            self.holds.discard(held)

    def _acknowledge(self, by: Actor, n: int) -> None:
        with self.act("acknowledge", ("acknowledge", "answer")) as session:
            episode = self._episode(session, "acknowledge", n)
            service.acknowledge(session, by, episode, "", at=self.now)

    def _reset(self, by: Actor, n: int) -> None:
        with self.act("reset", ("reset",)) as session:
            episode = self._episode(session, "reset", n)
            service.reset(session, by, episode, at=self.now)

    def _confirm(self, by: Actor, n: int) -> None:
        with self.act("confirm", ("confirm",)) as session:
            episode = self._episode(session, "confirm", n)
            service.confirm(session, by, episode, "gasket", at=self.now)

    def _shelve(self, by: Actor, n: int) -> None:
        with self.act("shelve", ("set_aside",)) as session:
            thing = session.get_one(AlarmRule, self.rules[n % 3])
            self._set(session, by, thing, "shelved_timed", (0.5, 2.0, 20.0, 30.0)[n % 4])

    def _shelve_once(self, by: Actor, n: int) -> None:
        with self.act("shelve_once", ("set_aside",)) as session:
            self._set(
                session, by, session.get_one(AlarmRule, self.rules[n % 3]), "shelved_once", 20.0
            )

    def _set_aside(self, by: Actor, n: int) -> None:
        with self.act("set_aside", ("set_aside",)) as session:
            freezer = session.get_one(Container, self.freezer)
            self._set(session, by, freezer, "out_of_service", (1.0, 20.0)[n % 2])

    def _set(
        self, session: Session, by: Actor, thing: AlarmRule | Container, mode: str, hours: float
    ) -> None:
        until = self.now + timedelta(hours=hours)
        suspensions.set_aside(session, by, thing, mode, "repair", until=until, at=self.now)

    def _agree(self, by: Actor, n: int) -> None:
        with self.act("agree", ("set_aside",)) as session:
            suspensions.agree(session, by, self._suspension(session, n), at=self.now)

    def _end(self, by: Actor, n: int) -> None:
        with self.act("end", ("bring_back", "set_aside")) as session:
            suspensions.end(session, by, self._suspension(session, n), at=self.now)

    def _wait(self, _by: Actor, n: int) -> None:
        self.now += timedelta(minutes=(10, 20, 45, 180)[n % 4])
        self._let_the_worker_look()

    def _episode(self, session: Session, act: Act, n: int) -> Episode:
        """One of the newest; three times of four one with which this can be done, where there is one."""
        mine = select(Episode).where(Episode.org_id == self.org).order_by(Episode.id.desc())
        found = session.scalars(mine.limit(6)).all()
        fit = [one for one in found if machine.why_not(machine.state_of(one), act) is None]
        chosen = fit if fit and n % 4 else found
        _refuse_unless(chosen)
        return chosen[n % len(chosen)]

    def _suspension(self, session: Session, n: int) -> Suspension:
        mine = Suspension.org_id == self.org, Suspension.ended_at.is_(None)
        found = session.scalars(select(Suspension).where(*mine).order_by(Suspension.id)).all()
        _refuse_unless(found)
        return found[n % len(found)]

    @invariant()
    def nothing_active_is_lost(self) -> None:
        if not hasattr(self, "org"):
            return
        with self.database.reading() as session:
            mine = session.scalars(select(Episode).where(Episode.org_id == self.org)).all()
            calls = Call.org_id == self.org, Call.ended_at.is_(None)
            called = Counter(session.scalars(select(Call.about_id).where(*calls)))
            shown = {
                one.episode.id for one in board.unfinished(session, frozenset({self.org}), self.now)
            }
            rows = select(Suspension).where(Suspension.org_id == self.org)
            aside = {one.id: one for one in session.scalars(rows)}
        going_on = [(one.rule_id, one.drill) for one in mine if one.cleared_at is None]
        assert Counter(going_on) == Counter(self.holds)
        for episode in mine:
            state = machine.state_of(episode)
            assert (episode.id in shown) is not state.finished
            assert called[episode.id] <= (1 if state.calls else 0)
            if state.active and state.calls:
                assert called[episode.id] == 1, (
                    "it goes on, nobody has answered, and nobody is called"
                )
            if state.silenced:
                self._is_rightly_silent(episode, aside)

    def _is_rightly_silent(self, episode: Episode, aside: dict[int, Suspension]) -> None:
        assert episode.drill == ""
        assert episode.suspension_id is not None
        row = aside[episode.suspension_id]
        assert row.ended_at is None
        assert row.until > self.now
        assert row.agreed_at is not None
        assert episode.alarm_class != "safety" or row.second_by_id is not None


def reachable(before: State, ways: tuple[Act, ...]) -> set[State]:
    """Return where these acts can lead, one or two of them, by the table alone."""
    found = {before}
    for _step in range(2):
        found |= {
            machine.after(state, way, aside)
            for state in found
            for way in ways
            for aside in (ASIDES[1:] if way == "set_aside" else ("",))
            if machine.why_not(state, way, aside) is None
        }
    return found


def _refuse_unless(there: Sequence[object]) -> None:
    if not there:
        raise Conflict(Refusal("none", "nothing to do that to"))


def test_no_way_outside_the_table_and_nothing_active_is_ever_lost(
    database: Database, request: pytest.FixtureRequest
) -> None:
    class Here(Lives):
        pass

    Here.database, Here.done = database, Counter()
    Here.TestCase.settings = settings(
        max_examples=20 if database.dialect == "sqlite" else 10,
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    Here.TestCase("runTest").runTest()
    missing = ACTS - {name for name, times in Here.done.items() if times}
    assert missing == set(), f"never succeeded: {missing}"
