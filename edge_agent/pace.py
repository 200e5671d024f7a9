"""Leaves room on a slow link: the backlog takes a share of the time, and the rest is for what is live."""

from collections.abc import Iterator


class Pace:
    """Messages of the backlog go in bursts; after each a pause makes up for the time that it took.

    How fast the link is need not be known: a burst that took 4 s at a share of one half is followed
    by 4 s without backlog. With a share of 1 nothing is held up.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._began_ms: int | None = None
        self._in_burst = 0
        self._pause_until_ms = 0

    def may_send(self, now_ms: int, in_flight: int, at_once: int) -> bool:
        """Say whether one more message of the backlog may go now."""
        if in_flight >= at_once:
            return False
        if self._share >= 1:
            return True
        if now_ms < self._pause_until_ms:
            return False
        self._pause_until_ms = 0
        if in_flight == 0 and self._in_burst >= at_once:  # all of the burst was refused or halved
            self.reset()
        return self._in_burst < at_once

    def sent(self, now_ms: int) -> None:
        """A message of the backlog has gone."""
        if self._in_burst == 0:
            self._began_ms = now_ms
        self._in_burst += 1

    def answered(self, now_ms: int, in_flight: int) -> None:
        """An answer has come; with the last one of a burst the pause begins."""
        if in_flight > 0 or self._began_ms is None:
            return
        took_ms = max(now_ms - self._began_ms, 1)
        self._pause_until_ms = now_ms + round(took_ms * (1 - self._share) / self._share)
        self._began_ms, self._in_burst = None, 0

    def reset(self) -> None:
        """A new connection: no burst is under way."""
        self._began_ms, self._in_burst, self._pause_until_ms = None, 0, 0

    def pause_ends_ms(self) -> Iterator[int]:
        """When the pause ends, if there is one."""
        if self._share < 1 and self._pause_until_ms and self._in_burst == 0:
            yield self._pause_until_ms
