"""Which rows of a group are new, and what each agent is answered about them."""

from dataclasses import dataclass, field

import msgspec

from edge_agent.wire import ranges
from edge_agent.wire.messages import Ack, Events, Refused, Rows
from edge_agent.wire.ranges import Range, Ranges
from server.telemetry.store import StreamKey

_decoder = msgspec.json.Decoder(tuple[tuple[int, int], ...])
_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Stream:
    """One (agent, boot, stream) during one transaction: its settled ranges, and what is asked about."""

    key: StreamKey
    settled: Ranges
    asked: list[Range] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    changed: bool = False

    @classmethod
    def load(cls, key: StreamKey, written: str) -> "Stream":
        """Return the stream with the ranges as the database keeps them."""
        return cls(key, _decoder.decode(written) if written != "[]" else ())

    def new_rows(self, message: Rows | Events) -> Ranges:
        """Return which of the message's rows are not settled yet; usually all or none."""
        first, n = message.seq, message.n
        if n:
            self.asked.append((first, first + n - 1))
        self.asked += message.void
        return ranges.missing(self.settled, first, first + n - 1) if n else ()

    def settle(self, message: Rows | Events) -> None:
        """Settle the message's rows, then its voids: what came first stays."""
        before = self.settled
        if message.n:
            self.settled = ranges.add(before, message.seq, message.seq + message.n - 1)
        self.settle_voids(message)
        self.changed = self.changed or self.settled != before

    def settle_voids(self, message: Rows | Events) -> None:
        """Settle only what the message says will never come."""
        if message.void:
            self.settled = ranges.add_all(self.settled, message.void)
            self.changed = True

    def refuse(self, holes: Ranges, why: str) -> None:
        """Refuse these rows; they stay unsettled."""
        self.refused += [Refused(first, last - first + 1, why) for first, last in holes]

    def written(self) -> tuple[int, str, str, str]:
        """Return the row to be kept."""
        return (*self.key, _encoder.encode(self.settled).decode())

    def ack(self, at_ms: int) -> Ack:
        """Return the commit-ack for everything that was asked in this group."""
        _agent, boot, stream = self.key
        return Ack(
            boot, stream, ranges.upto(self.settled),
            ranges.touching(self.settled, self.asked), tuple(self.refused), at_ms,
        )  # fmt: skip
