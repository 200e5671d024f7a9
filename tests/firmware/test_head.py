"""The probe head's loop in real time: rows on a line, and a watchdog that bites."""

import os
import select
import subprocess
import time

import pytest

from edge_agent.wire import codec
from edge_agent.wire.link import LinkReader
from tests.firmware.test_firmware import make

pytestmark = [pytest.mark.needs("cc"), pytest.mark.xdist_group("firmware")]
WAIT_S = 15


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("head")
    make(os.environ.get("CC", "cc"), folder, f"{folder}/head_on_host")
    return folder / "head_on_host"


class Head:
    """A head at work, its line open for reading."""

    def __init__(self, program, interval_ms=250):
        self.process = subprocess.Popen(
            [program, str(interval_ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        path = self.process.stdout.readline().strip()
        self.line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.reader = LinkReader()

    def tell(self, words):
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()

    def rows_until(self, good):
        """Give the first message for which this holds."""
        ends = time.monotonic() + WAIT_S
        while time.monotonic() < ends:
            if not select.select([self.line], [], [], 0.2)[0]:
                continue
            for message in self.reader.take(os.read(self.line, 4096)):
                rows = codec.decode_rows(message, "head")
                if good(rows):
                    return rows
        raise AssertionError("no such rows came in time")

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(WAIT_S)
        self.process.stdout.close()
        os.close(self.line)


@pytest.fixture
def head(program):
    made = Head(program)
    yield made
    made.close()


def last(rows):
    return dict(zip(rows.ch, rows.rows[-1], strict=True))


def quality(rows, channel):
    return rows.q[-1][rows.ch.index(channel)] if rows.q else 0


def test_rows_come_numbered_and_without_a_hole(head):
    first = head.rows_until(lambda rows: last(rows)["lid_open"] is not None)
    second = head.rows_until(lambda _: True)

    assert first.ch == ("top_c", "bottom_c", "level_mm", "lid_open")
    assert last(second)["top_c"] == pytest.approx(-178, abs=0.3)
    assert last(second)["bottom_c"] == pytest.approx(-195.5, abs=0.3)
    assert last(second)["level_mm"] == pytest.approx(224.825)
    assert (second.boot, second.seq) == (first.boot, first.seq + first.n)
    assert not second.clk.s


def test_troubles_are_told_and_old_values_never_stand_in(head):
    head.rows_until(lambda rows: last(rows)["top_c"] is not None)

    head.tell("ohm 0 1e9")
    rows = head.rows_until(lambda rows: quality(rows, "top_c") == 16)
    assert last(rows)["top_c"] is None

    head.tell("level 2.0")
    rows = head.rows_until(lambda rows: quality(rows, "level_mm") == 16)
    assert last(rows)["level_mm"] is None

    head.tell("ohm 0 27.96")
    rows = head.rows_until(lambda rows: quality(rows, "top_c") == 0)
    assert last(rows)["top_c"] == pytest.approx(-178, abs=0.3)


def test_the_lid_is_told_at_once_and_noise_is_no_reading(head):
    head.rows_until(lambda rows: last(rows)["lid_open"] == 0)

    head.tell("noise")
    head.tell("lid 1")
    head.rows_until(lambda rows: last(rows)["lid_open"] == 1)

    assert head.reader.dropped >= 1


def test_a_head_that_hangs_is_reset_by_its_watchdog(head):
    head.rows_until(lambda _: True)

    head.tell("hang")

    assert head.process.wait(WAIT_S) == 3


def test_each_start_is_a_boot_of_its_own(program):
    boots = set()
    for _ in range(2):
        head = Head(program)
        boots.add(head.rows_until(lambda _: True).boot)
        head.close()

    assert len(boots) == 2
