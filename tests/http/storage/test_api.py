"""The API of storage, as a script asks for it."""

import pytest

from tests.http.storage.conftest import Bank
from tests.support.signed_in import PASSWORD

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
    gone = post(bank, "/vials/SH-30/discard", {"reason": "broken", "password": PASSWORD})
    assert gone.json["state"] == "destroyed"
    assert post(bank, "/vials/SH-30/move", {"box": "D-044"}).status_code == 409


def test_what_is_signed_with_a_password_may_carry_an_idempotency_key(bank: Bank) -> None:
    path, body = "/vials/SH-1/discard", {"reason": "broken", "password": PASSWORD}
    first, again = (post(bank, path, body, **{"Idempotency-Key": "once"}) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json["state"] == "destroyed"
    assert first.data == again.data
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/vials/SH-8/move", {"box": "D-044"}, 404, "no_such_vial"),
        ("/vials/SH-1/move", {"box": "D-9"}, 404, "no_such_container"),
        ("/vials/SH-1/move", {"box": "D-044", "position": "Z1"}, 422, "no_such_position"),
        ("/vials/SH-1/move", {}, 422, "bad_body"),
        ("/vials/SH-1/place", {"box": "D-044"}, 409, "wrong_state"),
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
