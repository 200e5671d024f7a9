"""The time zone that a page speaks: the one of the actor's site."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from server.core.actor import Actor

Provider = Callable[[Session, Actor], str]
UTC = ZoneInfo("UTC")


class Zone:
    """Asks its provider, where there is one, for the zone's name."""

    def __init__(self) -> None:
        self._provider: Provider | None = None

    def provide(self, provider: Provider) -> None:
        """Let `provider(session, actor)` name the zone, such as Asia/Shanghai."""
        self._provider = provider

    def of(self, session: Session, actor: Actor) -> ZoneInfo:
        """Return the actor's zone; UTC where nothing is known."""
        return ZoneInfo(self._provider(session, actor)) if self._provider else UTC
