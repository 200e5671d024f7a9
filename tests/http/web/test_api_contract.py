"""openapi.json is true: answers fit it, and nothing that fits it breaks the house."""

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.accounts.rules import PERMISSIONS
from server.core.db import Database
from tests.support.shelves import Shelves
from tests.support.signed_in import make_app, sign_in

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture(scope="module")
def house(tmp_path_factory, sqlite_template):
    home = tmp_path_factory.mktemp("contract")
    file = home / "copy.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    app = make_app(database, home)
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("AA")
        box = shelves.box(org, "BX-1", into=shelves.rack(org, into=shelves.freezer(org)))
        shelves.vial(shelves.lot(org), box=box, ordinal=1)
        person = sign_in(session, org.id, tuple(PERMISSIONS), everywhere=True)
        spare = sign_in(session, org.id, ("administrator",), everywhere=True)
    yield app, person, spare
    database.close()


def test_the_description_is_openapi_3_1(house):
    app, _person, _spare = house
    document = app.test_client().get("/api/v1/openapi.json").get_json()

    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["x-permission"], path


def test_whatever_fits_the_description_is_answered_as_described(house):
    app, person, _spare = house
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    left_alone = (
        r"/me/tokens/|/people/\{person_id\}/(off|roles)"  # they would end the asker's own sign-in
    )

    failures = []
    for result in schema.exclude(path_regex=left_alone).get_all_operations():
        operation = result.ok()

        @given_by(operation)
        def one(case):
            response = case.call(headers=person.bearer)
            case.validate_response(response, checks=CHECKS)

        try:
            one()
        except (AssertionError, BaseExceptionGroup, schemathesis.errors.SchemathesisError) as error:
            failures.append(f"{operation.label}: {error}")
    assert not failures, "\n\n".join(failures)


def given_by(operation):
    strategy = operation.as_strategy()

    def decorate(test):
        return settings(
            max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )(given(case=strategy)(test))

    return decorate
