"""Rows of a boot whose clock was never set: they wait with both their times until the boot is dated.

An undated row is always kept in `undated_reading`, with the time since its boot and the time at which it
arrived; as soon as the boot's beginning is known it stands among the readings too.
"""

import json
from collections.abc import Iterable

from sqlalchemy import BigInteger, cast, insert, literal, select, text, tuple_
from sqlalchemy.orm import Session

from edge_agent.wire.messages import Rows
from edge_agent.wire.ranges import Ranges
from server.telemetry.columns import HOUR_MS
from server.telemetry.models import Boot, DeviceEvent, reading, undated_reading
from server.telemetry.store import Store, Undated

BootKey = tuple[int, str]
SINCE_BOOT = "since_boot_ms"
"""Stands in an event's facts while its boot has no date."""

_FIRST_COUNTS = text(
    "INSERT INTO boot (agent_id, boot, zero_ms) VALUES (:agent_id, :boot, :zero_ms) ON CONFLICT DO NOTHING"
)


class Dating:
    """The undated rows of one transaction."""

    def __init__(self, session: Session, store: Store, now_ms: int) -> None:
        self._session, self._store, self._now_ms = session, store, now_ms
        self._zeros: dict[BootKey, int] = {}
        self._waiting: list[Undated] = []
        self._dated: list[tuple[BootKey, int]] = []

    def load(self, boots: Iterable[BootKey]) -> None:
        """Learn which of these boots are dated already."""
        keys = sorted(boots)
        if keys:
            query = select(Boot.agent_id, Boot.boot, Boot.zero_ms)
            found = self._session.execute(query.where(tuple_(Boot.agent_id, Boot.boot).in_(keys)))
            self._zeros = {(row.agent_id, row.boot): row.zero_ms for row in found}

    def zero(self, agent_id: int, boot: str) -> int | None:
        """Return when the boot began, in milliseconds since 1970, or None where nobody has said so."""
        return self._zeros.get((agent_id, boot))

    def when(self, agent_id: int, boot: str, since_boot_ms: int) -> int:
        """Return the moment in UTC where the boot is dated, else that of the arrival."""
        zero_ms = self.zero(agent_id, boot)
        return self._now_ms if zero_ms is None else zero_ms + since_boot_ms

    def wait(self, agent_id: int, m: Rows, channel_ids: tuple[int, ...], holes: Ranges) -> None:
        """Keep the new rows of an undated message with both their times."""
        for first, last in holes:
            for seq in range(first, last + 1):
                i = seq - m.seq
                quality = m.q[i] if m.q else [0] * len(channel_ids)
                self._waiting += [
                    Undated(
                        agent_id,
                        m.boot,
                        m.stream,
                        seq,
                        channel_id,
                        m.t0 + m.dt[i],
                        self._now_ms,
                        value,
                        code,
                    )
                    for channel_id, value, code in zip(channel_ids, m.rows[i], quality, strict=True)
                ]

    @property
    def waits(self) -> bool:
        """Say whether there are rows for `store_waiting`."""
        return bool(self._waiting)

    def store_waiting(self) -> None:
        """Write the rows that wait."""
        if self._waiting:
            self._store.add_undated(self._waiting)
            self._waiting = []

    def date(self, agent_id: int, boot: str, zero_ms: int) -> None:
        """Take an agent's word for when a boot began; the first word counts."""
        row = {"agent_id": agent_id, "boot": boot, "zero_ms": zero_ms}
        if self._session.execute(_FIRST_COUNTS, row).rowcount:  # type: ignore[attr-defined]  # an insert has one
            self._dated.append(((agent_id, boot), zero_ms))
            self._zeros[agent_id, boot] = zero_ms

    def date_what_waits(self) -> None:
        """Bring the rows and events of newly dated boots to their place in time."""
        for (agent_id, boot), zero_ms in self._dated:
            self._date_readings(agent_id, boot, zero_ms)
            self._date_events(agent_id, boot, zero_ms)
        self._dated = []

    def _date_readings(self, agent_id: int, boot: str, zero_ms: int) -> None:
        table = undated_reading.c
        here = (table.agent_id == agent_id) & (table.boot == boot)
        at_ms = table.since_boot_ms + cast(literal(zero_ms), BigInteger)
        rows = select(table.channel_id, at_ms, table.value, table.quality).where(here)
        names = ["channel_id", "at_ms", "value", "quality"]
        self._session.execute(insert(reading).from_select(names, rows))
        found = self._session.execute(select(table.channel_id, at_ms.label("at_ms")).where(here))
        marks = {(row.channel_id, row.at_ms // HOUR_MS * HOUR_MS) for row in found}
        if marks:
            self._store.hours_due(sorted(marks))

    def _date_events(self, agent_id: int, boot: str, zero_ms: int) -> None:
        events = select(DeviceEvent).where(
            DeviceEvent.agent_id == agent_id, DeviceEvent.boot == boot
        )
        for event in self._session.scalars(events):
            facts = json.loads(event.facts)
            if SINCE_BOOT in facts:
                event.at_ms = zero_ms + facts[SINCE_BOOT]
        self._session.flush()
