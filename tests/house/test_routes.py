"""Every way into the house: who may take it is stated, and nothing changes without its token."""

import re

import pytest

from server import app as roof
from server.accounts.rules import PERMISSIONS
from server.core.db import Database
from server.kit.door import PUBLIC, SIGNED_IN
from server.web.openapi import description_of
from tests.support.signed_in import make_app, sign_in

KNOWN = frozenset().union(*PERMISSIONS.values())
FILES = {"kit.static"}  # the stylesheet and the icon, the same for everybody
WITHOUT_DESCRIPTION = {"openapi.document"}
PUBLIC_VIEWS = {
    "accounts.accept", "accounts.ask_reset", "accounts.change_language", "accounts.enter", "accounts.first",
    "alarms.answer", "alarms.answering",  # a signed link says who
    "accounts.forgotten", "accounts.leave", "accounts.make_first", "accounts.reset", "accounts.set_new",
    "accounts.sign_in", "accounts.welcome", "health.healthz", "health.metrics_page", "health.readyz",
    "notify.calendar",  # a secret address, which can be revoked
    "openapi.document", "tank_worker.worker", "telemetry.authority", "telemetry_api.confirm",
    "telemetry_api.redeem", "telemetry_api.renew", "web.built",
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory, sqlite_template):
    """The app on a copy of the migrated database."""
    home = tmp_path_factory.mktemp("routes")
    file = home / "copy.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    yield make_app(database, home)
    database.close()


def rules_of(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in FILES]


def test_every_view_states_who_may_enter(app):
    silent = {
        rule.endpoint
        for rule in rules_of(app)
        if not hasattr(app.view_functions[rule.endpoint], "permission")
    }

    assert not silent, "put @require(...) on these"


def test_every_permission_that_a_view_asks_for_is_one_that_a_role_gives(app):
    asked = {app.view_functions[rule.endpoint].permission for rule in rules_of(app)}

    assert asked - {PUBLIC, SIGNED_IN} <= KNOWN


def test_what_everybody_may_see_is_a_short_list(app):
    public = {
        rule.endpoint
        for rule in rules_of(app)
        if app.view_functions[rule.endpoint].permission == PUBLIC
    }

    assert public == PUBLIC_VIEWS


def test_every_route_of_the_api_is_described(app):
    api = [rule for rule in rules_of(app) if rule.rule.startswith(roof.API)]
    silent = {
        r.endpoint
        for r in api
        if r.endpoint not in WITHOUT_DESCRIPTION and not description_of(app, r)
    }

    assert api
    assert not silent, "put @describes(...) on these"


def changing(app):
    for rule in rules_of(app):
        for method in sorted(rule.methods & {"POST", "PUT", "PATCH", "DELETE"}):
            yield method, re.sub(r"<(?:int:)?\w+>", "1", re.sub(r"<path:\w+>", "a/b", rule.rule))


def test_nothing_is_changed_by_a_request_without_its_token(app):
    with app.extensions["cryokeep"].database.writing() as session:
        roles = tuple(PERMISSIONS)
        person = sign_in(session, None, roles, everywhere=True)
    browser = person.browser(app)
    ways = list(changing(app))

    answered = {
        (method, path): browser.open(path, method=method, data={"csrf": "x"}).status_code
        for method, path in ways
    }

    assert len(ways) > 20
    assert set(answered.values()) == {403}, {
        way: code for way, code in answered.items() if code != 403
    }


def test_without_a_sign_in_no_page_is_shown_and_no_list_is_given(app):
    client = app.test_client()
    for rule in rules_of(app):
        if "GET" not in rule.methods or app.view_functions[rule.endpoint].permission == PUBLIC:
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        answer = client.get(path)
        if path.startswith("/api/"):
            assert (answer.status_code, answer.mimetype) == (401, "application/problem+json"), path
        else:
            assert answer.status_code == 303, path
            assert answer.headers["Location"].startswith("/sign-in"), path
