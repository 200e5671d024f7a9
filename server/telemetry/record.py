"""Recording: a group of messages becomes rows, each exactly once, in the caller's transaction."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from edge_agent.wire import codec, topics
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import (
    Ack,
    Bad,
    Catalog,
    CommandResult,
    ConfigReport,
    Events,
    Heartbeat,
    Rows,
    State,
)
from edge_agent.wire.ranges import Ranges
from server.core.clock import to_ms
from server.core.plain import Plain, together
from server.telemetry import dating, device_events, orders, rejected, reports
from server.telemetry.arrival import NUMBERED, Arrival
from server.telemetry.columns import Column, Columns
from server.telemetry.known import CHANNELS_AN_AGENT, Known
from server.telemetry.models import Agent
from server.telemetry.settling import Stream
from server.telemetry.store import FEW, KnownAgent, Latest, Meanwhile, Store, StreamKey
from server.telemetry.stores import store_of

UNKNOWN = WireError(
    "unknown_agent", "no agent of this site and name is enrolled; expected one that is"
)
REVOKED = WireError(
    "revoked_agent",
    "the agent has been revoked; its rows stay in its spool until it is enrolled again",
)
_TOO_MANY = WireError(
    "too_many_channels",
    f"the agent has {CHANNELS_AN_AGENT} channels already; expected no further ones",
)

_SEEN = Plain(update(Agent).where(Agent.id == bindparam("agent")).values(seen_at=bindparam("at")))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent is told after the commit."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Recorded:
    """What a group has brought: columns to judge, answers for after the commit."""

    stored: Columns = field(default_factory=Columns)
    """New readings with their own times."""
    drills: Columns = field(default_factory=Columns)
    present: Columns = field(default_factory=Columns)
    """Live readings without a date: judged, and shown as the latest, by the time of their arrival."""
    happened: list[device_events.Happened] = field(default_factory=list)
    """New events, in the order of their arrival."""
    answers: list[Answer] = field(default_factory=list)
    fresh: set[int] = field(default_factory=set)
    """Channels of which live messages brought rows: sampled just now, whatever time they state."""
    rejected: int = 0

    @property
    def presses(self) -> list[device_events.Press]:
        """Return the buttons that acknowledged alarms at the freezers."""
        return device_events.presses(self.happened)

    def columns(self) -> list[Column]:
        """Return everything that must be judged."""
        return [*self.stored, *self.drills, *self.present]


def record(
    session: Session,
    arrivals: Sequence[Arrival],
    known: Known,
    *,
    now: datetime,
    prefix: str = topics.PREFIX,
    meanwhile: Meanwhile = lambda _readings: None,
) -> Recorded:
    """Store what is new in these messages and say what to answer once that is committed.

    Rows of an unknown or revoked agent are neither stored nor settled. Nothing is committed here; after
    a failed commit the caller calls `known.forget()`. `meanwhile` is called while a database in another
    process stores the readings; it must neither use the session nor raise.
    """
    return _Recording(session, known, now, prefix, meanwhile).take(arrivals)


class _Recording:
    """One group in one transaction."""

    def __init__(
        self, session: Session, known: Known, now: datetime, prefix: str, meanwhile: Meanwhile
    ) -> None:
        self.meanwhile = meanwhile
        self.session, self.known, self.now, self.prefix = session, known, now, prefix
        self.now_ms = to_ms(now)
        self.store: Store = store_of(session)
        self.result = Recorded()
        self.streams: dict[StreamKey, Stream] = {}
        self.topics: dict[int, tuple[str, str]] = {}
        self.dating = dating.Dating(session, self.store, self.now_ms)

    def take(self, arrivals: Sequence[Arrival]) -> Recorded:
        """Sort the group by what it holds, then store it."""
        believed = self._believed(arrivals)
        numbered: list[tuple[KnownAgent, Rows | Events]] = []
        numbered += [
            (agent, a.message) for agent, a in believed if isinstance(a.message, Rows | Events)
        ]
        self._begin_streams(numbered)
        self.dating.load({(a.id, m.boot) for a, m in numbered if not m.clk.s})
        for agent, arrival in believed:
            if isinstance(arrival.message, Rows):
                self._take_rows(agent, arrival, arrival.message)
        events = [(a, m) for a, m in numbered if isinstance(m, Events)]
        little = self._is_little() and not events
        with together(self.session) if little else nullcontext():
            self._store()
            if little:
                self._finish()
        if events:
            self._take_events(events)
        for agent, arrival in believed:
            self._take_report(agent, arrival)
        if not little:
            with together(self.session):
                self._finish()
        self._mark_seen({agent.id for agent, arrival in believed if arrival.is_sign_of_life})
        return self.result

    # who speaks

    def _believed(self, arrivals: Sequence[Arrival]) -> list[tuple[KnownAgent, Arrival]]:
        names = {(a.topic.site, a.topic.agent) for a in arrivals if a.topic}
        agents = self.store.agents(sorted(names)) if names else {}
        believed: list[tuple[KnownAgent, Arrival]] = []
        for arrival in arrivals:
            agent = agents.get((arrival.topic.site, arrival.topic.agent)) if arrival.topic else None
            if agent and not agent.revoked and arrival.topic:
                self.topics[agent.id] = (arrival.topic.site, arrival.topic.agent)
            if error := _why_not(arrival, agent):
                self._reject(arrival, agent, error)
            elif agent:
                believed.append((agent, arrival))
        return believed

    def _reject(self, arrival: Arrival, agent: KnownAgent | None, error: WireError) -> None:
        self._keep(arrival, agent, error)
        may_answer = agent is not None and not agent.revoked
        if may_answer and arrival.topic and arrival.topic.kind in NUMBERED:
            self._answer(
                arrival.topic.site,
                arrival.topic.agent,
                Bad(codec.crc(arrival.payload), error.sentence),
            )

    def _keep(self, arrival: Arrival, agent: KnownAgent | None, error: WireError) -> None:
        rejected.keep(self.session, arrival, agent, error, now=self.now)
        self.result.rejected += 1

    def _answer(self, site: str, code: str, answer: Ack | Bad) -> None:
        topic = topics.build("ack", site, code, prefix=self.prefix)
        self.result.answers.append(Answer(topic, codec.encode(answer)))

    # which rows are new

    def _begin_streams(self, numbered: Sequence[tuple[KnownAgent, Rows | Events]]) -> None:
        keys = sorted({(agent.id, m.boot, m.stream) for agent, m in numbered})
        if keys:
            written = self.store.settled(keys)
            self.streams = {key: Stream.load(key, written[key]) for key in keys}

    def _take_rows(self, agent: KnownAgent, arrival: Arrival, m: Rows) -> None:
        stream = self.streams[agent.id, m.boot, m.stream]
        holes = stream.new_rows(m)
        if not holes:
            stream.settle_voids(m)
            return
        ids = self.known.channel_ids(self.session, agent.id, m.stream, m.ch)
        if ids is None:
            stream.refuse(holes, _TOO_MANY.sentence)
            self._keep(arrival, agent, _TOO_MANY)
            stream.settle_voids(m)
            return
        self._add(agent, m, ids, holes)
        stream.settle(m)

    def _add(self, agent: KnownAgent, m: Rows, ids: tuple[int, ...], holes: Ranges) -> None:
        times, rows, q = _only(m, holes)
        if not m.hist:
            self.result.fresh.update(ids)
        if not m.clk.s and m.drill is None:
            self.dating.wait(agent.id, m, ids, holes)
            zero_ms = self.dating.zero(agent.id, m.boot)
            if zero_ms is None:
                if not m.hist:
                    self.result.present.add(ids, [self.now_ms] * len(times), rows, q)
                return
            times = [zero_ms + at for at in times]
        elif not m.clk.s:
            times = [self.now_ms] * len(times)
        if m.drill is None:
            self.result.stored.add(ids, times, rows, q)
        else:
            self.result.drills.add(ids, times, rows, q, m.drill)

    # what is stored

    def _is_little(self) -> bool:
        """A live message or two is written in one go: an alarm may wait behind it."""
        rows = sum(len(column.times) for column in self.result.stored)
        return rows <= FEW and not self.result.drills and not self.dating.waits

    def _store(self) -> None:
        result = self.result
        if result.stored:
            self.store.add_readings(result.stored, self.meanwhile)
        if result.drills:
            self.store.add_drills(result.drills)
        self.dating.store_waiting()

    def _finish(self) -> None:
        self._bring_up_to_date()
        self._save_streams()

    def _bring_up_to_date(self) -> None:
        result = self.result
        if result.stored:
            marks = {(c.channel_id, hour) for c in result.stored for hour in c.hours()}
            due = self.known.hours_to_mark(marks, self.now_ms)
            if due:
                self.store.hours_due(due)
        latest = [row for c in (*result.stored, *result.present) if (row := self._latest(c))]
        if latest:
            self.store.latest(latest)

    def _latest(self, column: Column) -> Latest | None:
        """The channel's latest reading; a clock that runs ahead must not hide what comes after."""
        at, value, quality = column.newest()
        at = min(at, self.now_ms)
        if not self.known.is_youngest(column.channel_id, at):
            return None
        number_at = column.newest_number()
        number_at = None if number_at is None else min(number_at, self.now_ms)
        return Latest(column.channel_id, at, value, quality, number_at)

    def _take_events(self, events: Sequence[tuple[KnownAgent, Events]]) -> None:
        for agent, message in events:
            stream = self.streams[agent.id, message.boot, message.stream]
            holes = stream.new_rows(message)
            self.result.happened += device_events.take(
                self.session, self.dating, agent.id, message, holes
            )
            stream.settle(message)
        self.dating.date_what_waits()

    def _take_report(self, agent: KnownAgent, arrival: Arrival) -> None:
        message = arrival.message
        if isinstance(message, Heartbeat) and not arrival.retained:
            reports.heartbeat(self.session, agent, message, now=self.now)
            self._send_what_is_due(agent)
        elif isinstance(message, CommandResult):
            orders.take_result(self.session, agent.id, message, now=self.now)
        elif isinstance(message, ConfigReport):
            orders.take_report(self.session, agent.id, message, now=self.now)
        elif isinstance(message, State) and not (arrival.retained and message.online):
            reports.state(self.session, agent, message)
        elif isinstance(message, Catalog) and reports.catalog(
            self.session, agent, message, now=self.now
        ):
            self._keep(arrival, agent, _TOO_MANY)

    def _send_what_is_due(self, agent: KnownAgent) -> None:
        """A heartbeat says that the agent listens: what it has not answered is sent again."""
        due = orders.due(self.session, now=self.now, prefix=self.prefix, agent_id=agent.id)
        self.result.answers += [Answer(one.topic, one.payload) for one in due]

    def _save_streams(self) -> None:
        changed = [stream.written() for stream in self.streams.values() if stream.changed]
        if changed:
            self.store.save_settled(changed)
        for stream in self.streams.values():
            self._answer(*self.topics[stream.key[0]], stream.ack(self.now_ms))

    def _mark_seen(self, agent_ids: set[int]) -> None:
        due = self.known.not_seen_lately(agent_ids, self.now)
        if due:
            with together(self.session):
                for agent_id in due:
                    _SEEN.ask(self.session, agent=agent_id, at=self.now)


def _why_not(arrival: Arrival, agent: KnownAgent | None) -> WireError | None:
    if arrival.topic and agent is None:
        return UNKNOWN
    if agent and agent.revoked:
        return REVOKED
    return arrival.error


def _only(
    m: Rows, holes: Ranges
) -> tuple[list[int], Sequence[Sequence[float | None]], Sequence[Sequence[int]] | None]:
    """The times, values and qualities of the new rows; all of them without copying when all are new."""
    times = m.times
    if len(holes) == 1 and holes[0][1] - holes[0][0] + 1 == m.n:
        return times, m.rows, m.q
    index = [i - m.seq for first, last in holes for i in range(first, last + 1)]
    return (
        [times[i] for i in index],
        [m.rows[i] for i in index],
        None if m.q is None else [m.q[i] for i in index],
    )
