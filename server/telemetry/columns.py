"""Readings by channel: the new rows of a whole group of messages, ready to be stored and judged."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

HOUR_MS = 3_600_000
SIX_HOURS_MS = 6 * HOUR_MS


@dataclass(slots=True)
class Column:
    """New readings of one channel, in the order of their arrival; all lists have one length."""

    channel_id: int
    drill: str = ""
    times: list[int] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    qualities: list[int] = field(default_factory=list)

    def newest(self) -> tuple[int, float | None, int]:
        """Return time, value and quality of the youngest reading."""
        times = self.times
        at = times[-1]
        index = len(times) - 1
        if (youngest := max(times)) != at:
            index = times.index(youngest)
        return times[index], self.values[index], self.qualities[index]

    def newest_number(self) -> int | None:
        """Return the time of the youngest reading that has a number, or None."""
        if self.values[-1] is not None and self.times[-1] == max(self.times):
            return self.times[-1]
        found = [at for at, v in zip(self.times, self.values, strict=True) if v is not None]
        return max(found, default=None)

    def hours(self) -> Iterable[int]:
        """Return the hours, by their first millisecond, into which readings came."""
        first, last = min(self.times) // HOUR_MS, max(self.times) // HOUR_MS
        if first == last:
            return (first * HOUR_MS,)
        return {at // HOUR_MS * HOUR_MS for at in self.times}


Key = tuple[int, str]


class Columns:
    """Columns by channel and drill; `add` takes a table of rows apart."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Column] = {}

    def add(
        self,
        channel_ids: Sequence[int],
        times: Sequence[int],
        rows: Sequence[Sequence[float | None]],
        q: Sequence[Sequence[int]] | None,
        drill: str = "",
    ) -> None:
        """Append every channel's values of these rows to its column."""
        by_key = self.by_key
        zeros = [0] * len(times)
        for k, (channel_id, values) in enumerate(
            zip(channel_ids, zip(*rows, strict=True), strict=True)
        ):
            column = by_key.get((channel_id, drill))
            if column is None:
                column = by_key[channel_id, drill] = Column(channel_id, drill)
            column.times += times
            column.values += values
            column.qualities += zeros if q is None else [row[k] for row in q]

    def __iter__(self) -> Iterator[Column]:
        """Go through the columns in the order in which their channels came first."""
        return iter(self.by_key.values())

    def __len__(self) -> int:
        """Count the columns."""
        return len(self.by_key)
