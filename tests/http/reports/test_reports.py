"""Pages, files and API of reports; another organisation sees nothing of them."""

import pytest

from tests.http.storage.conftest import Bank

PAGES = {
    "/reports": "LN2-03",
    "/reports/freezers/LN2-03": "D-044",
    "/reports/freezers/LN2-03/map.csv": "D-044",
    "/reports/free?least=5": "D-044",
    "/reports/ages": "no date",
    "/reports/stock": "HEK293T",
    "/reports/stock.csv": "HEK293T",
}


@pytest.mark.parametrize(("path", "word"), PAGES.items())
def test_a_report_is_shown_to_its_own(bank: Bank, path: str, word: str) -> None:
    shown = bank.reader.browser(bank.app).get(path)

    assert shown.status_code == 200
    assert word in shown.text


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_sees_nothing_of_it(bank: Bank, path: str) -> None:
    shown = bank.stranger.browser(bank.app).get(path)

    assert not any(word in shown.text for word in ("D-044", "HEK293T"))
    assert shown.status_code in {200, 404}


def test_a_plan_is_made_and_done_box_by_box(bank: Bank) -> None:
    bank.post("/vials/SH-2/move", box="FX12345678")
    made = bank.post("/reports/R07/plan")
    page = bank.page.get(made.location)
    assert "FX12345678" in page.text
    assert "SH-2" in page.text
    done = bank.post(f"{made.location}/1/do")
    assert "Emptied by" in bank.page.get(done.location).text
    assert bank.post(f"{made.location}/1/do").status_code == 409


def test_where_nothing_can_be_gained_a_sentence_says_so(bank: Bank) -> None:
    browser = bank.page
    answer = browser.post("/reports/R07/plan", data={"csrf": bank.manager.csrf})

    assert answer.location.endswith("/reports/plans")
    assert "can be emptied into the others" in browser.get("/reports/plans").text


def test_the_api_answers_fullness_and_stock(bank: Bank) -> None:
    send = {"headers": bank.manager.bearer}
    full = bank.api.get("/api/v1/reports/freezers/LN2-03", **send).json
    assert full["vials"] == 3
    assert full["positions"] == 81 + 1 + 96
    [line] = bank.api.get("/api/v1/reports/stock", **send).json["items"]
    assert line["tiers"]["distribution"] == 2
    assert line["total"] == 3


def test_the_api_plans_and_carries_box_by_box(bank: Bank) -> None:
    send = {"headers": bank.manager.bearer}
    bank.post("/vials/SH-2/move", box="FX12345678")
    made = bank.api.post("/api/v1/consolidation-plans", json={"container": "R07"}, **send)
    assert made.status_code == 201, made.json
    (step,) = made.json["steps"][:1]
    assert step["carries"][0]["vial"]
    where = f"/api/v1/consolidation-plans/{made.json['number']}"
    stale = bank.api.post(
        f"{where}/steps/{step['number']}/do",
        headers={**bank.manager.bearer, "If-Match": '"0"'},
    )
    assert stale.status_code == 412
    done = bank.api.post(f"{where}/steps/{step['number']}/do", **send)
    assert done.json["steps"][0]["state"] == "done"
    assert bank.api.post(f"{where}/steps/{step['number']}/drop", **send).status_code == 409
    assert bank.api.get("/api/v1/consolidation-plans", **send).json["items"][0]["of"] == "R07"
    stranger = bank.api.get(where, headers=bank.stranger.bearer)
    assert stranger.status_code == 404


def test_the_api_answers_room_and_ages(bank: Bank) -> None:
    send = {"headers": bank.manager.bearer}
    rooms = bank.api.get("/api/v1/reports/free?least=50", **send).json["items"]
    assert {row["box"] for row in rooms} == {"D-044", "FX12345678"}
    ages = bank.api.get("/api/v1/reports/ages", **send).json
    assert len(ages["tiers"]["distribution"]) == len(ages["limits"]) + 1
