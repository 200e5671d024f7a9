"""Child processes of the tests: each in its own group, with a log, ended by its own id."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.waiting import eventually


class Process:
    """A running child. `args` as for Popen; `env` is added to this process's environment."""

    def __init__(
        self,
        args: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.args = [str(arg) for arg in args]
        self.log_path = log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                self.args,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                user=user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self.popen.pid

    @property
    def log(self) -> str:
        """All that the child has printed so far."""
        return self.log_path.read_text(errors="replace")

    def running(self) -> bool:
        """Tell whether the child has not ended yet."""
        return self.popen.poll() is None

    def wait_for_log(self, text: str, timeout: float = 20) -> None:
        """Return when the log holds `text`; fail at once, with the log, when the child ends before that."""

        def printed() -> bool:
            if text in self.log:
                return True
            if not self.running():
                raise ChildEndedError(
                    f"{self.args[0]} ended with {self.popen.returncode} before it printed {text!r}:\n{self.log[-4000:]}"
                )
            return False

        eventually(printed, timeout=timeout)

    def send(self, number: int) -> None:
        """Send a signal to the child alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9 the child alone, as a crash would, and reap it."""
        self.send(signal.SIGKILL)
        self.popen.wait(timeout=10)

    def stop(self, timeout: float = 15, number: int = signal.SIGTERM) -> int:
        """Ask the child to end, wait, and kill what is left of its group. Returns its exit code."""
        self.send(number)
        try:
            return self.popen.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return int(self.popen.returncode)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


class ChildEndedError(Exception):
    """The child ended before it did what the test waited for."""


def descendants(pid: int) -> set[int]:
    """Return the process ids below this one."""
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found |= {int(folder.name)} | descendants(int(folder.name))
    return found


def command_of(pid: int) -> str:
    """Return the command line of a process, or nothing where it has ended."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
