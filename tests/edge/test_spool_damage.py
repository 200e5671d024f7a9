"""A damaged spool costs what cannot be read and nothing else, and every lost row is said to be void."""

import random
import shutil
import sqlite3

import pytest

from edge_agent import spool, spool_schema
from edge_agent.damage import damage_events
from edge_agent.rows import NewRow, event_row
from edge_agent.spool import Boot, Spool
from edge_agent.wire import ranges
from edge_agent.wire.messages import Clk

CLK = Clk(s=True, off_ms=3.5)
ROWS = 3_000
ROUNDS = 200
KEY = ("aaaaaaaaaaaa", "tank")


def boot(name, n=0):
    return Boot(name, 1_763_800_000_000 + n, "kernel", 5, dated=True)


def value(seq):
    return -180.0 + seq / 1000


def reading(seq):
    return NewRow("tank", 1_763_800_000_000 + seq, CLK, ("top_c", "bottom_c"), (value(seq), -195.5))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A spool of two boots, closed."""
    path = tmp_path_factory.mktemp("whole") / "spool.db"
    spool = Spool(path)
    spool.begin_boot(boot("aaaaaaaaaaaa"))
    for first in range(1, ROWS, 500):
        spool.add([reading(seq) for seq in range(first, first + 500)])
    spool.settle(KEY, ((1, 100),))
    spool.begin_boot(boot("bbbbbbbbbbbb", 1))
    spool.add([event_row(5, CLK, "badge", who="何") for _ in range(50)])
    spool.add([reading(seq) for seq in range(1, 501)])
    spool.close()
    return path


def harm(path, chance):
    """Do one of the things that happen to files on an SD card."""
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    kind = chance.choice(["bit", "bytes", "sector", "page", "zeros", "cut"])
    if kind == "bit":
        data[at] ^= 1 << chance.randrange(8)
    elif kind == "bytes":
        data[at : at + 16] = chance.randbytes(16)
    elif kind == "cut":
        del data[at:]
    else:
        size = 512 if kind == "sector" else 4096
        start = at // size * size
        data[start : start + size] = bytes(size) if kind == "zeros" else chance.randbytes(size)
    path.write_bytes(data)
    return kind


def held(spool, key):
    return spool.rows(key, 1, 2**53, 2**31)


def check(spool, key, known):
    """Every row is as it was, or void; none is both, none is neither."""
    found = held(spool, key)
    for row in found:
        assert row.body.startswith(f"[{value(row.seq)},"), "a row says what was never read"
    numbers = ranges.of_numbers(row.seq for row in found)
    void = spool.voids(key)
    if void or found:
        both = ranges.merged(numbers, void)
        assert ranges.count(both) == ranges.count(numbers) + ranges.count(void)
        assert ranges.missing(both, known, spool.next_seq(key) - 1) == ()
    return len(found)


def test_two_hundred_rounds_of_damage(whole, tmp_path):
    chance = random.Random(20_261_123)
    saved, damaged = [], 0
    for number in range(ROUNDS):
        path = tmp_path / str(number) / "spool.db"
        path.parent.mkdir()
        shutil.copy(whole, path)
        harm(path, chance)

        spool = Spool(path)  # it opens, whatever was done to it
        rows = check(spool, KEY, 101)
        rows += check(spool, ("bbbbbbbbbbbb", "tank"), 1)
        damaged += bool(spool.losses)
        saved.append(rows)
        spool.begin_boot(boot("cccccccccccc", 2))
        assert spool.add([reading(1)]) == [1]
        assert check(spool, ("cccccccccccc", "tank"), 1) == 1
        spool.close()
        shutil.rmtree(path.parent)

    assert damaged > ROUNDS // 2, "the harm must be felt, or nothing is shown"
    assert sorted(saved)[ROUNDS // 2] > 3_000, "most of the rows are saved in most rounds"


def test_a_flipped_number_is_never_believed(whole, tmp_path):
    path = tmp_path / "spool.db"
    shutil.copy(whole, path)
    data = path.read_bytes()
    assert data.count(b"[-178.5,-195.5]") == 1
    path.write_bytes(data.replace(b"[-178.5,-195.5]", b"[-118.5,-195.5]"))

    found = sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()
    assert found == ("ok",), "SQLite finds nothing wrong with it"
    spool = Spool(path)
    rows = held(spool, KEY)

    assert 1_500 not in {row.seq for row in rows}
    assert len(rows) == ROWS - 101
    assert spool.voids(KEY) == ((1, 100), (1_500, 1_500))
    (event,) = damage_events(spool)
    assert (event["kind"], event["damaged"], event["lost"]) == (
        "spool_trouble", "spool.db.damaged-1", 101,
    )  # fmt: skip
    assert {"boot": KEY[0], "stream": "tank", "first": 1_500, "last": 1_500} in event["void"]
    assert damage_events(spool) == []
    spool.close()


def test_damage_at_work_goes_on_under_the_same_numbers(tmp_path):
    path = tmp_path / "spool.db"
    spool = Spool(path)
    spool.begin_boot(boot("aaaaaaaaaaaa"))
    spool.add([reading(seq) for seq in range(1, 1_001)])
    other = sqlite3.connect(path)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.execute("UPDATE row SET body = '[7]' WHERE seq = 400")
    other.commit()
    other.close()

    assert 400 not in {row.seq for row in held(spool, KEY)}
    assert spool.voids(KEY) == ((400, 400),)
    assert spool.add([reading(1_001)]) == [1_001]
    assert spool.streams() == [KEY]
    spool.close()
    again = Spool(path)
    assert again.held(KEY) == 1_000
    assert again.voids(KEY) == ((400, 400),)
    again.close()


class PowerCut(Exception):
    """The power went."""


@pytest.mark.parametrize("step", ["fill", "_move_aside", "rename"])
def test_a_power_cut_while_a_damaged_file_is_replaced_loses_nothing(
    whole, tmp_path, monkeypatch, step
):
    path = tmp_path / "spool.db"
    shutil.copy(whole, path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"[-178.5,-195.5]", b"[-118.5,-195.5]"))

    def cut(*_):
        raise PowerCut

    with monkeypatch.context() as patched:
        if step == "rename":
            move = spool_schema._move_aside

            def moved(old):
                move(old)
                raise PowerCut

            patched.setattr(spool_schema, "_move_aside", moved)
        else:
            patched.setattr(spool if step == "fill" else spool_schema, step, cut)
        with pytest.raises(PowerCut):
            Spool(path)

    again = Spool(path)
    assert len(held(again, KEY)) == ROWS - 101
    assert again.voids(KEY) == ((1, 100), (1_500, 1_500))
    assert again.held(("bbbbbbbbbbbb", "ev")) == 50
    again.close()
    assert not (tmp_path / "spool.db.rescued").exists()


def test_a_spool_of_the_version_before_is_taken_over(tmp_path):
    path = tmp_path / "spool.db"
    old = sqlite3.connect(path)
    old.executescript(
        """
        CREATE TABLE boot (id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE, began_ms INTEGER NOT NULL,
            kernel TEXT NOT NULL, zero_ms INTEGER NOT NULL, dated INTEGER NOT NULL);
        CREATE TABLE stream (boot TEXT NOT NULL, stream TEXT NOT NULL, next INTEGER NOT NULL,
            PRIMARY KEY (boot, stream)) WITHOUT ROWID;
        CREATE TABLE row (boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
            at_ms INTEGER NOT NULL, synced INTEGER NOT NULL, off_ms REAL, ch TEXT NOT NULL, drill TEXT,
            body TEXT NOT NULL, q TEXT, PRIMARY KEY (boot, stream, seq)) WITHOUT ROWID;
        CREATE TABLE void (boot TEXT NOT NULL, stream TEXT NOT NULL, first INTEGER NOT NULL,
            last INTEGER NOT NULL, PRIMARY KEY (boot, stream, first)) WITHOUT ROWID;
        CREATE TABLE refused (id INTEGER PRIMARY KEY, boot TEXT NOT NULL, stream TEXT NOT NULL,
            seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, synced INTEGER NOT NULL, ch TEXT NOT NULL,
            body TEXT NOT NULL, q TEXT, why TEXT NOT NULL, refused_ms INTEGER NOT NULL);
        INSERT INTO boot VALUES (1, 'aaaaaaaaaaaa', 1, 'kernel', 1, 1);
        INSERT INTO stream VALUES ('aaaaaaaaaaaa', 'tank', 2);
        INSERT INTO row VALUES ('aaaaaaaaaaaa', 'tank', 1, 5, 1, NULL, 'top_c', NULL, '[-180.5]', NULL);
        """
    )
    old.close()

    spool = Spool(path)
    assert [row.body for row in held(spool, KEY)] == ["[-180.5]"]
    spool.begin_boot(boot("bbbbbbbbbbbb", 1))
    assert spool.add([reading(1)]) == [1]
    spool.close()
