"""What a channel is: a carrier that takes a letter to its address, or says why it could not."""

from collections.abc import Callable
from typing import Protocol

from server.outbox.rules import Parcel


class NotSent(Exception):
    """The letter was not taken; `address_only` where others of the same lane may still be."""

    def __init__(self, reason: str, *, address_only: bool = False) -> None:
        self.address_only = address_only
        super().__init__(reason)


class Carrier(Protocol):
    """Takes letters of one lane, one at a time, over a connection that it keeps."""

    def send(self, parcel: Parcel) -> None:
        """Hand the letter to its receiver, or raise NotSent."""

    def abort(self) -> None:
        """Cut an attempt that takes too long; called from another thread."""

    def close(self) -> None:
        """Let the connection go."""


MakeCarrier = Callable[[], Carrier]
