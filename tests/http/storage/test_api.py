"""The API of storage, as a script asks for it."""

from typing import Any

import pytest

from server.accounts.models import Person
from tests.http.storage.conftest import Bank
from tests.support.signed_in import PASSWORD, SignedIn, sign_in

API = "/api/v1"


def post(bank: Bank, path: str, body: object, **headers: str) -> object:
    return bank.api.post(API + path, json=body, headers={**bank.manager.bearer, **headers})


def get(bank: Bank, path: str) -> object:
    return bank.api.get(API + path, headers=bank.manager.bearer)


def test_a_vial_is_found_with_its_way(bank: Bank) -> None:
    found = get(bank, "/find?q=SH-1").json

    assert [step["kind"] for step in found["vial"]["way"]] == [
        "site",
        "room",
        "freezer",
        "rack",
        "box",
        "position",
    ]
    assert found["vial"]["position"] == "C7"
    assert get(bank, "/find?q=SH-11").json["near"][0]["code"] == "SH-1"


def test_a_taken_position_is_a_409_that_names_the_occupant(bank: Bank) -> None:
    answer = post(bank, "/vials/SH-3/place", {"box": "D-044", "position": "C7"})

    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert answer.json["occupant"] == "SH-1"
    assert answer.json["code"] == "position_taken"


def test_a_vial_goes_through_its_life(bank: Bank) -> None:
    made = post(bank, "/vials", {"lot": "L-0412", "codes": ["SH-30"], "box": "D-044"})
    assert (made.status_code, made.json["items"][0]["position"]) == (201, "A2")
    assert (
        post(bank, "/vials/SH-30/move", {"box": "D-044", "position": "I9"}).json["position"] == "I9"
    )
    assert post(bank, "/vials/SH-30/take-out", {"reason": "count"}).json["state"] == "checked_out"
    back = post(bank, "/vials/SH-30/put-back", {"box": "D-044", "position": "I8"})
    assert back.json["state"] == "in_storage"
    asked = post(bank, "/vials/SH-30/discard", {"reason": "broken", "password": PASSWORD})
    assert (asked.json["state"], asked.json["destruction_waits"]) == ("in_storage", True)
    (waiting,) = bank.api.get("/api/v1/destructions", headers=bank.manager.bearer).json["items"]
    second = bank.api.post(
        f"/api/v1/destructions/{waiting['number']}/witness",
        json={"password": PASSWORD},
        headers=colleague(bank).bearer,
    )
    assert (second.status_code, second.json["ended"]) == (200, "destroyed")
    assert post(bank, "/vials/SH-30/move", {"box": "D-044"}).status_code == 409


def colleague(bank: Bank) -> SignedIn:
    """Make a person of quality in the manager's organisation."""
    with bank.database.writing() as session:
        org_id = session.get_one(Person, bank.manager.person_id).org_id
        return sign_in(session, org_id, ("quality", "technician"))


def test_the_api_guards_and_makes_as_the_pages_do(bank: Bank) -> None:
    wu = colleague(bank)

    def by_wu(path: str, body: dict[str, object]) -> Any:
        return bank.api.post(f"/api/v1{path}", json=body, headers=wu.bearer)

    hold = post(bank, "/holds", {"kind": "lot", "code": "L-0412", "cause": "identity"})
    assert hold.status_code == 201
    assert bank.api.get("/api/v1/vials/SH-1", headers=bank.manager.bearer).json["held"] == [
        "identity"
    ]
    refused = post(bank, "/vials/SH-1/take-out", {})
    assert (refused.status_code, refused.json["code"]) == (409, "on_hold")
    listed = bank.api.get("/api/v1/holds", headers=bank.manager.bearer).json["items"]
    assert [each["code"] for each in listed] == ["L-0412"]
    lifted = by_wu(f"/holds/{hold.json['number']}/lift", {"reason": "STR matches"})
    assert lifted.json["lifted_because"] == "STR matches"

    assert post(bank, "/vials/SH-1/take-out", {}).status_code == 200
    assert post(bank, "/vials/SH-1/measure", {"volume_ul": 1000}).json["volume_ul"] == 1000
    made = post(bank, "/vials/SH-1/aliquots", {"codes": ["A-1", "A-2"], "each_ul": 300})
    assert [each["volume_ul"] for each in made.json["items"]] == [300, 300]
    pooled = post(bank, "/pools", {"parents": ["A-1", "A-2"], "code": "P-1", "box": "D-044"})
    assert (pooled.status_code, pooled.json["items"][0]["volume_ul"]) == (201, 600)
    shared = post(bank, "/vials/SH-1/split", {"codes": ["S-1", "S-2"]})
    assert [each["volume_ul"] for each in shared.json["items"]] == [200, 200]
    lineage = bank.api.get("/api/v1/vials/P-1/lineage", headers=bank.manager.bearer).json
    assert [edge["parent"] for edge in lineage["parents"]] == ["A-1", "A-2"]
    ledger = bank.api.get("/api/v1/vials/SH-1/volume", headers=bank.manager.bearer).json
    assert ledger["volume_ul"] == 0

    body = {
        "parents": ["SH-1"],
        "relation": "subclone",
        "code": "N-1",
        "tier": "seed",
        "passage": 7,
    }
    lot = post(bank, "/lots/from-vials", {**body, "codes": ["N-1-1"]})
    assert (lot.status_code, lot.json["lot"]) == (201, "N-1")
    reversal = {"reason": "other tube", "password": PASSWORD}
    refused = by_wu("/vials/SH-1/reverse", reversal)
    assert (refused.status_code, refused.json["code"]) == (409, "has_children")
    for edge in get(bank, "/vials/SH-1/lineage").json["children"]:
        taken_back = post(bank, f"/edges/{edge['number']}/supersede", {"note": "another tube"})
        assert taken_back.status_code == 204
    back = by_wu("/vials/SH-1/reverse", reversal)
    assert (back.status_code, back.json["state"]) == (200, "checked_out")


def test_the_api_asks_quality_and_sets_the_rules(bank: Bank) -> None:
    wu = colleague(bank)
    rule = {"keep_all": True, "uses": ["qc"]}
    path = "/api/v1/stock-rules/distribution"
    assert bank.api.put(path, json=rule, headers=bank.reader.bearer).status_code == 403
    assert bank.api.put(path, json=rule, headers=wu.bearer).json["uses"] == ["qc"]
    listed = bank.api.get("/api/v1/stock-rules", headers=bank.reader.bearer).json["items"]
    assert next(each for each in listed if each["tier"] == "distribution")["keep_all"]
    assert post(bank, "/vials/SH-1/take-out", {"use": "qc"}).json["code"] == "kept"
    asked = post(bank, "/vials/SH-1/clearance", {"use": "qc", "note": "mycoplasma"})
    assert (asked.status_code, asked.json["needed"]) == (201, 1)
    number = asked.json["number"]
    signed = bank.api.post(
        f"/api/v1/clearances/{number}/sign", json={"password": PASSWORD}, headers=wu.bearer
    )
    assert len(signed.json["signed"]) == 1
    assert post(bank, "/vials/SH-1/take-out", {}).json["state"] == "checked_out"
    assert post(bank, "/vials/SH-1/consume", {"note": "mycoplasma"}).json["state"] == "consumed_qc"
    assert bank.api.get("/api/v1/clearances", headers=wu.bearer).json["items"] == []


def test_what_is_signed_with_a_password_may_carry_an_idempotency_key(bank: Bank) -> None:
    path, body = "/vials/SH-1/discard", {"reason": "broken", "password": PASSWORD}
    first, again = (post(bank, path, body, **{"Idempotency-Key": "once"}) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json["destruction_waits"] is True
    assert first.data == again.data
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/vials/SH-8/move", {"box": "D-044"}, 404, "no_such_vial"),
        ("/vials/SH-1/move", {"box": "D-9"}, 404, "no_such_container"),
        ("/vials/SH-1/move", {"box": "D-044", "position": "Z1"}, 422, "no_such_position"),
        ("/vials/SH-1/move", {}, 422, "bad_body"),
        ("/vials/SH-1/place", {"box": "D-045"}, 409, "wrong_state"),
        ("/vials/SH-1/discard", {"reason": "boredom", "password": PASSWORD}, 422, "no_reason"),
        ("/vials", {"lot": "L-0412", "codes": []}, 422, "no_code"),
        ("/vials", {"lot": "L-0412", "codes": ["A", "A"]}, 422, "code_twice"),
        ("/vials", {"lot": "L-0412", "codes": ["NO READ"]}, 422, "bad_code"),
        ("/vials", {"lot": "L-0412", "codes": ["SH-1"]}, 409, "code_taken"),
        ("/vials", {"lot": "L-0412", "codes": ["X", "Y"], "box": "D-045"}, 409, "box_full"),
    ],
)
def test_what_cannot_be_is_refused_by_code(
    bank: Bank, path: str, body: object, status: int, code: str
) -> None:
    answer = post(bank, path, body)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["detail"]


def test_nobody_overwrites_what_they_have_not_seen(bank: Bank) -> None:
    seen = get(bank, "/vials/SH-1").json["version"]
    post(bank, "/vials/SH-1/move", {"box": "D-044", "position": "H1"})
    stale = post(bank, "/vials/SH-1/move", {"box": "D-044"}, **{"If-Match": f'"{seen}"'})

    assert stale.status_code == 412


def test_lists_show_what_is_there_to_those_who_may_see_it(bank: Bank) -> None:
    assert get(bank, "/freezers").json["items"][0]["vials"] == 3
    assert get(bank, "/sites").json["items"][0]["rooms"] == ["B1.04"]
    box = get(bank, "/boxes/D-044").json
    assert (box["taken"], box["free"], len(box["places"])) == (3, 78, 81)
    headers = bank.stranger.bearer
    assert bank.api.get(f"{API}/freezers", headers=headers).json["items"] == []
    assert bank.api.get(f"{API}/vials/SH-1", headers=headers).status_code == 404
    assert bank.api.get(f"{API}/vials/SH-1").status_code == 401
