"""Who may invite, grant and switch off whom."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from server.accounts import queries, secrets, service, sessions, tokens
from server.accounts.models import Grant
from server.audit.models import AuditEntry
from server.core import catalogues
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden
from server.outbox.models import Letter
from server.parties import service as parties

AT = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)
SYSTEM = Actor.system("tests")


@pytest.fixture
def session(database):
    with database.writing() as session:
        yield session


@pytest.fixture
def orgs(session):
    return [
        parties.add_organisation(session, SYSTEM, code=code, name=code, at=AT).id
        for code in ("AA", "BB")
    ]


def person(session, email, grants, org_id=None):
    return service.add_person(
        session,
        SYSTEM,
        email=email,
        name=email,
        password="nine frosted tubes",
        org_id=org_id,
        grants=grants,
        at=AT,
    )


def test_a_role_is_held_once_in_the_whole_house(session):
    someone = person(session, "x@a", [("technician", None)])
    again = Grant(person_id=someone.id, role="technician", org_id=None, granted_at=AT)
    with session.begin_nested() as nested:
        session.add(again)
        with pytest.raises(IntegrityError):
            session.flush()
        nested.rollback()

    service.set_grants(session, SYSTEM, someone, [], at=AT)
    service.set_grants(session, SYSTEM, someone, [("technician", None)], at=AT)
    session.flush()


def acting(session, someone):
    session.flush()
    return queries.person_actor(session, someone, "page")


def test_an_administrator_of_one_organisation_manages_only_it(session, orgs):
    a, b = orgs
    boss = acting(session, person(session, "boss@a", [("administrator", a)], a))
    other = person(session, "x@b", [("technician", b)], b)
    both = person(session, "y@a", [("technician", a), ("technician", b)], a)

    assert {p.email for p in session.scalars(queries.people_seen_by(boss))} == {"boss@a", "y@a"}
    for grants in ([("technician", b)], [("technician", None)]):
        with pytest.raises(Forbidden):
            service.set_grants(session, boss, both, grants, at=AT)
    for someone in (other, both):
        with pytest.raises(Forbidden):
            service.switch_off(session, boss, someone, at=AT)


def test_roles_elsewhere_stay_when_a_manager_of_one_organisation_changes_theirs(session, orgs):
    a, b = orgs
    boss = acting(session, person(session, "boss@a", [("administrator", a)], a))
    both = person(session, "y@a", [("technician", a), ("quality", b)], a)

    service.set_grants(session, boss, both, [("read_only", a)], at=AT)
    session.flush()

    assert set(queries.grants_of(session, both.id)) == {("read_only", a), ("quality", b)}


def test_the_last_administrator_stays(session, orgs):
    first = person(session, "one@a", [("administrator", None)], orgs[0])
    boss = acting(session, first)

    for attempt in (
        lambda: service.switch_off(session, boss, first, at=AT),
        lambda: service.set_grants(session, boss, first, [], at=AT),
    ):
        with pytest.raises(Conflict, match="last administrator"):
            attempt()
    person(session, "two@a", [("administrator", None)], orgs[0])
    service.switch_off(session, boss, first, at=AT)
    assert not first.active


def test_switching_off_ends_sign_ins_tokens_and_links(session, orgs):
    boss = acting(session, person(session, "one@a", [("administrator", None)], orgs[0]))
    someone = person(session, "x@a", [("technician", orgs[0])], orgs[0])
    _row, cookie = sessions.begin(session, someone, hours=12, address="", browser="", at=AT)
    _row, token = tokens.make(session, acting(session, someone), "lims", expires_at=None, at=AT)
    session.flush()
    assert sessions.find(session, cookie, now=AT)
    assert tokens.find(session, token, now=AT)

    service.switch_off(session, boss, someone, at=AT)
    service.switch_on(session, boss, someone, at=AT)
    session.flush()
    session.expire_all()

    assert sessions.find(session, cookie, now=AT) is None
    assert tokens.find(session, token, now=AT) is None


def test_an_invitation_is_mailed_in_the_language_of_its_reader(session, orgs):
    catalogues.load()
    boss = acting(session, person(session, "one@a", [("administrator", None)], orgs[0]))

    _who, link = service.invite(
        session, boss, email="New@A.example", name="新人", org_id=orgs[0], grants=[("technician", orgs[0])],
        language="zh_Hans", base_url="https://bank.example", at=AT,
    )  # fmt: skip
    session.flush()

    letter = session.query(Letter).one()
    assert (letter.address, letter.subject) == ("new@a.example", "您的 Cryokeep 登录")
    assert link in letter.body
    assert link.startswith("https://bank.example/welcome/")


def test_nothing_secret_is_kept_as_it_is(session, orgs):
    boss = acting(session, person(session, "one@a", [("administrator", None)], orgs[0]))
    row, token = tokens.make(session, boss, "lims", expires_at=None, at=AT)
    session.flush()

    assert row.token_hash == secrets.digest(token) != token
    assert token not in "".join(entry.facts for entry in session.query(AuditEntry))


def test_the_link_of_the_first_administrator_works_once_and_only_before_there_is_one(session):
    link = service.first_administrator_link(session, at=AT)
    newer = service.first_administrator_link(session, at=AT)
    facts = {
        "email": "li@example.org", "name": "Li Wei", "password_hash": secrets.hash_password("nine frosted tubes"),
        "org_code": "PUDONG", "org_name": "Pudong Cell Bank", "language": "en", "at": AT,
    }  # fmt: skip

    with pytest.raises(Exception, match="used before"):
        service.make_first_administrator(session, link.removeprefix("/first/"), **facts)
    made = service.make_first_administrator(session, newer.removeprefix("/first/"), **facts)
    session.flush()

    assert queries.administrators(session) == [made.id]
    assert service.first_administrator_link(session, at=AT) is None
