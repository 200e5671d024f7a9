"""What of the work at the tank needs a hand, on the home page."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.words import N_n
from server.handling.queries.offline import how_many_wait
from server.kit.i18n import gettext
from server.kit.tasks import Task


def undecided(session: Session, actor: Actor) -> Iterator[Task]:
    """Give a row where acts without a network quarrel with what is there now."""
    if not actor.may("storage.move"):
        return
    if count := how_many_wait(session, actor):
        what = gettext(
            N_n(
                "1 act at a tank waits for a decision",
                "%(count)s acts at a tank wait for a decision",
                "count",
            ),
            count=count,
        )
        note = gettext("They were done without a network and quarrel with what is recorded.")
        due = gettext("to decide")
        yield Task(
            12, due, what, "/tank/conflicts", gettext("Look at them"), state="warning", note=note
        )
