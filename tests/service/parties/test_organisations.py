"""Organisations and their delivery sites."""

from datetime import UTC, datetime

import pytest

from server.audit import queries as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid
from server.parties import queries, service

AT = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)
SYSTEM = Actor.system("tests")


@pytest.fixture
def session(database):
    with database.writing() as session:
        yield session


@pytest.mark.parametrize(
    ("code", "fits"), [("PUDONG", True), ("a1", True), ("X", False), ("A B", False), ("-A", False)]
)
def test_a_code_is_short_and_plain(session, code, fits):
    if fits:
        assert (
            service.add_organisation(session, SYSTEM, code=code, name="x", at=AT).code
            == code.upper()
        )
    else:
        with pytest.raises(Invalid):
            service.add_organisation(session, SYSTEM, code=code, name="x", at=AT)


def test_two_organisations_never_share_a_code(session):
    service.add_organisation(session, SYSTEM, code="AA", name="x", at=AT)
    with pytest.raises(Conflict, match="AA"):
        service.add_organisation(session, SYSTEM, code="aa", name="y", at=AT)


def test_a_manager_of_one_organisation_changes_only_it_and_adds_none(session):
    a, b = (
        service.add_organisation(session, SYSTEM, code=code, name=code, at=AT)
        for code in ("AA", "BB")
    )
    boss = Actor(
        id=None, name="boss", org_id=a.id, permissions={"parties.manage": frozenset({a.id})}
    )

    service.add_site(session, boss, a, name="Door 3", address="Road 1", contact="", at=AT)
    with pytest.raises(Forbidden):
        service.add_site(session, boss, b, name="Door 3", address="Road 1", contact="", at=AT)
    with pytest.raises(Forbidden):
        service.add_organisation(session, boss, code="CC", name="x", at=AT)
    assert [o.code for o in session.scalars(queries.seen_by(boss, "parties.manage"))] == ["AA"]


def test_each_change_stands_in_the_record_with_what_was_before(session):
    a = service.add_organisation(session, SYSTEM, code="AA", name="old", at=AT)
    service.change_organisation(session, SYSTEM, a, name="new", country="cn", active=True, at=AT)
    session.flush()

    newest = audit.history(session, "organisation", "AA")[0]
    assert newest.action == "organisation.changed"
    assert "old" in newest.facts
    assert a.country == "CN"
