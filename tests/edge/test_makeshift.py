"""A disk that takes nothing when the agent begins: it works all the same, from memory, and says so."""

import errno
import json
import os
import sqlite3

import pytest

from edge_agent import makeshift
from edge_agent.agent import Agent
from edge_agent.clock import Moment
from edge_agent.config import load
from edge_agent.signals import Light
from edge_agent.spool import Spool, SpoolError
from edge_agent.wire.messages import Clk
from tests.edge.settings_text import write

WARM = '\n[[limit]]\nstream = "tank"\nchannel = "top_c"\nkind = "high"\nvalue = -200\n'


class SetClock:
    """A clock that stands still and is set."""

    def now(self):
        return Moment(1_763_800_000_000, 0)

    def is_set(self):
        return True

    def offset_ms(self):
        return 0.0


@pytest.fixture
def disk(monkeypatch, tmp_path):
    """Give `disk(number)`: from now on nothing below the test's folder can be opened for writing."""
    plain = os.open

    def fails(number):
        def opening(path, flags, *more, **named):
            if str(path).startswith(str(tmp_path)) and flags & (os.O_RDWR | os.O_WRONLY):
                raise OSError(number, os.strerror(number), str(path))
            return plain(path, flags, *more, **named)

        monkeypatch.setattr(os, "open", opening)

    return fails


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EIO])
def test_without_a_disk_it_samples_alarms_and_says_so(tmp_path, disk, number):
    config = load(write(tmp_path, 'driver = "simulated"', tail=WARM))
    disk(number)

    found = makeshift.opened(config.agent.spool)
    agent = Agent(found.fitted(config), SetClock(), found.spool, makeshift=found.why)
    agent._sample(SetClock().now(), Clk(s=True))

    spool = found.spool
    events = [json.loads(row.body) for row in spool.rows((spool.boot, "ev"), 1, 9, 9)]
    assert [event["kind"] for event in events] == ["local_alarm_raised", "spool_trouble"]
    assert os.strerror(number) in events[1]["why"]
    assert spool.held((spool.boot, "tank")) == 1
    assert agent._signals._pins.show.amber is Light.BLINKING
    assert spool.path.is_relative_to(makeshift.MEMORY)
    assert found.fitted(config).agent.space_mb == makeshift.SPACE_MB
    found.close()
    assert not spool.path.parent.exists()


@pytest.mark.parametrize(
    ("code", "in_memory"),
    [(sqlite3.SQLITE_FULL, True), (sqlite3.SQLITE_READONLY, True), (sqlite3.SQLITE_IOERR, True),
     (sqlite3.SQLITE_BUSY, False)],
)  # fmt: skip
def test_what_the_first_write_says_decides(tmp_path, monkeypatch, code, in_memory):
    def fails(_spool):
        cause = sqlite3.OperationalError("so it is")
        cause.sqlite_errorcode = code
        raise SpoolError("the spool cannot be written") from cause

    monkeypatch.setattr(Spool, "prove_writable", fails)
    if not in_memory:
        with pytest.raises(SpoolError):
            makeshift.opened(tmp_path / "spool.db")
        return
    found = makeshift.opened(tmp_path / "spool.db")
    assert found.why == "the spool cannot be written"
    found.close()


def test_a_good_disk_is_used_and_what_was_there_stays(tmp_path):
    for _ in range(2):
        found = makeshift.opened(tmp_path / "spool.db")
        assert (found.why, found.spool.path) == ("", tmp_path / "spool.db")
        found.close()
    assert (tmp_path / "spool.db").exists()


def test_what_is_no_trouble_of_the_disk_still_ends_with_a_sentence(tmp_path, disk):
    disk(errno.EACCES)
    with pytest.raises(SpoolError, match="cannot be opened"):
        makeshift.opened(tmp_path / "spool.db")


def test_another_agent_on_the_same_spool_is_no_trouble_of_the_disk(tmp_path):
    found = makeshift.opened(tmp_path / "spool.db")
    with pytest.raises(SpoolError, match="in use by another agent"):
        makeshift.opened(tmp_path / "spool.db")
    found.close()
