"""What is made of many rows carries a tag of all of them; times and rules by the API."""

import pytest

from tests.http.storage.conftest import Bank

API = "/api/v1"


def send(bank: Bank, method: str, path: str, body: object = None, **headers: str) -> object:
    known = {**bank.manager.bearer, **headers}
    return bank.api.open(API + path, method=method, json=body, headers=known)


def test_a_list_that_went_on_is_not_changed_by_who_saw_it_before(bank: Bank) -> None:
    made = send(bank, "POST", "/pick-lists", {"vials": ["SH-1", "SH-2"]}).json["code"]
    seen = send(bank, "GET", f"/work-lists/{made}").headers["ETag"]

    first = send(bank, "POST", f"/work-lists/{made}/scans", {"tube": "SH-1"}, **{"If-Match": seen})
    assert first.status_code == 200
    assert first.headers["ETag"] != seen
    late = send(bank, "POST", f"/work-lists/{made}/close", {}, **{"If-Match": seen})
    assert (late.status_code, late.json["code"]) == (412, "stale")
    tag = first.headers["ETag"]
    assert (
        send(bank, "POST", f"/work-lists/{made}/close", {}, **{"If-Match": tag}).json["state"]
        == "closed"
    )


@pytest.mark.parametrize(
    ("make", "body", "read"),
    [
        ("/stock-takes", {"container": "D-044"}, "/stock-takes/"),
        ("/position-audits", {"freezer": "LN2-03", "positions": 2}, "/position-audits/"),
    ],
)
def test_single_things_of_the_work_carry_their_tags(
    bank: Bank, make: str, body: object, read: str
) -> None:
    made = send(bank, "POST", make, body)
    assert made.status_code == 201, made.json

    path = read + made.json["code"]
    assert send(bank, "GET", path).headers["ETag"] == send(bank, "GET", path).headers["ETag"]
    stale = send(bank, "POST", f"{path}/close", {}, **{"If-Match": '"0"'})
    assert stale.status_code == 412


def test_a_bank_sets_its_times_and_rules(bank: Bank) -> None:
    times = {"lid_s": 5, "rack_s": 10, "box_s": 4, "tube_s": 2.5}
    assert send(bank, "PUT", "/handling-times", times).json == times
    assert send(bank, "GET", "/handling-times").json == times
    rules = {"incoming": False, "transfer": True}
    assert send(bank, "PUT", "/shipment-rules", rules).json == rules
    assert send(bank, "GET", "/shipment-rules").json == rules
    assert send(bank, "PUT", "/handling-times", {**times, "lid_s": -1}).status_code == 422
    reader = bank.api.put(f"{API}/handling-times", json=times, headers=bank.reader.bearer)
    assert reader.status_code == 403
