"""A small process tree: starts children, starts fallen ones again, and leaves none behind."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server.core.orphans import end_with_parent

log = logging.getLogger(__name__)

GRACE_S = 6.0
STEADY_S = 60.0
WAIT_AGAIN_S = (0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass
class Child:
    """One process that should be running."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    falls: int = 0
    began: float = 0.0
    again_at: float | None = None
    """When a fallen one is started again."""


class Children:
    """The children of `cryokeep up`, in the order of their start."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop_wanted = stop
        self.children: list[Child] = []

    def start(self, name: str, command: Sequence[str], folder: Path) -> Child:
        """Start a child; what it writes goes to a log file in this folder."""
        folder.mkdir(parents=True, exist_ok=True)
        child = Child(name, command, folder / f"{name}.log")
        self.children.append(child)
        self._launch(child)
        return child

    def watch(self) -> None:
        """Start fallen children again until a stop is wanted."""
        while not self.stop_wanted.wait(0.25):
            for child in self.children:
                self._look_after(child)

    def stop(self) -> None:
        """End all children at once, but the first, on which they lean, after them.

        Whoever does not listen in time is killed.
        """
        _end(self.children[1:])
        _end(self.children[:1])

    def _look_after(self, child: Child) -> None:
        """Start a fallen child again when its pause is over; one that keeps falling delays no other."""
        if child.process is None or child.process.poll() is None:
            return
        now = time.monotonic()
        if child.again_at is None:
            if now - child.began > STEADY_S:
                child.falls = 0
            pause = WAIT_AGAIN_S[min(child.falls, len(WAIT_AGAIN_S) - 1)]
            facts = {"child": child.name, "code": child.process.returncode, "again_in_s": pause}
            log.warning("child ended", extra={**facts, "see": str(child.log)})
            child.falls += 1
            child.again_at = now + pause
        elif now >= child.again_at:
            self._launch(child)

    def _launch(self, child: Child) -> None:
        child.began = time.monotonic()
        child.again_at = None
        with child.log.open("ab") as output:
            child.process = subprocess.Popen(  # noqa: S603  commands of our own
                list(child.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the parent, which ends the children in order
                preexec_fn=end_with_parent,  # noqa: PLW1509  started from the main thread only
            )


def _end(children: Sequence[Child]) -> None:
    running = [child for child in children if child.process and child.process.poll() is None]
    for child in running:
        _process(child).terminate()
    until = time.monotonic() + GRACE_S
    for child in running:
        try:
            _process(child).wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("child killed", extra={"child": child.name})
            _kill_group(_process(child))
            _process(child).wait()


def _process(child: Child) -> subprocess.Popen[bytes]:
    assert child.process is not None
    return child.process


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
