"""What the worker does with imports, one short step at a time.

A step reads and checks first, and writes in a transaction of about `pace.TARGET_S` at most. Each
writing step moves a mark (`at_row`) in the same transaction, from where it saw it: after a kill the
next worker goes on at the mark, and two workers can never do the same rows twice.
"""

import logging
from collections.abc import Callable

from sqlalchemy import or_, select
from sqlalchemy.exc import OperationalError

from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import Conflict, CryokeepError, Refusal
from server.core.words import N_
from server.exchange.applying import Applying
from server.exchange.beside import Beside
from server.exchange.checking import Checking
from server.exchange.marks import Elsewhere, Marks
from server.exchange.meeting import AtWork, meet
from server.exchange.models import Import
from server.exchange.rules import WORKING, State
from server.exchange.undoing import Undoing

log = logging.getLogger(__name__)
FAULT = N_(
    "A fault of the program stopped it (%(fault)s); the log has more. What was done so far stands."
)
LARGE = 10_000
"""From so many rows on it pays to begin a process."""


class Worker:
    """Takes one import after the other through its steps."""

    def __init__(
        self, database: Database, clock: Clock, name: str, go_on: Callable[[], bool] = lambda: True, *,
        beside: bool = False,
    ) -> None:  # fmt: skip
        """`beside`: let a process prepare the rows of large imports."""
        self.database, self.clock, self.name = database, clock, name
        self._marks, self._beside = Marks(database, clock, name), beside
        checking, applying = Checking(self._marks, go_on), Applying(self._marks)
        undoing = Undoing(self._marks)
        self._steps: dict[str, Callable[[AtWork], bool]] = {
            State.CHECKING: checking.step,
            State.APPLYING: applying.step,
            State.LOOKING_BACK: undoing.look_back,
            State.TAKING_BACK: undoing.take_back,
        }
        self._known: AtWork | None = None
        self._going: Import | None = None
        """The import of which this worker has just done some rows, and goes on with."""

    def step(self) -> bool:
        """Do one step of the oldest import that wants one; says whether there was one."""
        made, self._going = self._going or self._next(), None
        if made is None:
            return False
        try:
            goes_on = self._steps[made.state](self._at_work(made))
        except Elsewhere:
            goes_on = False
        except CryokeepError as error:
            self._marks.stop(made, error)
            goes_on = False
        except OperationalError:
            raise  # the database is busy or away: the same step is tried again
        except (
            Exception
        ) as error:  # whatever it is, the imports behind this one must not wait for it
            log.exception("import %s was stopped by a fault", made.code)
            self._marks.stop(
                made, Conflict(Refusal("fault", FAULT, {"fault": type(error).__name__}))
            )
            goes_on = False
        if goes_on:
            self._going = made
        else:
            self.close()
        return True

    def close(self) -> None:
        """Forget what is known of the import at work."""
        if self._known is not None:
            self._known.parts.close()
        self._known = None

    def _next(self) -> Import | None:
        now = self.clock.now()
        free = or_(
            Import.claimed_until.is_(None),
            Import.claimed_until < now,
            Import.claimed_by == self.name,
        )
        wanted = select(Import).where(Import.state.in_(WORKING), free).order_by(Import.id).limit(1)
        with self.database.reading() as session:
            return session.scalar(wanted)

    def _at_work(self, made: Import) -> AtWork:
        """Return what is known of the import, made anew where it is another state of it than before."""
        known = self._known
        if known is not None and (known.made.id, known.version) == (made.id, made.version):
            known.made = made
            return known
        self.close()
        known = meet(self.database, self.clock, made.id)
        if known.version != made.version:
            raise Elsewhere
        known.made = made
        if self._beside and made.state == State.APPLYING and made.rows - made.at_row > LARGE:
            known.parts = Beside(self.database, made.id, known.here)
        self._known = known
        if made.state in (State.CHECKING, State.LOOKING_BACK):
            self._marks.begin_again(made)
        return known
