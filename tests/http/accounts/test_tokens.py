"""Tokens for the API: shown once, carrying what their owner may do, refused in a sentence."""

import re

import pytest

from tests.support.signed_in import make_app, sign_in


@pytest.fixture
def app(database, tmp_path):
    return make_app(database, tmp_path)


@pytest.fixture
def person(database):
    with database.writing() as session:
        return sign_in(session, None, ("administrator",), everywhere=True)


def test_a_token_is_shown_once_and_works_until_it_is_revoked(app, person):
    client = person.browser(app)
    page = client.post(
        "/me/tokens", data={"csrf": person.csrf, "token_name": "lims", "days": "90"}
    ).text
    token = re.search(r'id="token">([^<]+)<', page)[1]
    assert token not in client.get("/me").text

    script = app.test_client()
    bearer = {"Authorization": f"Bearer {token}"}
    mine = script.get("/api/v1/me/tokens", headers=bearer).get_json()["items"]
    assert {row["name"] for row in mine} == {"lims", "tests"}
    number = next(row["id"] for row in mine if row["name"] == "lims")
    assert script.delete(f"/api/v1/me/tokens/{number}", headers=bearer).status_code == 204
    assert script.get("/api/v1/me", headers=bearer).status_code == 401


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("Bearer ck_wrong", "This token is unknown, revoked or expired"),
        ("Basic dXNlcjpwYXNz", "is expected to read “Bearer” and a token"),
        ("Bearer", "is expected to read “Bearer” and a token"),
    ],
)
def test_a_bad_token_is_refused_in_a_sentence(app, header, sentence):
    answer = app.test_client().get("/api/v1/people", headers={"Authorization": header})

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert sentence in answer.get_json()["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_opens_the_api_and_no_page(app, person):
    assert app.test_client().get("/people", headers=person.bearer).status_code == 303


def test_metrics_are_for_this_machine_or_for_a_token_that_may(app, person, database):
    with database.writing() as session:
        technician = sign_in(session, None, ("technician",), everywhere=True)
    client = app.test_client()
    far = {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}}

    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **far).status_code == 401
    assert client.get("/metrics", headers=technician.bearer, **far).status_code == 403
    assert b"cryokeep_requests_total" in client.get("/metrics", headers=person.bearer, **far).data
