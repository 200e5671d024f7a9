"""A full spool gives up old readings, gently before hard; events and alarms' times never."""

import json

import pytest

from edge_agent import thinning
from edge_agent.clock import Moment
from edge_agent.rows import NewRow, event_row
from edge_agent.spool import Boot, Spool
from edge_agent.thinning import RECENT, make_room
from edge_agent.wire import ranges
from edge_agent.wire.messages import Clk

CLK = Clk(s=True)
NOW = Moment(1_763_900_000_000, 5_000)
OLD, NEW = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
EVERYTHING = 2**53


def reading(seq, *, keep=False):
    return NewRow("tank", seq, CLK, ("top_c",), (-180.0,), keep=keep)


def numbers(spool, key):
    return [row.seq for row in spool.rows(key, 1, EVERYTHING, EVERYTHING)]


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool.db")
    made.begin_boot(Boot(OLD, 1, "kernel", 0, dated=True))
    made.add([reading(seq, keep=301 <= seq <= 400) for seq in range(1, 6_001)])
    made.add([event_row(1, CLK, "badge") for _ in range(20)])
    made.begin_boot(Boot(NEW, 2, "kernel", 0, dated=True))
    made.add([reading(seq) for seq in range(1, RECENT + 1_001)])
    yield made
    made.close()


def thin_all(spool, limit=0):
    gone = 0
    while more := make_room(spool, limit, NOW, CLK):
        gone += more
    return gone


def test_within_its_limit_nothing_is_touched(spool):
    assert make_room(spool, spool.used_bytes(), NOW, CLK) == 0
    assert spool.held((OLD, "tank")) == 6_000


def test_first_every_sixth_row_stays_and_what_went_is_void(spool, monkeypatch):
    monkeypatch.setattr(thinning, "ROUNDS", 1)

    gone = make_room(spool, 0, NOW, CLK)

    kept = numbers(spool, (OLD, "tank"))
    assert set(range(301, 401)) <= set(kept)
    assert all(seq % 6 == 0 for seq in kept if not 301 <= seq <= 400)
    assert len(kept) + gone == 6_000
    assert ranges.merged(ranges.of_numbers(kept), spool.voids((OLD, "tank"))) == ((1, 6_000),)
    (event,) = [json.loads(row.body) for row in spool.rows((NEW, "ev"), 1, 99, 99)]
    assert event == {
        "kind": "spool_thinned", "boot": OLD, "stream": "tank", "first": 1, "last": 6_000,
        "one_of": 6, "rows": gone,
    }  # fmt: skip


def test_at_the_very_end_only_what_must_stay_is_left(spool):
    thin_all(spool)

    assert numbers(spool, (OLD, "tank")) == list(range(301, 401))
    assert spool.held((OLD, "ev")) == 20
    assert numbers(spool, (NEW, "tank")) == list(range(1_001, RECENT + 1_001))
    assert spool.voids((NEW, "tank")) == ((1, 1_000),)


def test_it_goes_on_where_it_was_after_a_restart(spool, tmp_path, monkeypatch):
    monkeypatch.setattr(thinning, "ROUNDS", 1)
    make_room(spool, 0, NOW, CLK)
    before = numbers(spool, (OLD, "tank"))
    spool.close()

    again = Spool(tmp_path / "spool.db")
    again.begin_boot(Boot("cccccccccccc", 3, "kernel", 0, dated=True))
    assert numbers(again, (OLD, "tank")) == before
    assert again.voids((OLD, "tank"))
    make_room(again, 0, NOW, CLK)
    assert numbers(again, (OLD, "tank")) == before, "the next stretch is that of the other boot"
    again.close()


def test_rows_before_an_alarm_are_kept(spool):
    spool.keep_since("tank", RECENT + 1_000 - 49)
    spool.begin_boot(Boot("cccccccccccc", 3, "kernel", 0, dated=True))

    thin_all(spool)

    assert numbers(spool, (NEW, "tank")) == list(range(RECENT + 951, RECENT + 1_001))


def test_ninety_days_of_five_channels_fit_into_a_gigabyte(tmp_path):
    made = Spool(tmp_path / "big.db")
    made.begin_boot(Boot(OLD, 1, "kernel", 0, dated=True))
    empty = made.used_bytes()
    channels = ("top_c", "bottom_c", "level_mm", "lid_open", "ambient_c")
    for start in range(0, 20_000, 1_000):
        made.add([
            NewRow("tank", 1_763_800_000_000 + 10_000 * n, Clk(s=True, off_ms=3.25), channels,
                   (-177.94, -195.12, 231.4, 0.0, 21.37))
            for n in range(start, start + 1_000)
        ])  # fmt: skip

    each = (made.used_bytes() - empty) / 20_000

    assert each * 90 * 8_640 < 1e9 / 4, f"{each:.0f} bytes a row"
    made.close()
