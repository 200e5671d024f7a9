"""What the spool promises, on real files. A spool kept elsewhere would have to pass the same tests."""

import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from edge_agent.rows import NewRow, event_row, new_boot
from edge_agent.spool import REFUSED_KEPT_MS, Boot, Spool, SpoolError
from edge_agent.wire.messages import Clk

CLK = Clk(s=True, off_ms=3.5)
ROOT = Path(__file__).parents[2]


def boot(name="k3v9x2m4q7ab", kernel="kernel", *, dated=True):
    return Boot(name, 1_763_800_000_000, kernel, 5, dated=dated)


def row(value, stream="tank", at_ms=1_763_800_000_000, **more):
    return NewRow(stream, at_ms, CLK, ("top_c",), (value,), **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "inner" / "spool.db"


@pytest.fixture
def spool(path):
    made = Spool(path)
    made.begin_boot(boot())
    yield made
    made.close()


def seqs(spool, key):
    return [held.seq for held in spool.rows(key, 1, 2**53, 10_000)]


def key(spool, stream="tank"):
    return (spool.boot, stream)


def test_rows_are_numbered_from_1_within_their_stream(spool):
    assert spool.add([row(1), row(2), row(3, "room"), event_row(5, CLK, "badge")]) == [1, 2, 1, 1]
    assert spool.add([row(4), row(5, "room")]) == [3, 2]
    assert spool.depth() == 6
    assert spool.next_seq(key(spool)) == 4
    assert spool.next_seq(key(spool, "never")) == 1


def test_a_row_comes_back_as_it_was_put_in(spool):
    spool.add([row(None, q=(16,), drill="drill-1"), event_row(7, Clk(s=False), "badge", who="何")])
    (held,) = spool.rows(key(spool), 1, 9, 9)
    assert (held.at_ms, held.clk, held.ch, held.drill, held.body, held.q) == (
        1_763_800_000_000, CLK, "top_c", "drill-1", "[null]", "[16]",
    )  # fmt: skip
    (event,) = spool.rows(key(spool, "ev"), 1, 9, 9)
    assert event.clk == Clk(s=False)
    assert "badge" in event.body


def test_everything_is_there_after_closing_and_opening(spool, path):
    spool.add([row(n) for n in range(5)])
    spool.void(key(spool), 2, 3)
    first = key(spool)
    spool.close()
    again = Spool(path)
    again.begin_boot(boot("bbbbbbbbbbbb"))
    assert seqs(again, first) == [1, 4, 5]
    assert again.voids(first) == ((2, 3),)
    assert again.next_seq(first) == 6
    assert again.add([row(9)]) == [1]
    assert again.streams() == [first, ("bbbbbbbbbbbb", "tank")]
    again.close()


def test_settled_rows_and_voids_are_forgotten(spool):
    spool.add([row(n) for n in range(10)])
    spool.void(key(spool), 8, 9)
    assert spool.settle(key(spool), ((1, 4), (6, 8))) == 6
    assert seqs(spool, key(spool)) == [5, 10]
    assert spool.voids(key(spool)) == ((9, 9),)
    assert spool.depth() == 2
    assert spool.settle(key(spool), ((1, 10),)) == 2
    assert spool.voids(key(spool)) == ()


def test_settling_what_is_not_held_changes_nothing(spool):
    spool.add([row(1)])
    assert spool.settle(("zzzzzzzzzzzz", "tank"), ((1, 9),)) == 0
    assert spool.settle(key(spool), ()) == 0
    assert spool.settle(key(spool), ((2, 9),)) == 0
    assert spool.depth() == 1


def test_refused_rows_are_kept_aside_for_thirty_days_and_become_void(spool, path):
    spool.add([row(n) for n in range(4)])
    assert spool.refuse(key(spool), 2, 3, "not wanted", 1_000) == 2
    assert spool.refuse(key(spool), 2, 3, "again", 1_000) == 0
    assert spool.voids(key(spool)) == ((2, 3),)
    assert (spool.depth(), spool.refused()) == (2, 2)
    with sqlite3.connect(path) as reader:
        found = reader.execute("SELECT seq, body, why FROM refused ORDER BY seq").fetchall()
    reader.close()
    assert found == [(2, "[1]", "not wanted"), (3, "[2]", "not wanted")]
    assert spool.forget_refused(1_000 + REFUSED_KEPT_MS) == 0
    assert spool.forget_refused(1_001 + REFUSED_KEPT_MS) == 2


def test_a_boot_that_holds_nothing_is_forgotten_at_the_next_start(spool):
    spool.add([row(1)])
    old = key(spool)
    spool.settle(old, ((1, 1),))
    spool.begin_boot(boot("bbbbbbbbbbbb"))
    spool.begin_boot(boot("cccccccccccc"))
    assert spool.streams() == []
    assert spool.last_boot().name == "cccccccccccc"


def test_a_boot_whose_rows_are_settled_is_kept_while_it_can_still_be_dated(spool):
    spool.begin_boot(boot("bbbbbbbbbbbb", dated=False))
    spool.add([row(1)])
    spool.settle(key(spool), ((1, 1),))
    spool.begin_boot(boot("cccccccccccc"))
    assert [b.name for b in spool.undated_boots("kernel")] == ["bbbbbbbbbbbb"]
    spool.begin_boot(boot("dddddddddddd", kernel="another"))
    assert spool.undated_boots("kernel") == []


def test_boots_without_a_date_are_known_until_they_are_dated(spool):
    spool.begin_boot(boot("bbbbbbbbbbbb", dated=False))
    spool.add([row(1)])
    spool.begin_boot(boot("cccccccccccc", dated=False))
    names = [b.name for b in spool.undated_boots("kernel")]
    assert names == ["bbbbbbbbbbbb", "cccccccccccc"]
    assert spool.undated_boots("another") == []
    spool.add([event_row(1, CLK, "clock")], dates=names)
    assert spool.undated_boots("kernel") == []


def test_the_oldest_row_with_a_date_gives_the_age(spool):
    assert spool.oldest_ms() is None
    spool.add(
        [NewRow("tank", 5, Clk(s=False), ("top_c",), (1,)), row(1, "room", 2_000_000_000_000)]
    )
    assert spool.oldest_ms() == 2_000_000_000_000


def test_a_failed_write_leaves_nothing_behind(spool):
    spool.add([row(1)])
    with pytest.raises(ValueError, match="JSON"):
        spool.add([row(2), row(float("nan"))])
    assert spool.depth() == 1
    assert spool.add([row(3)]) == [2]


def test_a_spool_that_cannot_be_written_says_so_and_recovers(spool):
    spool._db.execute("PRAGMA query_only=1")
    with pytest.raises(SpoolError, match="cannot be written"):
        spool.add([row(1)])
    spool._db.execute("PRAGMA query_only=0")
    assert spool.add([row(1)]) == [1]


def test_a_second_agent_is_kept_out(spool, path):
    with pytest.raises(SpoolError, match="in use by another agent"):
        Spool(path)


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="cannot be opened"):
        Spool(tmp_path / "file" / "spool.db")


def test_a_damaged_file_is_moved_aside_and_the_agent_goes_on(tmp_path):
    path = tmp_path / "spool.db"
    path.write_bytes(b"no database at all, and longer than a header would be" * 100)
    spool = Spool(path)
    (loss,) = spool.losses
    assert loss.aside == tmp_path / "spool.db.damaged-1"
    assert loss.aside.read_bytes().startswith(b"no database")
    assert (loss.saved, loss.void) == (0, {})
    spool.begin_boot(boot())
    assert spool.add([row(1)]) == [1]
    spool.close()


def test_every_write_reaches_the_disk_before_it_is_called_done(spool):
    spool.add([row(1)])
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool.fsync_ms > 0


WRITER = """
import sys
from pathlib import Path
from edge_agent.rows import NewRow, new_boot
from edge_agent.spool import Boot, Spool
from edge_agent.wire.messages import Clk
spool = Spool(Path(sys.argv[1]))
spool.begin_boot(Boot(new_boot(), 0, "kernel", 0, dated=True))
for n in range(1, 1_000_000):
    spool.add([NewRow("tank", n, Clk(s=True), ("top_c",), (n,)) for _ in range(3)])
    print(spool.boot, 3 * n, flush=True)
    if n % 5 == 0:
        spool.settle((spool.boot, "tank"), ((3 * n, 3 * n),))
"""


def test_what_was_called_durable_is_there_after_kill_9(tmp_path):
    path = tmp_path / "spool.db"
    promised = {}
    for lines in (1, 7, 40, 90):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(path)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        with writer:
            for _ in range(lines):
                name, count = writer.stdout.readline().split()
            writer.kill()
            for line in writer.stdout:
                name, count = line.split()
        promised[name] = int(count)
    spool = Spool(path)
    assert spool.losses == []
    for name, count in promised.items():
        held = [h.seq for h in spool.rows((name, "tank"), 1, 2**53, 10**6)]
        assert set(range(1, count + 1)) - set(held) <= set(range(15, count + 1, 15))
        assert held == sorted(set(held))
        assert spool.next_seq((name, "tank")) == max(held) + 1 or max(held) % 15 == 14
    spool.close()


def test_a_boot_is_named_by_12_letters_and_digits_that_do_not_repeat():
    names = {new_boot() for _ in range(100)}
    assert len(names) == 100
    assert all(
        (len(name) == 12 and name.isalnum() and name.islower()) or name.isdigit() for name in names
    )
