"""Passwords proven, throttled and turned into signatures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from server.accounts import login, queries, secrets, service
from server.accounts.models import Person
from server.core.actor import Actor
from server.core.errors import Forbidden, Invalid, TooMany

AT = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)
PASSWORD = "nine frosted tubes"


class Doors:
    def __init__(self, database):
        self.database = database

    def __call__(self):
        return self.database.reading()

    def writing(self):
        return self.database.writing()


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    monkeypatch.setattr(secrets, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))
    secrets._nobodys.cache_clear()
    yield
    secrets._nobodys.cache_clear()


@pytest.fixture
def doors(database):
    with database.writing() as session:
        service.add_person(
            session,
            Actor.system("tests"),
            email="li@example.org",
            name="Li",
            password=PASSWORD,
            at=AT,
        )
    return Doors(database)


def attempt(doors, password, at, address="10.0.0.1", email="li@example.org"):
    return login.prove_email(doors, email, password, address, at)


def test_the_right_password_proves_who_it_is(doors):
    assert attempt(doors, PASSWORD, AT, email=" LI@example.org").at == AT


def test_a_wrong_password_and_an_unknown_address_get_the_same_sentence(doors):
    sentences = set()
    for email in ("li@example.org", "nobody@example.org"):
        with pytest.raises(Invalid) as refused:
            attempt(doors, "wrong password", AT, email=email)
        sentences.add(refused.value.refusal.text())

    assert len(sentences) == 1


def test_guessing_is_slowed_down_even_with_the_right_password_at_last(doors):
    for second in range(5):
        with pytest.raises(Invalid):
            attempt(doors, "wrong password", AT + timedelta(seconds=second))
    with pytest.raises(TooMany) as refused:
        attempt(doors, PASSWORD, AT + timedelta(seconds=5))

    assert refused.value.refusal.facts["wait_s"] == 14
    assert attempt(doors, PASSWORD, AT + timedelta(seconds=20))
    with pytest.raises(Invalid):  # a success forgives: the count begins anew
        attempt(doors, "wrong password", AT + timedelta(seconds=21))


def test_one_machine_that_tries_many_people_is_slowed_down(doors):
    for number in range(30):
        with pytest.raises(Invalid):
            attempt(doors, "wrong password", AT, email=f"guess{number}@example.org")
    with pytest.raises(TooMany):
        attempt(doors, PASSWORD, AT)

    assert attempt(doors, PASSWORD, AT, address="10.0.0.2")


def test_asking_again_is_counted_for_each_sign_in_by_itself(database, doors):
    with database.reading() as session:
        person = queries.person_actor(session, session.query(Person).one(), "page")
    here, there = (replace(person, sign_in_id=number) for number in (1, 2))
    for _ in range(5):
        with pytest.raises(Invalid):
            login.prove(doors, here, "wrong password", "10.0.0.1", AT)
    with pytest.raises(TooMany):
        login.prove(doors, here, PASSWORD, "10.0.0.1", AT)

    assert login.prove(doors, there, PASSWORD, "10.0.0.1", AT)
    assert login.prove(doors, person, PASSWORD, "10.0.0.1", AT)
    assert attempt(doors, PASSWORD, AT)
    with pytest.raises(TooMany):  # none of these forgives what was tried here
        login.prove(doors, here, PASSWORD, "10.0.0.1", AT)


def sign(session, actor, proof, at=AT, content=None):
    return service.sign(
        session, actor, proof, "I release this lot.", kind="lot", row_id=7, code="L-1", version=3,
        content=content or {"passage": 5}, at=at,
    )  # fmt: skip


def test_a_signature_holds_for_exactly_what_was_signed(database, doors):
    proof = attempt(doors, PASSWORD, AT)
    with database.writing() as session:
        actor = queries.person_actor(session, session.get_one(Person, proof.person_id), "page")
        made = sign(session, actor, proof)

        assert service.is_held(made, version=3, content={"passage": 5})
        assert not service.is_held(made, version=4, content={"passage": 5})
        assert not service.is_held(made, version=3, content={"passage": 6})
        assert (
            service.void(session, actor, kind="lot", row_id=7, because="passage corrected", at=AT)
            == 1
        )
        assert not service.is_held(made, version=3, content={"passage": 5})


def test_a_proof_of_another_or_of_long_ago_signs_nothing(database, doors):
    proof = attempt(doors, PASSWORD, AT)
    with database.writing() as session:
        actor = queries.person_actor(session, session.get_one(Person, proof.person_id), "page")
        with pytest.raises(Forbidden):
            sign(session, actor, login.Proof(actor.id + 1, AT))
        with pytest.raises(Forbidden):
            sign(session, actor, proof, at=AT + timedelta(minutes=6))
