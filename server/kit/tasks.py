"""What needs a hand now: features offer rows for the home page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy.orm import Session

from server.core.actor import Actor


@dataclass(frozen=True)
class Task:
    """One row of the home page, in the request's language.

    `order` sorts rows: 0 to 9 what burns, 10 to 19 what is due today, 20 and more what can wait.
    `state` colours `due`: critical, high, warning, unknown, or "" for a plain word such as "today".
    """

    order: float
    due: str
    what: str | Markup
    url: str
    label: str
    state: str = ""
    note: str | Markup = ""
    where: str = ""
    main: bool = False


Provider = Callable[[Session, Actor], Iterable[Task]]


class Tasks:
    """`tasks.offer(provider)` once; the home page shows what all providers give, sorted."""

    def __init__(self) -> None:
        self._providers: list[Provider] = []

    def offer(self, provider: Provider) -> None:
        """Show what `provider(session, actor)` gives."""
        self._providers.append(provider)

    def of(self, session: Session, actor: Actor) -> list[Task]:
        """Return all rows for this actor, what burns first."""
        found = [task for provider in self._providers for task in provider(session, actor)]
        return sorted(found, key=lambda task: task.order)
