"""Bounded waiting, so that no test sleeps and hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(predicate: Callable[[], T], timeout: float = 10, every: float = 0.02) -> T:
    """Return what `predicate` answers as soon as it is true; raise AssertionError after `timeout` seconds.

    An AssertionError inside the predicate counts as "not yet", and is shown when time is up.
    """
    ends = time.monotonic() + timeout
    while True:
        said: object = None
        try:
            if answer := predicate():
                return answer
            said = answer
        except AssertionError as not_yet:
            said = not_yet
        if time.monotonic() > ends:
            raise AssertionError(f"not true within {timeout} s; last answer: {said!r}")
        time.sleep(every)
