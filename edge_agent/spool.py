"""The durable spool: a row is on the disk, with its number, before anything else happens to it.

SQLite in WAL with synchronous=FULL, used by one thread of one process; a lock file keeps a second agent
out. A row leaves only when the server has settled it; a refused row moves to a table of its own.

Every row carries a checksum. A file that is damaged, at the start or at work, is moved aside; what can
still be read of it goes into a new one under the same numbers, and the rest is void: `losses` says so.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from edge_agent.clock import elapsed_ms
from edge_agent.rows import HeldRow, Key, NewRow
from edge_agent.spool_salvage import COLUMNS, fill, is_whole, salvage
from edge_agent.spool_schema import (
    INSERT_ROW,
    Damaged,
    checksum,
    is_damage,
    open_database,
    replace,
)
from edge_agent.wire.messages import Clk
from edge_agent.wire.ranges import NONE, Ranges, add, merged, missing, of_numbers

T = TypeVar("T")
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


@dataclass(frozen=True, slots=True)
class Loss:
    """A file that was damaged: where it is now, how many rows were saved, and which never come."""

    aside: Path
    saved: int
    void: dict[Key, Ranges]


class Spool:
    """Rows on disk. Call `begin_boot` once before the first `add`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.boot = ""
        self.fsync_ms = 0.0
        """How long the last durable write took, in milliseconds."""
        self.losses: list[Loss] = []
        """Damage since this was last emptied."""
        self._held: dict[Key, int] = {}
        self._next: dict[Key, int] = {}
        self._voids: dict[Key, Ranges] = {}
        self._lock = _lock(path)
        try:
            self._db = self._opened()
            self._guarded(self._read_counts)
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, sqlite3.Error | OSError):
                raise SpoolError(f"the spool {path} cannot be opened: {error}") from error
            raise

    def close(self) -> None:
        """Let go of the file and its lock."""
        self._db.close()
        with suppress(OSError):
            os.close(self._lock)

    def prove_writable(self) -> None:
        """Write something that means nothing, durably; a SpoolError where the disk does not take it."""
        with self._writing():
            (before,) = self._db.execute("PRAGMA user_version").fetchone()
            self._db.execute(f"PRAGMA user_version = {(before + 1) % 1_000_000}")

    # boots

    def last_boot(self) -> Boot | None:
        """The latest start that this spool knows, or None."""
        row = self._one(
            "SELECT boot, began_ms, kernel, zero_ms, dated FROM boot ORDER BY id DESC LIMIT 1"
        )
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
            self._db.execute("DELETE FROM thinned WHERE boot NOT IN (SELECT boot FROM boot)")
            self._db.execute(
                "INSERT INTO boot (boot, began_ms, kernel, zero_ms, dated) VALUES (?, ?, ?, ?, ?)",
                (boot.name, boot.began_ms, boot.kernel, boot.zero_ms, boot.dated),
            )
        self.boot = boot.name
        known = {name for (name,) in self._all("SELECT boot FROM boot")}
        self._next = {key: number for key, number in self._next.items() if key[0] in known}
        self._held = {key: n for key, n in self._held.items() if n or self.voids(key)}

    def undated_boots(self, kernel: str) -> list[Boot]:
        """Boots under this kernel boot whose zero the server has not been told."""
        rows = self._all(
            "SELECT boot, began_ms, kernel, zero_ms FROM boot WHERE kernel = ? AND NOT dated",
            (kernel,),
        )
        return [Boot(row[0], row[1], row[2], row[3], dated=False) for row in rows]

    # rows

    def add(self, rows: Sequence[NewRow], *, dates: Sequence[str] = ()) -> list[int]:
        """Write rows durably, all or none, and give their numbers. `dates` are boots dated by them."""
        numbered = self._number(rows)
        with self._writing():
            nexts = self._insert(numbered)
            self._db.executemany("UPDATE boot SET dated = 1 WHERE boot = ?", [(b,) for b in dates])
        self._gain(nexts)
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
        found = self._guarded(lambda: self._whole_rows(key, first, last, most))
        return [HeldRow(r[2], r[3], Clk(bool(r[4]), r[5]), *r[6:10]) for r in found]

    def _whole_rows(self, key: Key, first: int, last: int, most: int) -> list[tuple[Any, ...]]:
        """The rows as they stand in the table; Damaged where one is not as it was written."""
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM row"  # noqa: S608  # our own names
            " WHERE boot = ? AND stream = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
            (*key, first, last, most),
        ).fetchall()
        for row in rows:
            if not is_whole(row):
                raise Damaged(f"row {row[2]} of {key[0]}/{key[1]} is not as it was written")
        return rows

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
        return int(self._one("SELECT count(*) FROM refused")[0])

    def forget_refused(self, now_ms: int) -> int:
        """Forget what was refused more than 30 days ago; say how many rows that were."""
        with self._writing():
            gone = self._db.execute(
                "DELETE FROM refused WHERE refused_ms < ?", (now_ms - REFUSED_KEPT_MS,)
            )
            return gone.rowcount

    # space

    def used_bytes(self) -> int:
        """How much of the file is in use; what was deleted does not count."""
        pages, free, size = (
            self._one(f"PRAGMA {name}")[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def thinned_upto(self, key: Key, level: int) -> int:
        """Up to which row number this stream has been thinned at this level; 0: not yet."""
        row = self._one(
            "SELECT upto FROM thinned WHERE boot = ? AND stream = ? AND level = ?", (*key, level)
        )
        return int(row[0]) if row else 0

    def thin(
        self, key: Key, first: int, last: int, one_of: int, level: int,
        tell: Callable[[int], NewRow],
    ) -> int:  # fmt: skip
        """Give up readings from first to last but every `one_of`-th (0: all), and tell it in the same write.

        Rows that are to be kept stay. `tell` makes the event from how many went; nothing is told of none.
        """
        held = self._guarded(lambda: self._whole_rows(key, first, last, last - first + 1))
        gone = [row[2] for row in held if not row[10] and (one_of == 0 or row[2] % one_of)]
        voids = merged(self.voids(key), of_numbers(gone))
        event = tell(len(gone)) if gone else None
        seq = self.next_seq((self.boot, event.stream)) if event else 0
        with self._writing():
            self._delete(key, of_numbers(gone))
            self._write_voids(key, voids)
            self._db.execute(
                "INSERT INTO thinned VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET upto = excluded.upto",
                (*key, level, last),
            )
            if event:
                self._insert([(seq, event)])
        self._lose(key, len(gone), voids)
        if event:
            self._gain({event.stream: seq + 1})
        return len(gone)

    def keep_since(self, stream: str, at_ms: int, most: int = 20_000) -> None:
        """Never thin the newest rows of this boot's stream that were taken at this time or later."""
        first = max(1, self.next_seq((self.boot, stream)) - most)
        with self._writing():
            self._db.execute(
                "UPDATE row SET keep = 1 WHERE boot = ? AND stream = ? AND seq >= ? AND at_ms >= ?",
                (self.boot, stream, first, at_ms),
            )

    # inside

    def _insert(self, numbered: Sequence[tuple[int, NewRow]]) -> dict[str, int]:
        self._db.executemany(INSERT_ROW, [_stored(self.boot, seq, row) for seq, row in numbered])
        nexts = {row.stream: seq + 1 for seq, row in numbered}
        self._db.executemany(
            "INSERT INTO stream VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next",
            [(self.boot, stream, number) for stream, number in nexts.items()],
        )
        return nexts

    def _gain(self, nexts: dict[str, int]) -> None:
        for stream, number in nexts.items():
            key = (self.boot, stream)
            self._held[key] = self._held.get(key, 0) + number - self.next_seq(key)
            self._next[key] = number

    def _one(self, question: str, facts: Sequence[object] = ()) -> Any:  # noqa: ANN401  # a row, or None
        return self._guarded(lambda: self._db.execute(question, facts).fetchone())

    def _all(self, question: str, facts: Sequence[object] = ()) -> list[Any]:
        return self._guarded(lambda: self._db.execute(question, facts).fetchall())

    def _guarded(self, read: Callable[[], T]) -> T:
        """Read; where the file turns out to be damaged, save what can be saved and read again."""
        try:
            return read()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise SpoolError(f"the spool {self.path} cannot be read: {error}") from error
            self._begin_anew()
        return read()

    def _opened(self) -> sqlite3.Connection:
        try:
            return open_database(self.path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
        return self._rebuilt()

    def _begin_anew(self) -> None:
        """Move the damaged file aside and go on with a new one that holds what could be read."""
        self._db.close()
        try:
            self._db = self._rebuilt()
            self._read_counts()
        except (sqlite3.Error, OSError) as error:
            raise SpoolError(f"the spool {self.path} cannot be made anew: {error}") from error

    def _rebuilt(self) -> sqlite3.Connection:
        """A new file with what can be read of the damaged one; what is missing is void."""
        found = salvage(self.path, self._next)
        void = {
            key: left
            for key, number in found.nexts.items()
            if (left := missing(of_numbers(row[2] for row in found.rows[key]), 1, number - 1))
        }
        made, aside = replace(self.path, lambda db: fill(db, found, void, self.boot))
        saved = sum(map(len, found.rows.values()))
        self.losses.append(Loss(aside, saved, void))
        return made

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
        before, now = set(self.voids(key)), set(voids)
        self._db.executemany(
            "DELETE FROM void WHERE boot = ? AND stream = ? AND first = ?",
            [(*key, first) for first, _ in before - now],
        )
        self._db.executemany(
            "INSERT INTO void VALUES (?, ?, ?, ?)", [(*key, *void) for void in now - before]
        )

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
        counted = self._verified()
        order = self._db.execute(
            "SELECT s.boot, s.stream FROM stream s JOIN boot b ON b.boot = s.boot"
            " ORDER BY b.id, s.stream"
        ).fetchall()
        self._refuse_odd_voids()
        voids: dict[Key, list[tuple[int, int]]] = {}
        for boot, stream, first, last in self._db.execute("SELECT * FROM void ORDER BY first"):
            voids.setdefault((boot, stream), []).append((first, last))
        self._voids = {key: tuple(found) for key, found in voids.items()}
        self._held = {
            (boot, stream): n
            for boot, stream in order
            if (n := counted.get((boot, stream), 0)) or self.voids((boot, stream))
        }

    def _refuse_odd_voids(self) -> None:
        """Damaged where a row is held that is said never to come: the server must not hear that."""
        odd = self._db.execute(
            "SELECT v.first FROM void v JOIN row r ON r.boot = v.boot AND r.stream = v.stream"
            " AND r.seq BETWEEN v.first AND v.last LIMIT 1"
        ).fetchone()
        backward = self._db.execute("SELECT first FROM void WHERE first > last LIMIT 1").fetchone()
        if odd or backward:
            raise Damaged("a void names rows that are held")

    def _verified(self) -> dict[Key, int]:
        """Walk over every row, as it is stored, and count them; Damaged where one is not as it was written."""
        counts: dict[Key, int] = {}
        before: tuple[str, str, int] = ("", "", 0)
        for row in self._db.execute(f"SELECT {COLUMNS} FROM row"):  # noqa: S608  # our own names
            here = row[:3]
            if not is_whole(row) or here <= before:
                raise Damaged(f"row {row[2]} of {row[0]}/{row[1]} is not as it was written")
            counts[here[:2]] = counts.get(here[:2], 0) + 1
            before = here
        return counts

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
            if is_damage(error):
                self._begin_anew()
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
    content = row.event if row.event is not None else row.values
    body = json.dumps(content, separators=(",", ":"), allow_nan=False)
    q = json.dumps(row.q, separators=(",", ":")) if row.q and any(row.q) else None
    ch, synced = ",".join(row.ch), int(row.clk.s)
    crc = checksum(boot, row.stream, seq, row.at_ms, synced, ch, row.drill, body, q)
    return (
        boot, row.stream, seq, row.at_ms, synced, row.clk.off_ms, ch, row.drill, body, q,
        int(row.keep), crc,
    )  # fmt: skip


def _without(voids: Ranges, settled: Ranges) -> Ranges:
    """The voids less what is settled."""
    left: Ranges = NONE
    for first, last in voids:
        for hole_first, hole_last in missing(settled, first, last):
            left = add(left, hole_first, hole_last)
    return left
