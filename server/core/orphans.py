"""A child process must not outlive the parent that looks after it."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Ask Linux for a TERM when the parent dies, even by kill -9; runs in the child, before its program.

    The signal is bound to the thread that started the child, so children are started from the main
    thread. Elsewhere than on Linux this does nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
