"""The durable spool: a row is on the disk, with its number, before anything else happens to it.

SQLite in WAL with synchronous=FULL, used by one thread of one process; a lock file keeps a second agent
out. A row leaves only when the server has settled it; a refused row moves to a table of its own.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.clock import elapsed_ms
from edge_agent.rows import HeldRow, Key, NewRow
from edge_agent.spool_schema import open_database
from edge_agent.wire.messages import Clk
from edge_agent.wire.ranges import NONE, Ranges, add, missing

REFUSED_KEPT_MS: Final = 30 * 86_400_000


class SpoolError(Exception):
    """The spool cannot be opened or written; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the agent. `zero_ms` is the kernel's age at the boot's own zero."""

    name: str
    began_ms: int
    kernel: str
    zero_ms: int
    dated: bool


class Spool:
    """Rows on disk. Call `begin_boot` once before the first `add`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.boot = ""
        self.fsync_ms = 0.0
        """How long the last durable write took, in milliseconds."""
        self._lock = _lock(path)
        try:
            self._db, self.damaged = open_database(path)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise SpoolError(f"the spool {path} cannot be opened: {error}") from error
        self._held: dict[Key, int] = {}
        self._next: dict[Key, int] = {}
        self._voids: dict[Key, Ranges] = {}
        self._read_counts()

    def close(self) -> None:
        """Let go of the file and its lock."""
        self._db.close()
        with suppress(OSError):
            os.close(self._lock)

    # boots

    def last_boot(self) -> Boot | None:
        """The latest start that this spool knows, or None."""
        row = self._db.execute(
            "SELECT boot, began_ms, kernel, zero_ms, dated FROM boot ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return Boot(row[0], row[1], row[2], row[3], dated=bool(row[4])) if row else None

    def begin_boot(self, boot: Boot) -> None:
        """Begin numbering anew under this boot; boots that hold nothing any more are forgotten.

        Not those that numbered rows under the present kernel and have no date: they can still get it.
        """
        with self._writing():
            self._db.execute(
                "DELETE FROM boot WHERE boot NOT IN (SELECT boot FROM row UNION SELECT boot FROM void)"
                " AND NOT (kernel = ? AND kernel <> '' AND NOT dated"
                " AND boot IN (SELECT boot FROM stream))",
                (boot.kernel,),
            )
            self._db.execute("DELETE FROM stream WHERE boot NOT IN (SELECT boot FROM boot)")
            self._db.execute(
                "INSERT INTO boot (boot, began_ms, kernel, zero_ms, dated) VALUES (?, ?, ?, ?, ?)",
                (boot.name, boot.began_ms, boot.kernel, boot.zero_ms, boot.dated),
            )
        self.boot = boot.name
        self._read_counts()

    def undated_boots(self, kernel: str) -> list[Boot]:
        """Boots under this kernel boot whose zero the server has not been told."""
        rows = self._db.execute(
            "SELECT boot, began_ms, kernel, zero_ms FROM boot WHERE kernel = ? AND NOT dated",
            (kernel,),
        ).fetchall()
        return [Boot(row[0], row[1], row[2], row[3], dated=False) for row in rows]

    # rows

    def add(self, rows: Sequence[NewRow], *, dates: Sequence[str] = ()) -> list[int]:
        """Write rows durably, all or none, and give their numbers. `dates` are boots dated by them."""
        numbered = self._number(rows)
        with self._writing():
            self._db.executemany(
                "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_stored(self.boot, seq, row) for seq, row in numbered],
            )
            nexts = {row.stream: seq + 1 for seq, row in numbered}
            self._db.executemany(
                "INSERT INTO stream VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next",
                [(self.boot, stream, number) for stream, number in nexts.items()],
            )
            self._db.executemany("UPDATE boot SET dated = 1 WHERE boot = ?", [(b,) for b in dates])
        for stream, number in nexts.items():
            key = (self.boot, stream)
            self._held[key] = self._held.get(key, 0) + number - self.next_seq(key)
            self._next[key] = number
        return [seq for seq, _ in numbered]

    def _number(self, rows: Sequence[NewRow]) -> list[tuple[int, NewRow]]:
        nexts: dict[str, int] = {}
        numbered = []
        for row in rows:
            seq = nexts.get(row.stream) or self.next_seq((self.boot, row.stream))
            numbered.append((seq, row))
            nexts[row.stream] = seq + 1
        return numbered

    def next_seq(self, key: Key) -> int:
        """The number that the next row of this boot and stream will get, or would have got."""
        return self._next.get(key, 1)

    def streams(self) -> list[Key]:
        """Every (boot, stream) that holds rows or voids; older boots first, the present one last."""
        return list(self._held)

    def held(self, key: Key) -> int:
        """How many rows of this boot and stream are held."""
        return self._held.get(key, 0)

    def rows(self, key: Key, first: int, last: int, most: int) -> list[HeldRow]:
        """The lowest held rows from first to last, at most `most`."""
        found = self._db.execute(
            "SELECT seq, at_ms, synced, off_ms, ch, drill, body, q FROM row"
            " WHERE boot = ? AND stream = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
            (*key, first, last, most),
        )
        return [HeldRow(r[0], r[1], Clk(bool(r[2]), r[3]), *r[4:]) for r in found]

    def settle(self, key: Key, ranges: Ranges) -> int:
        """Forget the rows and voids with these numbers; say how many rows went.

        A power cut may bring them back: they are then sent once more, which changes nothing.
        """
        if key not in self._held or not ranges:
            return 0
        voids = _without(self.voids(key), ranges)
        with self._writing(durably=False):
            gone = self._delete(key, ranges)
            self._write_voids(key, voids)
        self._lose(key, gone, voids)
        return gone

    def refuse(self, key: Key, first: int, last: int, why: str, at_ms: int) -> int:
        """Set held rows aside as refused and make them void; say how many there were."""
        held = self.rows(key, first, last, last - first + 1)
        voids = self._voids_with(key, held)
        with self._writing():
            self._db.execute(
                "INSERT INTO refused (boot, stream, seq, at_ms, synced, ch, body, q, why, refused_ms)"
                " SELECT boot, stream, seq, at_ms, synced, ch, body, q, ?, ? FROM row"
                " WHERE boot = ? AND stream = ? AND seq BETWEEN ? AND ?",
                (why, at_ms, *key, first, last),
            )
            self._delete(key, ((first, last),))
            self._write_voids(key, voids)
        self._lose(key, len(held), voids)
        return len(held)

    def void(self, key: Key, first: int, last: int) -> int:
        """Give held rows up: they go, and the server is told that they never come."""
        held = self.rows(key, first, last, last - first + 1)
        voids = self._voids_with(key, held)
        with self._writing():
            self._delete(key, ((first, last),))
            self._write_voids(key, voids)
        self._lose(key, len(held), voids)
        return len(held)

    def voids(self, key: Key) -> Ranges:
        """The row numbers of which the server has yet to hear that they never come."""
        return self._voids.get(key, NONE)

    # what a heartbeat tells

    def depth(self) -> int:
        """How many rows are held."""
        return sum(self._held.values())

    def oldest_ms(self) -> int | None:
        """When the oldest held row with a date was taken, in milliseconds, or None."""
        firsts = [row for key in self._held for row in self.rows(key, 1, 2**53, 1)]
        return min((row.at_ms for row in firsts if row.clk.s), default=None)

    def refused(self) -> int:
        """How many rows are set aside as refused."""
        return int(self._db.execute("SELECT count(*) FROM refused").fetchone()[0])

    def forget_refused(self, now_ms: int) -> int:
        """Forget what was refused more than 30 days ago; say how many rows that were."""
        with self._writing():
            gone = self._db.execute(
                "DELETE FROM refused WHERE refused_ms < ?", (now_ms - REFUSED_KEPT_MS,)
            )
            return gone.rowcount

    # inside

    def _delete(self, key: Key, ranges: Ranges) -> int:
        gone = 0
        for first, last in ranges:
            gone += self._db.execute(
                "DELETE FROM row WHERE boot = ? AND stream = ? AND seq BETWEEN ? AND ?",
                (*key, first, last),
            ).rowcount
        return gone

    def _voids_with(self, key: Key, held: Sequence[HeldRow]) -> Ranges:
        voids = self.voids(key)
        for row in held:
            voids = add(voids, row.seq, row.seq)
        return voids

    def _write_voids(self, key: Key, voids: Ranges) -> None:
        if voids == self.voids(key):
            return
        self._db.execute("DELETE FROM void WHERE boot = ? AND stream = ?", key)
        self._db.executemany("INSERT INTO void VALUES (?, ?, ?, ?)", [(*key, *v) for v in voids])

    def _lose(self, key: Key, n: int, voids: Ranges) -> None:
        """Bring the counts in memory up to what has been written."""
        self._held[key] = self._held.get(key, 0) - n
        self._voids[key] = voids
        if not self._held[key] and not voids and key[0] != self.boot:
            del self._held[key], self._voids[key]

    def _read_counts(self) -> None:
        self._next = {
            (boot, stream): number
            for boot, stream, number in self._db.execute("SELECT boot, stream, next FROM stream")
        }
        counted = self._db.execute(
            "SELECT s.boot, s.stream, (SELECT count(*) FROM row r"
            " WHERE r.boot = s.boot AND r.stream = s.stream)"
            " FROM stream s JOIN boot b ON b.boot = s.boot ORDER BY b.id, s.stream"
        ).fetchall()
        self._voids = {}
        for boot, stream, *void in self._db.execute("SELECT * FROM void ORDER BY first"):
            self._voids[boot, stream] = (*self.voids((boot, stream)), (void[0], void[1]))
        keys = {(boot, stream): held for boot, stream, held in counted}
        self._held = {key: n for key, n in keys.items() if n or self.voids(key)}

    @contextmanager
    def _writing(self, *, durably: bool = True) -> Iterator[None]:
        """One write, all or nothing; a durable one has reached the disk when it ends."""
        try:
            self._db.execute(f"PRAGMA synchronous={'FULL' if durably else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.fsync_ms = elapsed_ms(self._db.commit)
            except BaseException:
                if self._db.in_transaction:
                    self._db.rollback()
                raise
        except sqlite3.Error as error:
            raise SpoolError(f"the spool {self.path} cannot be written: {error}") from error


def _lock(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SpoolError(f"the spool {path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise SpoolError(f"the spool {path} is in use by another agent") from None
    return handle


def _stored(boot: str, seq: int, row: NewRow) -> tuple[object, ...]:
    body = row.event if row.event is not None else row.values
    q = json.dumps(row.q, separators=(",", ":")) if row.q and any(row.q) else None
    return (
        boot, row.stream, seq, row.at_ms, row.clk.s, row.clk.off_ms, ",".join(row.ch), row.drill,
        json.dumps(body, separators=(",", ":"), allow_nan=False), q,
    )  # fmt: skip


def _without(voids: Ranges, settled: Ranges) -> Ranges:
    """The voids less what is settled."""
    left: Ranges = NONE
    for first, last in voids:
        for hole_first, hole_last in missing(settled, first, last):
            left = add(left, hole_first, hole_last)
    return left
