"""The agent: samples, keeps, alarms and delivers, in one loop on one thread."""

import logging
import queue
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from edge_agent import health
from edge_agent.clock import Clock, Moment, kernel_boot
from edge_agent.clock_watch import ClockWatch
from edge_agent.config import Config, service_manager
from edge_agent.control.hands import Hands
from edge_agent.control.slots import Good, Slots
from edge_agent.control.steering import Steering
from edge_agent.damage import damage_events
from edge_agent.delivery import Delivery
from edge_agent.flight import Outgoing
from edge_agent.keeper import Keeper
from edge_agent.local_alarm import KEEP_AROUND_MS, LocalAlarm
from edge_agent.rows import NewRow, event_row, new_boot
from edge_agent.sampler import Sampler
from edge_agent.signal_tower import SignalTower
from edge_agent.spool import Boot, Spool, SpoolError
from edge_agent.standing import Memory
from edge_agent.thinning import make_room
from edge_agent.uplink import Arrived, Broken, Down, Note, Up, Uplink, Will
from edge_agent.wire import topics
from edge_agent.wire.codec import decode_answer, encode
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Clk, State

_LOG = logging.getLogger(__name__)
_TICK_MS: Final = 1_000
_NOTES_AT_ONCE: Final = 200
_CATALOG_EVERY_MS: Final = 600_000


class Stop:
    """The note that ends the loop."""


class Agent:
    """One run of the agent; `stop` may be called from any thread or signal handler."""

    def __init__(
        self, config: Config, clock: Clock, spool: Spool, slots: Slots | None = None,
        is_good: Good = lambda _remote: "", *, makeshift: str = "",
    ) -> None:  # fmt: skip
        self._makeshift = makeshift
        """Why the spool lies in memory, if it does."""
        self._confession = [{"kind": "spool_trouble", "why": makeshift[:200]}] if makeshift else []
        self._config, self._clock, self._spool = config, clock, spool
        self._inbox: queue.SimpleQueue[Note | Stop] = queue.SimpleQueue()
        self._stopping = False
        now = clock.now()
        self._has_dated = False
        self._begin_boot(now)
        self._keeper = Keeper(spool)
        self._samplers = [Sampler(stream, now.mono_ms) for stream in config.streams]
        self._memory = Memory(config.control.folder / "alarms.json")
        stood = self._memory.recall(now, clock_is_set=clock.is_set())
        self._alarm = LocalAlarm(config.limits, now.mono_ms, stood)
        self._signals = SignalTower(config, now.mono_ms, stood=self._alarm.restored)
        self._manager = service_manager()
        share = config.agent.backlog_share
        self._delivery = Delivery(spool, random.random, backlog_share=share)
        self._catalog = health.catalog(config, spool.boot)
        self.restart_wanted = False
        """The process is to begin anew once `run` has ended."""
        slots = Slots.of(config) if slots is None else slots
        hands = Hands(self._publish, self._list, self._resend, self._reconnect, self._restart)
        self._steering = Steering(config, spool.boot, self._catalog.version, slots, is_good, hands)
        self._uplink = self._new_uplink()
        self._clock_watch = ClockWatch()
        self._up = False
        self._heard = False
        self._heartbeat_ms = self._catalog_ms = self._tick_ms = now.mono_ms

    def run(self) -> None:
        """Work until stopped."""
        _LOG.info("agent %s began boot %s", self._config.agent.id, self._spool.boot)
        self._uplink.start()
        self._signals.start()
        try:
            while not self._stopping:
                now, clk = self._now()
                self._sample(now, clk)
                self._report(now, clk)
                self._deliver(now, clk)
                self._steering.tick(now, clk)
                self._manager.turned(now.mono_ms, takes_rows=self._keeper.takes_rows)
                self._stopping |= self.restart_wanted and not self._keeper.unwritten
                self._listen(0 if self._stopping else self._wait_ms())
        finally:
            if not self.restart_wanted:
                self._manager.stopping()
            self._uplink.stop()
            self._signals.close()
            for sampler in self._samplers:
                sampler.close()
        _LOG.info("agent %s stopped", self._config.agent.id)

    def stop(self) -> None:
        """End the loop soon."""
        self._inbox.put(Stop())

    def _begin_boot(self, now: Moment) -> None:
        kernel, age_ms = kernel_boot()
        boot = Boot(
            new_boot(), now.wall_ms, kernel, age_ms - now.mono_ms, dated=self._clock.is_set()
        )
        self._spool.begin_boot(boot)

    def _new_uplink(self) -> Uplink:
        offline = encode(State(online=False, boot=self._spool.boot))
        will = Will(self._topic("state"), offline)
        name = f"{self._config.agent.site}.{self._config.agent.id}"
        return Uplink(
            self._config.server, name, self._topic("ack"), will, self._inbox.put,
            also=self._steering.subscriptions, clock_is_set=self._clock.is_set,
        )  # fmt: skip

    def _publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        self._uplink.publish(topic, payload, qos=qos, retain=retain)

    def _list(self) -> None:
        self._catalog_ms = 0

    def _resend(self) -> None:
        self._delivery.connected()

    def _reconnect(self) -> None:
        self._uplink.reconnect()

    def _restart(self) -> None:
        self.restart_wanted = True

    def _topic(self, kind: str, stream: str | None = None) -> str:
        agent = self._config.agent
        return topics.build(kind, agent.site, agent.id, stream, self._config.server.prefix)

    def _now(self) -> tuple[Moment, Clk]:
        clk = Clk(self._clock.is_set(), self._clock.offset_ms())
        return self._clock.now(), clk

    # sampling

    def _sample(self, now: Moment, clk: Clk) -> None:
        rows: list[NewRow] = []
        for sampler in self._samplers:
            if not sampler.done():
                rows += sampler.rows(now, clk)
        self._steering.saw(rows, now.mono_ms)
        events = [e for row in rows for e in self._alarm.consider(row, now.mono_ms)]
        events += self._alarm.tick(now.mono_ms) if now.mono_ms >= self._tick_ms else []
        dates = self._newly_dated(now, clk)
        events += [*dates.values(), *self._clock_watch.look(now, clk)]
        events += [*self._refusals(), *damage_events(self._spool)]
        rows = [replace(row, keep=True) for row in rows] if self._alarm.keeps(now.mono_ms) else rows
        events += self._steering.events()
        events += self._confession
        self._confession = []
        in_memory_only = bool(self._keeper.unwritten or self._makeshift)
        events += self._signals.turn(events, now.mono_ms, in_memory_only=in_memory_only)
        rows += [*(_event(event, now, clk) for event in events), *self._steering.rows(now, clk)]
        if rows or now.mono_ms >= self._tick_ms:
            self._keeper.keep(rows, now, clk, dates=tuple(dates))
        standing = self._alarm.standing(self._signals.acknowledged)
        self._memory.keep(standing, now, clock_is_set=clk.s)
        for event in events:
            _LOG.warning("%s", ", ".join(f"{key} {fact}" for key, fact in event.items()))
        if now.mono_ms >= self._tick_ms:
            self._tick_ms = now.mono_ms + _TICK_MS
            self._tend(events, now, clk)

    def _tend(self, events: Sequence[Mapping[str, Any]], now: Moment, clk: Clk) -> None:
        """Once a second: what came before an alarm is kept for good, and a full spool is thinned."""
        raised = {e["stream"] for e in events if e["kind"] == "local_alarm_raised"}
        at_ms = now.wall_ms if clk.s else now.mono_ms
        try:
            for stream in raised:
                self._spool.keep_since(stream, at_ms - KEEP_AROUND_MS)
            make_room(self._spool, self._config.agent.space_mb * 1_000_000, now, clk)
        except SpoolError as error:
            _LOG.error("%s", error)

    def _newly_dated(self, now: Moment, clk: Clk) -> dict[str, dict[str, Any]]:
        """Once, as soon as the clock is set: for each undated boot the event that dates it.

        Also for earlier starts under the same kernel, when the clock was set while no agent ran.
        """
        if self._has_dated or not clk.s:
            return {}
        self._has_dated = True
        kernel, age_ms = kernel_boot()
        return {
            boot.name: {
                "kind": "clock",
                "boot": boot.name,
                "zero_ms": now.wall_ms - (age_ms - boot.zero_ms),
            }
            for boot in self._spool.undated_boots(kernel)
            if kernel or boot.name == self._spool.boot
        }

    def _refusals(self) -> list[dict[str, Any]]:
        """Events that tell why rows were set aside; not for events, which could go on for ever."""
        return [
            {
                "kind": "rows_refused",
                "boot": item.key[0],
                "stream": item.key[1],
                "first": item.first,
                "last": item.last,
                "why": item.why[:200],
            }
            for item in self._delivery.set_aside()
            if item.key[1] != topics.EVENTS_STREAM
        ]

    # talking

    def _report(self, now: Moment, clk: Clk) -> None:
        """Heartbeat and catalogue, when they are due; what is refused too long ago is forgotten."""
        if not self._up:
            return
        if now.mono_ms >= self._catalog_ms:
            self._catalog_ms = now.mono_ms + _CATALOG_EVERY_MS
            self._uplink.publish(self._topic("catalog"), encode(self._catalog))
        if now.mono_ms >= self._heartbeat_ms:
            self._heartbeat_ms = now.mono_ms + round(self._config.agent.heartbeat_s * 1000)
            beat = health.heartbeat(
                self._spool, self._catalog, now, clk, unwritten=self._keeper.unwritten
            )
            self._uplink.publish(self._topic("hb"), encode(beat))
            self._tidy(now, clk)

    def _tidy(self, now: Moment, clk: Clk) -> None:
        try:
            if clk.s:
                self._spool.forget_refused(now.wall_ms)
        except SpoolError as error:
            _LOG.warning("%s", error)

    def _deliver(self, now: Moment, clk: Clk) -> None:
        try:
            due = self._delivery.due(now, clk, backlog=1)
        except SpoolError as error:
            _LOG.error("%s", error)
            return
        for outgoing in due:
            self._send(outgoing)

    def _send(self, outgoing: Outgoing) -> None:
        stream = None if outgoing.kind == "ev" else outgoing.stream
        self._uplink.publish(self._topic(outgoing.kind, stream), outgoing.payload)

    # listening

    def _wait_ms(self) -> int:
        now_ms = self._clock.now().mono_ms
        marks = [s.due_ms for s in self._samplers if not s.done()]
        due_ms = self._delivery.next_due_ms()
        marks += [self._tick_ms, self._tick_ms if due_ms is None else due_ms]
        return max(0, min(marks) - now_ms)

    def _listen(self, wait_ms: int) -> None:
        """Take the notes that are there; wait for the first one."""
        try:
            self._take(
                self._inbox.get(timeout=wait_ms / 1000) if wait_ms else self._inbox.get_nowait()
            )
            for _ in range(_NOTES_AT_ONCE):
                self._take(self._inbox.get_nowait())
        except queue.Empty:
            return

    def _take(self, note: Note | Stop) -> None:
        if isinstance(note, Stop):
            self._stopping = True
        elif isinstance(note, Up):
            self._came_up()
        elif isinstance(note, Down):
            self._went_down(note)
        elif isinstance(note, Broken):
            raise note.error
        elif note.topic == self._topic("ack"):
            self._answered(note)
        else:
            self._steering.take(note.topic, note.payload, *self._now())

    def _came_up(self) -> None:
        _LOG.info("connected to %s:%d", self._config.server.host, self._config.server.port)
        online = encode(State(online=True, boot=self._spool.boot))
        self._uplink.publish(self._topic("state"), online, retain=True)
        self._up, self._heard = True, False
        self._heartbeat_ms = self._catalog_ms = 0
        self._delivery.connected()
        self._steering.connected()

    def _went_down(self, note: Down) -> None:
        _LOG.warning("%s; %d rows wait in the spool", note.why, self._spool.depth())
        self._up = False
        self._delivery.disconnected()

    def _answered(self, note: Arrived) -> None:
        try:
            self._delivery.answer(decode_answer(note.payload), self._clock.now())
        except WireError as error:
            _LOG.warning("an answer on %s cannot be read: %s", note.topic, error)
            return
        except SpoolError as error:
            _LOG.error("%s", error)
            return
        self._signals.heard(self._clock.now().mono_ms)
        if not self._heard:
            self._heard, self._catalog_ms = True, 0
            self._steering.heard()


def _event(event: Mapping[str, Any], now: Moment, clk: Clk) -> NewRow:
    return event_row(now.wall_ms if clk.s else now.mono_ms, clk, **event)
