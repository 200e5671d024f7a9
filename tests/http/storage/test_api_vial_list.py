"""The list of vials and its saved filters, as a program asks for them."""

import pytest
from sqlalchemy import select

from server.genealogy.models import Hold
from server.parties.models import Project
from server.storage.models import Vial
from tests.support.shelves import START

API = "/api/v1"


def get(bank, path, who=None):
    return bank.api.get(API + path, headers=(who or bank.manager).bearer)


def post(bank, path, body, who=None):
    return bank.api.post(API + path, json=body, headers=(who or bank.manager).bearer)


def test_vials_that_fit_are_listed_page_after_page(bank):
    seen, path = [], "/vials?lot=l-0412&limit=2"
    while path:
        page = get(bank, path).json
        assert page["count"] == 3
        seen += [one["code"] for one in page["items"]]
        path = f"/vials?lot=l-0412&limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == ["SH-1", "SH-2", "SH-3"]
    (master,) = get(bank, "/vials?tier=master").json["items"]
    assert [step["code"] for step in master["way"]][-3:] == ["R07", "D-044", "A1"]
    assert get(bank, "/vials", bank.stranger).json["items"] == []
    assert get(bank, "/vials.csv?tier=master").text.splitlines()[1].startswith("SH-9,")


@pytest.mark.parametrize(
    ("query", "field"),
    [("sinc=2026-01-01", "sinc"), ("placed_after=soon", "placed_after"), ("held=maybe", "held"), ("sort=age", "sort")],
)  # fmt: skip
def test_what_does_not_narrow_the_list_is_refused(bank, query, field):
    answer = get(bank, "/vials?" + query)

    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_a_filter_is_kept_shared_used_and_forgotten(bank):
    body = {"name": "Ours", "wanted": {"lot": "L-0412", "state": "in_storage"}, "shared": True}
    made = post(bank, "/vial-filters", body)
    assert made.status_code == 201
    assert (made.json["query"], made.json["own"]) == ("lot=L-0412&state=in_storage", True)
    one = f"/vial-filters/{made.json['number']}"

    assert [row["name"] for row in get(bank, "/vial-filters", bank.reader).json["items"]] == [
        "Ours"
    ]
    found = get(bank, f"/vials?filter={made.json['number']}&box=D-044", bank.reader).json["items"]
    assert [row["code"] for row in found] == ["SH-1", "SH-2"]
    assert get(bank, one, bank.stranger).status_code == 404
    assert bank.api.delete(API + one, headers=bank.reader.bearer).status_code == 403
    assert bank.api.delete(API + one, headers=bank.manager.bearer).status_code == 204
    assert get(bank, one).status_code == 404
    assert post(bank, "/vial-filters", {"name": "x", "wanted": {"lots": "L"}}).status_code == 422


def test_many_are_held_and_given_to_a_project_all_or_none(bank):
    with bank.database.writing() as session:
        org_id = session.scalars(select(Vial.org_id)).first()
        session.add(Project(org_id=org_id, code="P1", name="Stroke", created_at=START))
    refused = post(bank, "/holds/many", {"vials": ["SH-1", "SH-77", "SH-78"], "cause": "identity"})
    assert (refused.status_code, len(refused.json["errors"])) == (409, 2)

    assert post(bank, "/holds/many", {"vials": ["SH-1", "SH-2"], "cause": "identity"}).json == {
        "count": 2
    }
    assert post(bank, "/vials/project", {"vials": ["SH-3", "SH-3"], "project": "P1"}).json == {
        "count": 1
    }
    assert post(bank, "/vials/project", {"vials": ["SH-3"], "project": "P9"}).status_code == 422
    assert post(bank, "/vials/project", {"vials": []}).status_code == 422
    assert (
        post(bank, "/holds/many", {"vials": ["SH-1"], "cause": "identity"}, bank.reader).status_code
        == 403
    )
    with bank.database.reading() as session:
        held = session.scalars(select(Hold.target_code).order_by(Hold.target_code)).all()
        given = session.scalars(select(Vial.code).where(Vial.project_id.is_not(None))).all()
    assert (held, given) == (["SH-1", "SH-2"], ["SH-3"])
