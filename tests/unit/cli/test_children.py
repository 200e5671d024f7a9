"""The small process tree: a child that keeps falling delays no other, and none is left."""

import sys
import threading
from pathlib import Path

from server.cli.children import Children
from tests.support.waiting import eventually

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_fallen_child_starts_again_while_another_keeps_falling(tmp_path: Path) -> None:
    stop = threading.Event()
    children = Children(stop)
    steady = children.start("steady", SLEEPS, tmp_path)
    falling = children.start("falling", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path)
    watching = threading.Thread(target=children.watch)
    watching.start()
    try:
        eventually(lambda: falling.falls >= 3, timeout=15)
        first = steady.process
        assert first is not None
        first.kill()
        eventually(lambda: steady.process is not first, timeout=3)
    finally:
        stop.set()
        watching.join(5)
        children.stop()

    assert [child.process.poll() is not None for child in children.children] == [True, True]
