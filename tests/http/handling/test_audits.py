"""Pages and API of position audits: a target, a sample, checks, coverage; who may."""

import re

from tests.http.storage.conftest import Bank


def test_a_sample_is_drawn_and_looked_at(bank: Bank) -> None:
    assert "LN2-03" in bank.page.get("/position-audits").text
    wrong = bank.post("/position-audits/new", freezer="LN2-03", wanted="many")
    assert wrong.status_code == 422
    assert (
        "D-044 is no freezer" in bank.post("/position-audits/new", freezer="D-044", wanted="5").text
    )
    page = bank.post("/position-audits/new", freezer="LN2-03", wanted="2", seed="1").location
    for seen in ("empty", "unread"):
        text = bank.page.get(page).text
        assert "look at position" in text
        number = re.search(r'name="position" value="(\d+)"', text)
        assert number is not None
        nothing = bank.post(f"{page}/check", position=number[1], seen="tube", tube="")
        assert nothing.status_code == 422
        assert bank.post(f"{page}/check", position=number[1], seen=seen).status_code == 303
    done = bank.page.get(page).text
    assert "look at position" not in done
    assert "n = 1" in done
    assert bank.post(f"{page}/check", position="9999", seen="empty").status_code == 422
    assert bank.post(f"{page}/close").status_code == 409
    assert "n = 1" in bank.page.get("/position-audits").text


def test_a_position_is_looked_at_again(bank: Bank) -> None:
    page = bank.post("/position-audits/new", freezer="LN2-03", wanted="2", seed="1").location
    number = re.search(r'name="position" value="(\d+)"', bank.page.get(page).text)
    assert number is not None
    bank.post(f"{page}/check", position=number[1], seen="unread")
    assert "Look again" in bank.page.get(page).text
    assert bank.post(f"{page}/again", position=number[1]).status_code == 303
    assert f'name="position" value="{number[1]}"' in bank.page.get(page).text
    assert "Look again" not in bank.page.get(page).text
    assert bank.post(f"{page}/again", position=number[1]).status_code == 409


def test_a_target_is_set(bank: Bank) -> None:
    target = "/position-audits/targets/LN2-03"
    assert 'value="10"' in bank.page.get(target).text
    assert bank.post(target, percent="101").status_code == 422
    assert bank.post(target, percent="25").status_code == 302
    assert "25 %" in bank.page.get("/position-audits").text


def test_the_page_does_not_tell_what_is_expected(bank: Bank) -> None:
    page = bank.post("/position-audits/new", freezer="LN2-03", wanted="178").location
    text = bank.page.get(page).text
    assert "SH-1" not in text
    assert "SH-9" not in text


def test_the_api_audits(bank: Bank) -> None:
    send = {"headers": bank.manager.bearer}
    url = "/api/v1/position-audits"
    made = bank.api.post(url, json={"freezer": "LN2-03", "positions": 178}, **send)
    assert made.status_code == 201
    code = made.json["code"]
    checks = f"{url}/{code}/checks"
    right = bank.api.post(checks, json={"box": "D-044", "position": "C7", "tube": "SH-1"}, **send)
    assert right.json["accuracy"]["right"] == 1
    wrong = bank.api.post(checks, json={"box": "D-044", "position": "C8"}, **send).json
    assert wrong["accuracy"]["checked"] == 2
    assert wrong["accuracy"]["low"] < 0.5 < wrong["accuracy"]["high"]
    spot = {"box": "D-044", "position": "C8"}
    again = bank.api.post(f"{url}/{code}/again", json=spot, **send).json
    assert again["accuracy"]["checked"] == 1
    bank.api.post(checks, json=spot, **send)
    nowhere = bank.api.post(checks, json={"box": "D-099", "position": "C8"}, **send)
    assert nowhere.status_code == 404
    much = bank.api.post(f"{url}/targets", json={"freezer": "LN2-03", "percent": 101}, **send)
    assert (much.status_code, much.json["field"]) == (422, "percent")
    target = bank.api.post(f"{url}/targets", json={"freezer": "LN2-03", "percent": 50}, **send).json
    assert (target["positions"], target["checked"], target["still_to_check"]) == (178, 2, 87)
    assert bank.api.get(f"{url}/coverage", **send).json == {"items": [target]}
    assert bank.api.post(f"{url}/{code}/close", **send).json["state"] == "closed"
    assert bank.api.get(url, **send).json["items"] == [code]
    assert bank.api.get(f"{url}/{code}", **send).json["seed"] == made.json["seed"]


def test_strangers_and_readers_audit_nothing(bank: Bank) -> None:
    page = bank.post("/position-audits/new", freezer="LN2-03", wanted="2").location
    assert bank.stranger.browser(bank.app).get(page).status_code == 404
    reader = bank.reader.browser(bank.app)
    assert reader.get(page).status_code == 200
    data = {"csrf": bank.reader.csrf, "freezer": "LN2-03", "wanted": "1"}
    assert reader.post("/position-audits/new", data=data).status_code == 403
