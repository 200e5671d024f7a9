"""People of tests who are signed in already: with a cookie for pages, with a token for the API."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Thread

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from server.accounts import queries, secrets, sessions, tokens
from server.accounts.models import Grant, Person
from server.core.clock import Clock, SystemClock
from server.core.db import Database
from server.core.settings import Settings
from tests.support.quick_app import quickened

PASSWORD = "nine frosted tubes"


@cache
def _hashed(password: str) -> str:
    return secrets.hash_password(password)  # slow on purpose: once a password, not once a person


@dataclass(frozen=True)
class SignedIn:
    """A person, and what their browser and their scripts carry."""

    person_id: int
    cookie: str
    csrf: str
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        """The header of a script."""
        return {"Authorization": f"Bearer {self.token}"}

    def browser(self, app: Flask) -> FlaskClient:
        """Return a client of the app that carries the cookie."""
        client = app.test_client()
        client.set_cookie("ck_session", self.cookie)
        return client


def sign_in(
    session: Session,
    org_id: int | None = None,
    roles: tuple[str, ...] = ("bank_manager",),
    *,
    name: str = "technician 4",
    language: str = "en",
    everywhere: bool = False,
    password: str = PASSWORD,
    at: datetime | None = None,
) -> SignedIn:
    """Make a person with these roles in one organisation (or everywhere), signed in."""
    at = at or datetime.now(UTC)
    count = session.query(Person).count()
    person = Person(
        email=f"person{count}@example.org",
        name=name,
        org_id=org_id,
        language=language,
        password_hash=_hashed(password),
        created_at=at,
    )
    session.add(person)
    session.flush()
    for role in roles:
        session.add(
            Grant(
                person_id=person.id,
                role=role,
                org_id=None if everywhere else org_id,
                granted_at=at,
            )
        )
    session.flush()
    row, cookie = sessions.begin(session, person, hours=12, address="", browser="tests", at=at)
    actor = queries.person_actor(session, person, "page")
    expires = at + timedelta(days=30)
    _token, token = tokens.make(session, actor, "tests", expires_at=expires, at=at)
    return SignedIn(person.id, cookie, row.csrf, token)


def make_app(database: Database, home: Path, clock: Clock | None = None) -> Flask:
    """Return the whole application on this database."""
    from server.app import create_app

    settings = Settings.read({"CRYOKEEP_HOME": str(home)})
    return quickened(create_app(settings, database, clock or SystemClock()))


class Served:
    """The app behind real HTTP on a free port of 127.0.0.1, a thread for each request."""

    def __init__(self, app: Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.port = int(self._server.server_port)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
