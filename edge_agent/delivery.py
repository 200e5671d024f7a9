"""What to send, when, and what an answer means: the agent's half of the protocol of wire.md.

A state machine that knows no network: the uplink tells it of connections and answers and asks what is
due. It keeps promises by the spool alone, so it may be thrown away and begun anew at any moment.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from edge_agent.clock import Moment
from edge_agent.flight import (
    FIRST_WAIT_MS,
    LONGEST_WAIT_MS,
    Flight,
    Jitter,
    Outgoing,
    SetAside,
    wait_ms,
)
from edge_agent.pace import Pace
from edge_agent.packing import VOIDS_AT_ONCE, empty_message, message_of, run_of
from edge_agent.rows import HeldRow, Key
from edge_agent.spool import Spool
from edge_agent.wire import ranges
from edge_agent.wire.bounds import ROWS, SEQ_MAX
from edge_agent.wire.codec import crc, encode
from edge_agent.wire.messages import Ack, Bad, Clk, Events, Refused, Rows
from edge_agent.wire.ranges import Ranges
from edge_agent.wire.topics import EVENTS_STREAM

BACKLOG_AT_ONCE: Final = 4
LIVE_AT_ONCE: Final = 20
"""Unanswered live messages of one stream; beyond it live rows are gathered into fewer messages."""
SUSPECT_AFTER: Final = 3
"""So often must later messages be answered and this one not before it is taken for poisonous."""
SINGLE_SUSPECT_AFTER: Final = 6


class Delivery:
    """Decides what to publish. Times are milliseconds of a clock that never jumps."""

    def __init__(self, spool: Spool, jitter: Jitter, *, backlog_share: float = 1.0) -> None:
        self._spool = spool
        self._jitter = jitter
        self._connected = False
        self._pace = Pace(backlog_share)
        self._flights: list[Flight] = []
        self._live_from: dict[str, int] = {}
        self._sent_to: dict[str, int] = {}
        self._cuts: dict[Key, set[int]] = {}
        self._more = False
        self._sent = 0
        self._answered_order = 0
        """The place, in the order of sending, of the latest backlog message that was answered."""
        self._answered_ms = 0
        self._set_aside: list[SetAside] = []
        self._poison_why = "the server answered later messages but never this one"

    # what happens

    def connected(self) -> None:
        """A new connection: what is unanswered is sent again at once, as backlog.

        Only the newest row of each stream goes live, so that the present is known first.
        """
        self._connected = True
        self._flights.clear()
        self._pace.reset()
        for boot, stream in self._spool.streams():
            if boot == self._spool.boot:
                self._live_from[stream] = max(self._spool.next_seq((boot, stream)) - 1, 1)

    def disconnected(self) -> None:
        """The connection is gone: nothing is due until the next one."""
        self._connected = False
        self._flights.clear()

    def answer(self, answer: Ack | Bad, now: Moment) -> None:
        """Take the server's answer. What it says about rows that are not held is ignored."""
        self._break_silence(now.mono_ms)
        if isinstance(answer, Bad):
            self._bad(answer, now)
        else:
            self._ack(answer, now.wall_ms)
        self._pace.answered(now.mono_ms, self._backlog_in_flight())

    def due(self, now: Moment, clk: Clk, backlog: int = BACKLOG_AT_ONCE) -> list[Outgoing]:
        """All that is to be published now, live rows first, and at most so many messages of the backlog.

        Where more of it might go, `next_due_ms` says at once: who asks for one at a time samples in between,
        for packing two thousand rows takes a small machine a good part of a second.
        """
        self._more = False
        if not self._connected:
            return []
        self._expire(now.mono_ms)
        out = [*self._live(now.mono_ms), *self._again(now, clk)]
        while self._pace.may_send(now.mono_ms, self._backlog_in_flight(), BACKLOG_AT_ONCE):
            self._more = backlog == 0
            if self._more:
                break
            backlog -= 1
            more = self._next_void(now, clk) or self._next_backlog(now.mono_ms)
            if more is None:
                break
            self._pace.sent(now.mono_ms)
            out.append(more)
        return [*out, *self._probe(now, clk)]

    def next_due_ms(self) -> int | None:
        """When `due` should be asked again although nothing has happened, or None; 0 is at once."""
        if self._more:
            return 0
        marks = [flight.due_ms for flight in self._flights]
        return min([*marks, *self._pace.pause_ends_ms()], default=None)

    def set_aside(self) -> list[SetAside]:
        """What has been refused since the last call."""
        found, self._set_aside = self._set_aside, []
        return found

    # answers

    def _ack(self, ack: Ack, wall_ms: int) -> None:
        key = (ack.boot, ack.stream)
        settled = self._believable(ack)
        refused = [self._refuse(key, item, wall_ms) for item in ack.refused]
        self._spool.settle(key, settled)
        done = ranges.add_all(settled, refused)
        for flight in [f for f in self._flights if f.key == key]:
            if self._is_over(flight, done):
                self._land(flight)
        self._forget_cuts(key)

    def _put_aside(self, key: Key, first: int, last: int, why: str, wall_ms: int) -> None:
        if self._spool.refuse(key, first, last, why, wall_ms):
            self._set_aside.append(SetAside(key, first, last, why))

    def _believable(self, ack: Ack) -> Ranges:
        """What the ack settles; in the present boot nothing above the highest number sent."""
        settled = ranges.add_all(ack.more, [(1, ack.upto)] if ack.upto else [])
        if ack.boot != self._spool.boot:
            return settled
        highest = self._sent_to.get(ack.stream, 0)
        return tuple((a, min(b, highest)) for a, b in settled if a <= highest)

    def _refuse(self, key: Key, item: Refused, wall_ms: int) -> tuple[int, int]:
        last = item.seq + item.n - 1
        if key[0] != self._spool.boot or last <= self._sent_to.get(key[1], 0):
            self._put_aside(key, item.seq, last, item.why, wall_ms)
        return item.seq, last

    def _is_over(self, flight: Flight, done: Ranges) -> bool:
        """Take what is done from the flight; a probe is over with any answer on its stream."""
        if flight.voids:
            return not set(self._spool.voids(flight.key)) & set(flight.voids)
        left: Ranges = ()
        for first, last in flight.open:
            for hole in ranges.missing(done, first, last):
                left = (*left, hole)
        flight.open = left
        return not left

    def _land(self, flight: Flight) -> None:
        self._flights.remove(flight)
        if not flight.live:
            self._answered_order = max(self._answered_order, flight.order)

    def _break_silence(self, now_ms: int) -> None:
        """An answer after a silence: what has been waiting for long is tried again soon."""
        if now_ms - self._answered_ms > FIRST_WAIT_MS:
            for flight in self._flights:
                if not flight.suspected:
                    flight.due_ms = min(flight.due_ms, now_ms + FIRST_WAIT_MS)
        self._answered_ms = now_ms

    def _bad(self, bad: Bad, now: Moment) -> None:
        flight = next((f for f in self._flights if f.crc == bad.crc), None)
        if flight is None:
            return
        if flight.open:
            self._halve(flight, bad.why, now.wall_ms)
        else:
            flight.due_ms = now.mono_ms + LONGEST_WAIT_MS
            flight.crc = 0

    def _halve(self, flight: Flight, why: str, wall_ms: int) -> None:
        """Send the rows in two halves from now on, or set a single row aside."""
        self._flights.remove(flight)
        held = self._spool.rows(flight.key, flight.first, flight.last, ROWS)
        if len(held) == 1:
            self._put_aside(flight.key, held[0].seq, held[0].seq, why, wall_ms)
        elif held:
            middle = held[len(held) // 2].seq
            cuts = self._cuts.setdefault(flight.key, set())
            cuts |= {held[0].seq, middle, held[-1].seq + 1}

    def _forget_cuts(self, key: Key) -> None:
        """Cuts below the lowest held row have done their work."""
        if key in self._cuts:
            lowest = self._spool.rows(key, 1, SEQ_MAX, 1)
            kept = {cut for cut in self._cuts[key] if lowest and cut > lowest[0].seq}
            self._cuts[key] = kept
            if not kept:
                del self._cuts[key]

    # sending

    def _expire(self, now_ms: int) -> None:
        """A live message that stays unanswered becomes backlog."""
        self._flights = [f for f in self._flights if not (f.live and f.due_ms <= now_ms)]

    def _live(self, now_ms: int) -> Iterator[Outgoing]:
        boot = self._spool.boot
        for key in [k for k in self._spool.streams() if k[0] == boot]:
            first = self._live_from.setdefault(key[1], 1)
            while first < self._spool.next_seq(key) and self._live_in_flight(key) < LIVE_AT_ONCE:
                rows = run_of(self._spool.rows(key, first, SEQ_MAX, ROWS))
                first = rows[-1].seq + 1 if rows else self._spool.next_seq(key)
                self._live_from[key[1]] = first
                if rows:
                    yield self._send_rows(key, rows, now_ms, live=True)

    def _again(self, now: Moment, clk: Clk) -> Iterator[Outgoing]:
        """Backlog messages whose time is up, sent again as they were."""
        for flight in [f for f in self._flights if not f.live and f.due_ms <= now.mono_ms]:
            if flight.open and self._is_poisonous(flight):
                self._halve(flight, self._poison_why, now.wall_ms)
            elif flight.open != ((flight.first, flight.last),) and flight.open:
                self._flights.remove(flight)
            else:
                yield self._resend(flight, now, clk)

    def _is_poisonous(self, flight: Flight) -> bool:
        """Say whether the server has often enough answered what was sent after this message."""
        if self._answered_order > flight.order:
            flight.suspected += 1
        single = flight.first == flight.last
        return flight.suspected >= (SINGLE_SUSPECT_AFTER if single else SUSPECT_AFTER)

    def _resend(self, flight: Flight, now: Moment, clk: Clk) -> Outgoing:
        again = replace(flight, attempt=flight.attempt + 1)
        self._flights.remove(flight)
        if flight.open:
            rows = self._spool.rows(flight.key, flight.first, flight.last, ROWS)
            return self._launch(again, message_of(flight.key, rows, hist=True), now.mono_ms)
        seq = self._spool.next_seq(flight.key)
        message = empty_message(flight.key, seq, _stamp_ms(now, clk), clk, flight.voids)
        return self._launch(again, message, now.mono_ms)

    def _next_void(self, now: Moment, clk: Clk) -> Outgoing | None:
        busy = {flight.key for flight in self._flights if flight.voids}
        for key in self._spool.streams():
            voids = self._spool.voids(key)[:VOIDS_AT_ONCE]
            if voids and key not in busy:
                message = empty_message(
                    key, self._spool.next_seq(key), _stamp_ms(now, clk), clk, voids
                )
                return self._launch(Flight(key, 0, 0, (), voids), message, now.mono_ms)
        return None

    def _next_backlog(self, now_ms: int) -> Outgoing | None:
        for key in self._spool.streams():
            taken = self._taken(key)
            if self._spool.held(key) > ranges.count(taken):
                rows = self._lowest(key, taken)
                if rows:
                    return self._send_rows(key, rows, now_ms, live=False)
        return None

    def _taken(self, key: Key) -> Ranges:
        """Numbers that are under way or will go live."""
        taken: Ranges = ()
        for flight in self._flights:
            if flight.key == key:
                taken = ranges.add_all(taken, flight.open)
        if key[0] == self._spool.boot:
            taken = ranges.add(taken, self._live_from.get(key[1], 1), self._spool.next_seq(key) - 1)
        return taken

    def _lowest(self, key: Key, taken: Ranges) -> list[HeldRow]:
        """The lowest run of rows that is not taken."""
        for first, last in ranges.missing(taken, 1, SEQ_MAX):
            rows = self._spool.rows(key, first, last, ROWS)
            if rows:
                cuts = [c for c in self._cuts.get(key, ()) if c > rows[0].seq]
                end = min(cuts, default=SEQ_MAX)
                return run_of([row for row in rows if row.seq < end])
        return []

    def _probe(self, now: Moment, clk: Clk) -> Iterator[Outgoing]:
        """With nothing but stuck messages under way, ask: silent server or poisonous row?"""
        backlog = [f for f in self._flights if not f.live]
        stuck = [f for f in backlog if f.attempt > 0 and not f.is_probe]
        if stuck and len(stuck) == len(backlog):
            key = stuck[0].key
            message = empty_message(key, self._spool.next_seq(key), _stamp_ms(now, clk), clk)
            yield self._launch(Flight(key, 0, 0, ()), message, now.mono_ms)

    def _send_rows(self, key: Key, rows: list[HeldRow], now_ms: int, *, live: bool) -> Outgoing:
        first, last = rows[0].seq, rows[-1].seq
        flight = Flight(key, first, last, ((first, last),), live=live)
        return self._launch(flight, message_of(key, rows, hist=not live), now_ms)

    def _launch(self, flight: Flight, message: Rows | Events, now_ms: int) -> Outgoing:
        payload = encode(message)
        self._sent += 1
        flight.crc, flight.order = crc(payload), self._sent
        flight.due_ms = now_ms + wait_ms(flight.attempt, self._jitter())
        self._flights.append(flight)
        boot, stream = flight.key
        if boot == self._spool.boot:
            highest = max(flight.last, flight.voids[-1][1] if flight.voids else 0)
            self._sent_to[stream] = max(self._sent_to.get(stream, 0), highest)
        kind = "ev" if stream == EVENTS_STREAM else ("t" if flight.live else "h")
        return Outgoing(kind, stream, payload)

    def _live_in_flight(self, key: Key) -> int:
        return sum(f.live and f.key == key for f in self._flights)

    def _backlog_in_flight(self) -> int:
        return sum(not f.live for f in self._flights)


def _stamp_ms(now: Moment, clk: Clk) -> int:
    """The time for a message without rows, on the scale that its clock's quality asks for."""
    return now.wall_ms if clk.s else now.mono_ms
