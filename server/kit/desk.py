"""`flask.g` of a request: the actor, the clock, and a session that begins when it is first used."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, has_request_context, request
from flask.ctx import _AppCtxGlobals
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.clock import Clock
from server.kit.state import kit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ShortSession:
    """Opens sessions that are closed before anything slow begins.

    Call it for a reading session; `.writing()` keeps what it wrote even if the request is refused.
    """

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        """Give a short reading session."""
        with kit().database.reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a short writing session with a commit of its own; refused once `g.session` has begun."""
        opened: Session | None = g.get("_session")
        if opened is not None and opened.in_transaction() and request.method not in SAFE:
            msg = "g.session has begun already: this would wait for its lock; prove first, then change"
            raise RuntimeError(msg)
        with kit().database.writing() as session:
            yield session


class Desk(_AppCtxGlobals):
    """What the views find in `g`."""

    actor: Actor
    reader = ShortSession()

    @property
    def clock(self) -> Clock:
        """The clock of the app."""
        return kit().clock

    @property
    def session(self) -> Session:
        """The request's session: reading for GET and HEAD, else writing; the door ends it."""
        opened: Session | None = self.get("_session")
        if opened is None:
            if self.get("_closed"):
                msg = "the door is closed: a stream opens short sessions of its own (g.reader)"
                raise RuntimeError(msg)
            reads = has_request_context() and request.method in SAFE
            opened = kit().database.reader() if reads else kit().database.writer()
            self._session = opened
        return opened

    def finish(self, *, keep: bool, close: bool = True) -> None:
        """Commit or roll back the session, if one was begun, and close it."""
        opened: Session | None = self.pop("_session", None)
        if close:
            self._closed = True
        if opened is None:
            return
        try:
            if keep and request.method not in SAFE:
                opened.commit()
        finally:
            opened.close()
