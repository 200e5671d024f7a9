"""The page at the tank and its API: what a device takes along, sends, and has decided; who may; what is kept on it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.http.storage.conftest import Bank
from tests.support.signed_in import SignedIn

NOW = datetime.now(UTC)


def a_list(bank: Bank) -> dict[str, object]:
    """Make a pick list and take it along."""
    bank.post("/lists/new", kind="pick", codes="SH-1 SH-2", title="thaw")
    answer = bank.api.get("/api/v1/offline-lists/P-0001", headers=bank.manager.bearer)
    assert answer.status_code == 200, answer.json
    return answer.json


def an_act(tube: dict[str, object], kind: str = "pick", **facts: object) -> dict[str, object]:
    usual = {
        "uuid": f"{kind}-{tube['code']}", "kind": kind, "tube": tube["code"], "list": "P-0001",
        "stated_at": (NOW - timedelta(minutes=5)).isoformat(), "offset_ms": 0,
        "contact_at": (NOW - timedelta(minutes=9)).isoformat(),
        "known": True, "stay": tube.get("stay"), "place": tube.get("place", ""),
    }  # fmt: skip
    return {**usual, **facts}


def send(bank: Bank, *acts: dict[str, object], who: SignedIn | None = None, **facts: object):
    parcel = {
        "device": "d-1", "device_name": "tablet 2", "sent_at": datetime.now(UTC).isoformat(),
        "acts": list(acts), **facts,
    }  # fmt: skip
    headers = (who or bank.manager).bearer
    return bank.api.post("/api/v1/offline-acts", json=parcel, headers=headers)


def test_a_list_is_taken_along_with_ways_stays_and_boxes(bank: Bank) -> None:
    along = a_list(bank)

    assert [tube["code"] for tube in along["tubes"]] == ["SH-1", "SH-2"]
    first = along["tubes"][0]
    assert ["box", "D-044"] in first["way"]
    assert first["position"] == "C7"
    assert isinstance(first["stay"], int)
    box = along["boxes"]["D-044"]
    assert box["places"][24] == "C7"
    assert (box["rows"][2], box["columns"][6]) == ("C", "7")


def test_what_was_done_is_stored_at_its_own_time_and_only_once(bank: Bank) -> None:
    tubes = a_list(bank)["tubes"]
    acts = [an_act(tubes[0]), an_act(tubes[1], "not_there")]
    for _ in range(2):
        answer = send(bank, *acts)
        assert answer.status_code == 200, answer.json
        assert [one["outcome"] for one in answer.json["acts"]] == ["done", "done"]
        assert answer.json["acts"][0]["happened_at"][:19] == acts[0]["stated_at"][:19]

    done = bank.page.get("/lists/P-0001").text
    assert "missing" in done
    assert "expected tube" not in done


def conflicting(bank: Bank) -> int:
    """Let a colleague move SH-1 after it was taken along; return the number of the act that then quarrels."""
    tube = a_list(bank)["tubes"][0]
    bank.api.post(
        "/api/v1/vials/SH-1/move", json={"box": "FX12345678", "position": "A1"},
        headers=bank.manager.bearer,
    )  # fmt: skip
    answer = send(bank, an_act(tube))
    assert answer.json["acts"][0]["outcome"] == "conflict", answer.json
    assert "was moved meanwhile" in answer.json["acts"][0]["reason"]
    return int(answer.json["acts"][0]["id"])


def test_a_conflict_is_shown_with_both_facts_and_dropped_with_a_reason(bank: Bank) -> None:
    number = conflicting(bank)
    page = bank.page.get("/tank/conflicts").text
    assert "SH-1 was moved meanwhile" in page
    assert "tablet 2" in page
    assert "FX12345678" in page
    assert "1 act at a tank waits for a decision" in bank.page.get("/").text

    without = bank.post(f"/tank/conflicts/{number}/drop", reason=" ")
    assert without.status_code == 422
    assert 'role="alert"' in without.text
    dropped = bank.post(f"/tank/conflicts/{number}/drop", reason="another tube in my hand")
    assert dropped.status_code == 303
    assert "Nothing waits for a decision" in bank.page.get("/tank/conflicts").text
    assert bank.post(f"/tank/conflicts/{number}/drop", reason="again").status_code == 404


def test_a_conflict_is_recorded_late_by_page_and_by_api(bank: Bank) -> None:
    number = conflicting(bank)
    refused = bank.post(f"/tank/conflicts/{number}/late")
    recorded = refused.status_code == 303
    assert recorded, refused.text
    assert "in storage" in bank.page.get("/vials/SH-1").text


def test_the_api_lists_sees_and_decides(bank: Bank) -> None:
    number = conflicting(bank)
    send_to = {"headers": bank.manager.bearer}
    listed = bank.api.get("/api/v1/offline-acts", **send_to).json
    assert [one["id"] for one in listed["items"]] == [number]
    assert bank.api.post(f"/api/v1/offline-acts/{number}/seen", **send_to).status_code == 200
    late = bank.api.post(f"/api/v1/offline-acts/{number}/late", json={}, **send_to)
    assert late.status_code == 200, late.json
    where = f"/api/v1/offline-acts/{number}/drop"
    assert bank.api.post(where, json={"reason": "x"}, **send_to).status_code == 404


@pytest.mark.parametrize(("who", "status"), [("reader", 403), ("stranger", 200)])
def test_others_change_nothing(bank: Bank, who: str, status: int) -> None:
    tube = a_list(bank)["tubes"][0]
    other = getattr(bank, who)
    answer = send(bank, an_act(tube), who=other)

    assert answer.status_code == status
    if status == 200:
        assert answer.json["acts"][0]["outcome"] == "refused"
        listed = bank.api.get("/api/v1/offline-lists/P-0001", headers=other.bearer)
        assert listed.status_code == 404
        assert bank.api.get("/api/v1/offline-acts", headers=bank.manager.bearer).json["items"] == []
    assert "expected tube" in bank.page.get("/lists/P-0001").text


def test_a_conflict_of_another_organisation_is_not_there(bank: Bank) -> None:
    number = conflicting(bank)
    browser = bank.stranger.browser(bank.app)

    assert "SH-1" not in browser.get("/tank/conflicts").text
    answer = browser.post(f"/tank/conflicts/{number}/late", data={"csrf": bank.stranger.csrf})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "facts", [{"stated_at": "yesterday"}, {"stated_at": "2026-04-17T09:00:00"}, {"offset_ms": 10**15}, {"x": 1}]
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_its_field(bank: Bank, facts: dict[str, object]) -> None:
    answer = send(bank, an_act(a_list(bank)["tubes"][0], **facts))

    assert answer.status_code == 422
    assert answer.json["field"]


def test_contact_tells_the_time_the_token_and_the_open_lists(bank: Bank) -> None:
    a_list(bank)
    told = bank.page.get("/tank/contact")

    assert told.headers["Cache-Control"] == "no-store"
    assert told.json["csrf"] == bank.manager.csrf
    assert told.json["lists"] == [{"code": "P-0001", "kind": "pick", "title": "thaw", "waiting": 2}]
    assert abs(datetime.fromisoformat(told.json["now"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_page_works_without_script_and_the_kept_one_holds_no_numbers(bank: Bank) -> None:
    a_list(bank)
    page, kept = (bank.page.get(path).text for path in ("/tank", "/tank/offline"))

    assert 'href="/lists/P-0001"' in page
    assert "<noscript>" in page
    assert "P-0001" not in kept
    assert "data-live-url" not in kept
    assert "data-kept" in kept


@pytest.mark.needs("built pages")
def test_the_worker_may_look_after_this_page_alone_and_names_what_it_keeps(bank: Bank) -> None:
    answer = bank.api.get("/tank/worker.js")
    kept = json.loads(answer.text.partition("self.KEPT = ")[2].partition(";\n")[0])

    assert answer.headers["Service-Worker-Allowed"] == "/tank"
    assert answer.mimetype == "text/javascript"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert kept["page"] == "/tank/offline"
    for address in kept["files"]:
        assert bank.api.get(address).status_code == 200, address
        assert address.startswith(("/kit/", "/dist/assets/"))
