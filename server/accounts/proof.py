"""That a person has just given their password."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Proof:
    """This person gave the right password at this moment; good for one act, soon after."""

    person_id: int
    at: datetime


class Doors(Protocol):
    """Short sessions, closed before a password is compared: `g.reader` at the web's door."""

    def __call__(self) -> AbstractContextManager[Session]:
        """Give a reading session."""

    @property
    def writing(self) -> Callable[[], AbstractContextManager[Session]]:
        """Give a writing session that is committed by itself."""
