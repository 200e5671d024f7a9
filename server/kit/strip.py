"""The strip under the head; the alarms provide it."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from server.core.actor import Actor

Provider = Callable[[Session, Actor], Mapping[str, object] | None]


class Strip:
    """Asks its provider, where there is one, what the strip says to this actor."""

    def __init__(self) -> None:
        self._provider: Provider | None = None
        self._stream = ""
        self._permission = ""

    def provide(
        self, provider: Provider, stream: str = "/alarms/stream", permission: str = "alarms.read"
    ) -> None:
        """Let `provider(session, actor)` say the strip: see kit/strip.html; `stream` keeps it fresh."""
        self._provider, self._stream, self._permission = provider, stream, permission

    def wanted(self, actor: Actor) -> bool:
        """Say whether this actor has a strip at all."""
        return self._provider is not None and actor.signed_in and actor.may(self._permission)

    def of(self, session: Session, actor: Actor) -> Mapping[str, object] | None:
        """Return what the strip says, or None while there is nothing to say."""
        return self._provider(session, actor) if self._provider and self.wanted(actor) else None

    def stream(self, actor: Actor) -> str | None:
        """Return the address of the stream that keeps the strip fresh."""
        return self._stream if self.wanted(actor) and self._stream else None
