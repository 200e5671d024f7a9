"""Plain statements and many rows at once, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from server.core.db import Database
from server.core.many import among, insert_many
from server.core.plain import Plain, apart, together, whole_row
from server.parties.models import Organisation

AT = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
CODES = ["plain", 'quo"ted', "back\\slash", "a,b{c}", "冻存", "NULL", ""]
_MADE = Plain(whole_row(Organisation).returning(Organisation.id))
_NAMED = Plain(
    select(Organisation.code, Organisation.created_at, Organisation.name.label("called"))
    .where(among(Organisation.code, "codes"))
    .order_by(Organisation.id)
)
_NUMBERED = Plain(select(Organisation.code).where(among(Organisation.id, "ids")))


def organisation(code: str) -> dict[str, Any]:
    """Return every column of an organisation."""
    named = {column.name: None for column in Organisation.__table__.columns if column.name != "id"}
    scalars = {
        column.name: column.default.arg
        for column in Organisation.__table__.columns
        if column.default is not None and column.default.is_scalar
    }
    return {**named, **scalars, "code": code, "name": f"name of {code}", "created_at": AT}


def codes(session: Session) -> set[str]:
    """Return the codes of all organisations."""
    return set(session.scalars(select(Organisation.code)))


def test_rows_are_read_by_name_with_moments_as_moments(database: Database) -> None:
    with database.writing() as session:
        _MADE.ask(session, **organisation("A1"))
        (row,) = _NAMED.ask(session, codes=["A1", "A2"]).found()
        assert (row.code, row.called, row.created_at) == ("A1", "name of A1", AT)
        assert _NAMED.ask(session, codes=[]).found() == []


def test_texts_and_numbers_come_in_lists_as_they_are(database: Database) -> None:
    with database.writing() as session:
        names = {name: value for name, value in organisation("").items() if name != "code"}
        insert_many(session, Organisation, names, {"code": CODES})
        assert [row.code for row in _NAMED.ask(session, codes=CODES).found()] == CODES
        ids = list(session.scalars(select(Organisation.id).where(Organisation.code == "冻存")))
        assert _NUMBERED.ask(session, ids=ids).value() == "冻存"
        assert _NUMBERED.ask(session, ids=[2**40]).value() is None


def test_what_the_model_puts_in_by_itself_is_there(database: Database) -> None:
    with database.writing() as session:
        insert_many(
            session, Organisation, {"created_at": AT}, {"code": ["X", "Y"], "name": ["x", "y"]}
        )
        made = {one.code: one.name for one in session.scalars(select(Organisation))}
        assert made.items() >= {"X": "x", "Y": "y"}.items()


def test_the_drivers_refusals_are_raised_as_sqlalchemys(database: Database) -> None:
    with pytest.raises(IntegrityError):
        _fail_twice(database)
    if database.dialect == "postgresql":
        with database.reading() as session, pytest.raises(DataError):
            _NAMED.ask(session, codes=["no\0such"])


def _fail_twice(database: Database) -> None:
    with database.writing() as session:
        _MADE.ask(session, **organisation("T"))
        _MADE.ask(session, **organisation("T"))


def _make_apart(session: Session, *names: str) -> None:
    with apart(session):
        for name in names:
            _MADE.ask(session, **organisation(name))


def test_what_was_to_stay_apart_leaves_nothing_when_refused(database: Database) -> None:
    with database.writing() as session:
        _MADE.ask(session, **organisation("before"))
        with pytest.raises(IntegrityError):
            _make_apart(session, "inside", "before")
        _make_apart(session, "after")
        assert codes(session) & {"before", "inside", "after"} == {"before", "after"}
    with database.reading() as session:
        assert codes(session) & {"before", "inside", "after"} == {"before", "after"}


def test_statements_that_go_together_are_answered_each(database: Database) -> None:
    with database.writing() as session:
        with together(session):
            one = _MADE.ask(session, **organisation("one"))
            other = _MADE.ask(session, **organisation("other"))
            assert other.value() == one.value() + 1
        found = _NUMBERED.ask(
            session, ids=[one_id for (one_id,) in session.execute(select(Organisation.id))]
        )
        assert {code for (code,) in found.rows()} >= {"one", "other"}
