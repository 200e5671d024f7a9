"""Signing in and out, links, and what the cookie is worth."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from server.accounts import secrets
from server.accounts.models import Person, SignIn
from server.app import create_app
from server.audit.models import AuditEntry
from server.core.clock import FixedClock
from server.core.settings import Settings
from server.outbox.models import Letter
from tests.support.signed_in import PASSWORD, make_app, sign_in

AT = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return FixedClock(AT)


@pytest.fixture
def app(database, tmp_path, clock):
    return make_app(database, tmp_path, clock)


@pytest.fixture
def person(database):
    with database.writing() as session:
        return sign_in(session, None, ("administrator",), everywhere=True, at=AT)


def csrf(client, path):
    return re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)[1]


def post(client, path, page=None, **fields):
    return client.post(path, data={**fields, "csrf": csrf(client, page or path)})


def enter(client, password=PASSWORD, onward="/people"):
    return post(client, "/sign-in", email="person0@example.org", password=password, next=onward)


def test_signing_in_leads_on_and_the_cookie_is_kept_from_scripts_and_other_sites(app, person):
    client = app.test_client()
    answer = enter(client)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/people")
    cookie = next(
        value for value in answer.headers.getlist("Set-Cookie") if value.startswith("ck_session")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/people").status_code == 200


def test_under_https_the_cookie_belongs_to_this_host_alone(app, person):
    client = app.test_client()
    secure = {"base_url": "https://bank.example"}
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in", **secure).text)[1]
    fields = {"email": "person0@example.org", "password": PASSWORD, "csrf": token}
    answer = client.post("/sign-in", data=fields, **secure)

    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if "ck_session" in value)
    assert cookie.startswith("__Host-ck_session")
    assert "Secure" in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_wrong_password_is_refused_in_a_sentence_and_keeps_what_was_typed(app, person):
    answer = enter(app.test_client(), "wrong password")

    assert answer.status_code == 422
    assert "do not fit together" in answer.text
    assert 'value="person0@example.org"' in answer.text
    assert "wrong password" not in answer.text


def test_a_guesser_is_told_when_to_try_again(app, person, clock):
    client = app.test_client()
    codes = [enter(client, "wrong password").status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    assert "Try again in 15 s" in enter(client).text

    clock.forward(timedelta(seconds=15))
    assert enter(client).status_code == 303


def test_each_sign_in_has_a_new_secret_and_ends_the_one_before(app, person, database):
    client = person.browser(app)
    before = client.get_cookie("ck_session").value
    client.post("/sign-out", data={"csrf": person.csrf})
    assert client.get("/people").status_code == 303
    enter(client)
    assert client.get_cookie("ck_session").value != before
    with database.reading() as session:
        assert [row.ended_at is None for row in session.query(SignIn).order_by(SignIn.id)] == [
            False,
            True,
        ]


def test_a_sign_in_runs_out(app, person, clock):
    client = person.browser(app)
    assert client.get("/me").status_code == 200
    clock.forward(timedelta(hours=12))
    assert client.get("/me").status_code == 303


def test_a_forgotten_password_is_set_by_a_link_that_works_once_and_for_an_hour(
    app, person, database, clock
):
    client = app.test_client()
    known = post(client, "/forgotten", email="person0@example.org").text
    unknown = post(client, "/forgotten", email="person9@example.org").text
    assert re.sub(r"person\d|value=\"[^\"]+\"", "", known) == re.sub(
        r"person\d|value=\"[^\"]+\"", "", unknown
    )
    with database.reading() as session:
        (letter,) = session.query(Letter).all()
    path = re.search(r"http://127.0.0.1:8077(/reset/\S+)", letter.body)[1]

    new = "eleven frosted tubes"
    assert post(client, path, password=new, password_again="eleven frosted tube").status_code == 422
    assert post(client, path, password=new, password_again=new).status_code == 303
    assert client.get(path).status_code == 410
    assert person.browser(app).get("/me").status_code == 303  # a reset ends every sign-in
    assert enter(client, new).status_code == 303

    clock.forward(timedelta(hours=1, seconds=1))
    post(app.test_client(), "/forgotten", email="person0@example.org")
    clock.forward(timedelta(hours=1, seconds=1))
    with database.reading() as session:
        late = (
            session.query(Letter)
            .order_by(Letter.id.desc())
            .filter(Letter.subject.contains("new"))
            .first()
        )
    assert client.get(re.search(r"/reset/\S+", late.body)[0]).status_code == 410


def test_an_administrator_hands_over_a_link_for_a_new_password_that_is_shown_once(
    app, person, database
):
    with database.writing() as session:
        someone = sign_in(session, None, ("technician",), name="lee", at=AT)
    page = f"/people/{someone.person_id}"
    client = person.browser(app)
    shown = post(client, f"{page}/reset-link", page)
    path = re.search(r"http://127.0.0.1:8077(/reset/[\w-]+)", shown.text)[1]

    assert shown.status_code == 200
    assert path not in client.get(page).text
    new = "eleven frosted tubes"
    other = app.test_client()
    assert post(other, path, password=new, password_again=new).status_code == 303
    assert other.get(path).status_code == 410
    assert someone.browser(app).get("/me").status_code == 303  # a reset ends every sign-in
    with database.reading() as session:
        done = session.scalars(select(AuditEntry).where(AuditEntry.action == "password.link_made"))
        assert [(entry.actor_id, entry.subject_code) for entry in done] == [
            (person.person_id, "person1@example.org")
        ]


def test_only_who_manages_a_person_makes_links_for_them(app, person, database):
    with database.writing() as session:
        technician = sign_in(session, None, ("technician",), everywhere=True, at=AT)
    address = f"/people/{person.person_id}/reset-link"

    refused = technician.browser(app).post(address, data={"csrf": technician.csrf})

    assert refused.status_code == 403
    assert "/reset/" not in refused.text


def test_a_mail_is_promised_only_where_mail_can_leave(database, person, tmp_path):
    house = {"CRYOKEEP_HOME": str(tmp_path)}
    silent = create_app(Settings.read(house), database).test_client()
    mailing = Settings.read({**house, "CRYOKEEP_SMTP": "smtp://127.0.0.1:25"})
    post_office = create_app(mailing, database).test_client()

    for email in ("person0@example.org", "person9@example.org"):
        said = post(silent, "/forgotten", email=email).text
        assert "Ask an administrator for help." in said
        assert "is on its way" not in said
        assert "is on its way" in post(post_office, "/forgotten", email=email).text


def test_the_link_in_the_mail_never_names_a_host_that_the_asker_made_up(app, person, database):
    client = app.test_client()
    token = csrf(client, "/forgotten")
    client.post(
        "/forgotten",
        data={"email": "person0@example.org", "csrf": token},
        headers={"Host": "evil.example"},
    )
    with database.reading() as session:
        assert all("evil.example" not in letter.body for letter in session.query(Letter))


def test_an_invited_person_chooses_a_password_and_signs_in(app, person, database):
    boss = person.browser(app)
    fields = {
        "email": "anna@example.org",
        "name": "Anna",
        "role": "technician",
        "for_org": "all",
        "language": "en",
    }
    with database.writing() as session:
        from server.core.actor import Actor
        from server.parties import service as parties

        org = parties.add_organisation(session, Actor.system("tests"), code="AA", name="AA", at=AT)
    page = boss.post(
        "/people/new", data={**fields, "org": org.id, "csrf": person.csrf}, follow_redirects=True
    ).text
    path = re.search(r"/welcome/[\w-]+", page)[0]

    client = app.test_client()
    answer = post(client, path, name="Anna Zhou", password=PASSWORD, password_again=PASSWORD)
    assert answer.status_code == 303
    assert post(client, "/sign-in", email="anna@example.org", password=PASSWORD).status_code == 303
    assert "Anna Zhou" in client.get("/me").text
    assert client.get("/people").status_code == 403


def test_nothing_is_hashed_for_whoever_has_no_link_that_works(app, monkeypatch):
    def hashed(_password):
        raise AssertionError("hashed")

    monkeypatch.setattr(secrets, "hash_password", hashed)
    client = app.test_client()
    fields = {
        "email": "a@example.org", "name": "A", "org_name": "A", "org_code": "AA",
        "password": PASSWORD, "password_again": PASSWORD, "csrf": csrf(client, "/sign-in"),
    }  # fmt: skip

    assert client.post("/first/guessed", data=fields).status_code == 410


def test_who_guesses_from_outside_keeps_nobody_inside_from_signing(app, person):
    outside, inside = app.test_client(), person.browser(app)
    assert [enter(outside, "wrong password").status_code for _ in range(6)][-1] == 429

    fields = {"password": "eleven frosted tubes", "password_again": "eleven frosted tubes"}
    changed = inside.post(
        "/me/password", data={**fields, "present_password": PASSWORD, "csrf": person.csrf}
    )
    assert changed.status_code == 303


def test_switching_somebody_off_ends_what_they_do_at_once(app, person, database):
    with database.writing() as session:
        other = sign_in(session, None, ("administrator",), everywhere=True, at=AT, name="other")
    browser = other.browser(app)
    assert browser.get("/people").status_code == 200
    assert app.test_client().get("/api/v1/me", headers=other.bearer).status_code == 200

    person.browser(app).post(f"/people/{other.person_id}/off", data={"csrf": person.csrf})

    assert browser.get("/people").status_code == 303
    assert app.test_client().get("/api/v1/me", headers=other.bearer).status_code == 401


def test_the_language_is_kept_with_the_person(app, person, database):
    client = person.browser(app)
    client.post("/language", data={"csrf": person.csrf, "language": "zh_Hans", "next": "/me"})

    assert 'lang="zh-Hans"' in client.get("/me").text
    with database.reading() as session:
        assert session.get_one(Person, person.person_id).language == "zh_Hans"


def test_a_browser_that_wants_chinese_gets_it_before_signing_in(app):
    page = (
        app.test_client()
        .get("/sign-in", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
        .text
    )

    assert "登录" in page
