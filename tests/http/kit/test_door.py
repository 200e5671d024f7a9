"""The door: one commit after the view, nothing left behind by a refusal, races answered in a sentence."""

import hmac
from hashlib import sha256

import pytest
from flask import Blueprint, Response, g
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from server.core.clock import SystemClock
from server.core.errors import Conflict, Refusal
from server.kit.door import require
from server.kit.models import KeptAnswer
from server.parties.models import Organisation
from tests.support.signed_in import make_app, sign_in

trial = Blueprint("trial", __name__)


def add(code):
    add_to(g.session, code)


def add_to(session, code):
    session.add(Organisation(code=code, name=code, created_at=SystemClock().now()))


@trial.post("/api/v1/trial/<way>")
@require("people.manage")
def go(way):
    if way == "refused":
        add("AA")
        return "no", 422
    if way == "raised":
        add("AA")
        raise Conflict(Refusal("full", "The box is full."))
    if way == "broken":
        raise RuntimeError("secret detail")
    if way == "race":  # a rule that sees the other one's row only on the second look
        g.tries = g.get("tries", 0) + 1
        if (
            g.session.scalar(select(Organisation.id).where(Organisation.code == "TAKEN"))
            and g.tries > 1
        ):
            raise Conflict(Refusal("taken", "TAKEN is taken by a name."))
        add("TAKEN")
    if way == "doubled":
        add("TAKEN")
    if way == "kept":
        add("AA")
    return Response(b"{}", mimetype="application/json")


@trial.get("/api/v1/trial/stream")
@require("people.manage")
def stream():
    g.session.scalar(select(Organisation.id))

    def parts():
        yield b"a"
        with g.reader() as session:
            yield str(len(session.scalars(select(Organisation)).all())).encode()
        with pytest.raises(RuntimeError, match="door is closed"):
            _ = g.session

    from flask import stream_with_context

    return Response(stream_with_context(parts()), mimetype="text/plain")


@pytest.fixture
def app(database, tmp_path):
    app = make_app(database, tmp_path)
    app.register_blueprint(trial)
    return app


@pytest.fixture
def person(database):
    with database.writing() as session:
        return sign_in(session, None, ("administrator",), everywhere=True)


@pytest.fixture
def send(app, person):
    client = app.test_client()

    def post(path, **more):
        return client.post(path, headers={**person.bearer, **more.pop("headers", {})}, **more)

    return post


def codes(database):
    with database.reading() as session:
        return set(session.scalars(select(Organisation.code)))


@pytest.mark.parametrize(
    ("way", "status", "left"),
    [
        ("kept", 200, {"AA"}),
        ("refused", 422, set()),
        ("raised", 409, set()),
        ("broken", 500, set()),
    ],
)
def test_only_an_answered_request_leaves_anything(send, database, way, status, left):
    assert send(f"/api/v1/trial/{way}").status_code == status
    assert codes(database) == left


def test_what_breaks_is_logged_once_with_the_number_that_the_asker_is_told(send, caplog):
    answer = send("/api/v1/trial/broken").get_json()

    (record,) = [record for record in caplog.records if record.message == "request failed"]
    assert record.number == answer["number"]
    assert "secret detail" not in answer["detail"]


def test_a_race_that_slips_past_a_rule_gets_the_rule_s_own_sentence(send, database):
    with database.writing() as session:
        session.add(Organisation(code="TAKEN", name="x", created_at=SystemClock().now()))

    answer = send("/api/v1/trial/race")

    assert (answer.status_code, answer.get_json()["detail"]) == (409, "TAKEN is taken by a name.")


def test_a_constraint_that_no_rule_explains_is_a_conflict_all_the_same(send, database):
    with database.writing() as session:
        session.add(Organisation(code="TAKEN", name="x", created_at=SystemClock().now()))

    answer = send("/api/v1/trial/doubled")

    assert answer.status_code == 409
    assert "Somebody else was faster" in answer.get_json()["detail"]
    assert IntegrityError.__name__ not in answer.text


def test_a_stream_holds_no_session_open(app, person):
    assert app.test_client().get("/api/v1/trial/stream", headers=person.bearer).text == "a0"


def organisation(send, key, body='{"code": "ABC", "name": "Abc"}'):
    return send("/api/v1/organisations", data=body, headers={"Idempotency-Key": key})


def test_the_same_key_gets_the_same_answer_and_changes_nothing_twice(send, database):
    first, again = organisation(send, "k1"), organisation(send, "k1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert again.headers["Idempotency-Replayed"] == "true"
    other = organisation(send, "k1", '{"code": "DEF", "name": "Def"}')
    assert other.status_code == 409
    assert "was used before with another request" in other.get_json()["detail"]
    assert codes(database) == {"ABC"}


def test_what_is_kept_of_a_request_cannot_be_guessed_without_the_house_s_secret(
    send, app, database
):
    organisation(send, "k1")
    with database.reading() as session:
        kept = session.scalar(select(KeptAnswer.request_hash))

    plain = b'POST\0/api/v1/organisations?\0{"code": "ABC", "name": "Abc"}'
    assert kept != sha256(plain).hexdigest()
    assert kept == hmac.new(app.extensions["cryokeep"].secret, plain, sha256).hexdigest()


def test_a_key_that_is_known_is_answered_without_taking_the_write_lock(send, database):
    organisation(send, "k1")
    with database.writing() as session:
        add_to(session, "AA")
        session.flush()
        assert organisation(send, "k1").headers["Idempotency-Replayed"] == "true"


def test_a_key_whose_request_was_refused_may_be_used_again(send):
    assert organisation(send, "k1", '{"code": "!", "name": "x"}').status_code == 422
    assert organisation(send, "k1").status_code == 201


def test_nobody_overwrites_what_they_have_not_seen(send, app, person):
    organisation(send, "k1")
    client = app.test_client()
    seen = client.get("/api/v1/organisations/ABC", headers=person.bearer).headers["ETag"]
    put = {"data": '{"name": "New"}', "headers": {**person.bearer, "If-Match": seen}}

    assert client.put("/api/v1/organisations/ABC", **put).headers["ETag"] == '"2"'
    stale = client.put("/api/v1/organisations/ABC", **put)
    assert stale.status_code == 412
    assert "You saw version 1; it is version 2 now." in stale.get_json()["detail"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"code": 5, "name": "x"}', "code: 5 was found; a text is expected."),
        ('{"code": "ABC"}', "name is missing; it is needed here."),
        (
            '{"code": "ABC", "name": "x", "colour": 1}',
            "colour: no such field is expected here.",
        ),
        ("{", "The body is not JSON"),
        ("", "body: null was found; an object is expected."),
        ('{"code": "a b", "name": "x"}', "“A B” is not a code"),
        ('{"code": "ABC", "name": "x\\u0000"}', "name: holds a sign that cannot be printed"),
    ],
)
def test_a_wrong_body_is_refused_with_what_was_found_and_expected(send, body, sentence):
    answer = send("/api/v1/organisations", data=body)

    assert answer.status_code == 422
    assert sentence in answer.get_json()["detail"]


def test_a_wrong_body_is_refused_in_the_language_of_the_asker(app, database):
    with database.writing() as session:
        person = sign_in(
            session, None, ("administrator",), everywhere=True, name="Li", language="zh_Hans"
        )
    body = '{"code": 5, "name": "x"}'
    answer = app.test_client().post("/api/v1/organisations", data=body, headers=person.bearer)

    assert answer.get_json()["detail"] == "code：收到 5；应为文本。"


def test_a_cookie_changes_nothing_in_the_api_without_its_token(app, person):
    client = person.browser(app)
    body = {"data": '{"code": "ABC", "name": "x"}'}

    assert client.post("/api/v1/organisations", **body).status_code == 403
    assert (
        client.post(
            "/api/v1/organisations", headers={"X-CSRF-Token": person.csrf}, **body
        ).status_code
        == 201
    )


def test_lists_go_on_where_they_stopped(send, app, person):
    for number in range(5):
        organisation(send, f"k{number}", f'{{"code": "ORG{number}", "name": "x"}}')
    client, found, cursor = app.test_client(), [], ""
    while cursor is not None:
        page = client.get(
            f"/api/v1/organisations?limit=2&cursor={cursor}", headers=person.bearer
        ).get_json()
        found += [row["code"] for row in page["items"]]
        cursor = page["next"]

    assert found == [f"ORG{number}" for number in range(5)]
    for query in ("cursor=nonsense", "limit=0", "limit=501", "limit=x"):
        assert (
            client.get(f"/api/v1/organisations?{query}", headers=person.bearer).status_code == 422
        )


def test_every_answer_carries_the_headers_that_keep_browsers_safe(app):
    for path in ("/sign-in", "/nowhere", "/api/v1/me", "/healthz"):
        headers = app.test_client().get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
