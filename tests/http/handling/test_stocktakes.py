"""Pages and API of stock-takes: read tube by tube or by file, shown side by side, committed, settled."""

import re
from io import BytesIO

from tests.http.storage.conftest import Bank


def fingerprint_in(text: str) -> str:
    found = re.search(r'name="fingerprint" value="([0-9a-f]+)"', text)
    assert found is not None
    return found[1]


def test_a_box_is_read_tube_by_tube_and_committed(bank: Bank) -> None:
    made = bank.post("/stock-takes/new", container="R07")
    take = made.location
    assert "/history/stock_take/ST-0001" in bank.page.get(take).text
    assert 'aria-label="ST-0001"' in bank.page.get("/history/stock_take/ST-0001").text
    assert "/history/" not in bank.page.get("/stock-takes/new").text
    assert "D-044" in bank.page.get(take).text
    box = bank.post(f"{take}/box", counted="d-044").location
    page = bank.page.get(box).text
    assert 'value="A1"' in page  # the first position that the record knows is asked for first
    assert bank.post(f"{box}/tube", position="A1", seen="tube", tube="SH-9").status_code == 303
    assert bank.post(f"{box}/tube", position="C7", seen="tube", tube="SH-2").status_code == 303
    none = bank.post(f"{box}/tube", position="C8", seen="tube", tube="")
    assert none.status_code == 422
    assert "Scan the tube" in none.text
    bank.post(f"{box}/rest-empty")
    page = bank.page.get(box).text
    assert "is recorded as missing when you commit" in page
    assert "is recorded here when you commit" in page
    assert "in storage" in bank.page.get("/vials/SH-1").text
    done = bank.post(f"{box}/commit", fingerprint=fingerprint_in(page))
    assert done.status_code == 303
    page = bank.page.get(take).text
    assert "1 / 3" in page
    assert "SH-1" in page
    number = re.search(r"/discrepancies/(\d+)\">SH-1<", page)
    assert number is not None
    settle = f"/discrepancies/{number[1]}"
    refused = bank.post(settle, how="explained", note="?")
    assert refused.status_code == 422
    assert "still missing" in refused.text
    assert bank.post(settle, how="found", box="D-044", position="A9").status_code == 303
    assert "found" in bank.page.get(settle).text
    assert "A9" in bank.page.get("/vials/SH-1").text


def test_a_file_is_compared_and_a_bad_one_refused(bank: Bank) -> None:
    take = bank.post("/stock-takes/new", container="D-044").location
    for text, status in ((b"Position,Tube\nZ99,SH-1\n", 422), (b"Position,Tube\nC7,SH-1\n", 303)):
        sent = {
            "csrf": bank.manager.csrf, "box": "D-044", "from_box": "1", "rest_is_empty": "1",
            "file": (BytesIO(text), "scan.csv"),
        }  # fmt: skip
        answer = bank.page.post(f"{take}/file", data=sent)
        assert answer.status_code == status
    page = bank.page.get(f"{take}/boxes/D-044").text
    assert page.count("is recorded as missing when you commit") == 2
    assert bank.post(f"{take}/boxes/D-044/anew").status_code == 303
    assert "Nothing was read" in bank.page.get(f"{take}/boxes/D-044").text
    assert bank.post(f"{take}/close").status_code == 303
    assert "closed" in bank.page.get("/stock-takes").text


def test_mistakes_are_named(bank: Bank) -> None:
    assert "No freezer, rack or box" in bank.post("/stock-takes/new", container="X").text
    take = bank.post("/stock-takes/new", container="D-045").location
    other = bank.post(f"{take}/box", counted="D-044")
    assert other.status_code == 422
    assert "D-044 is no box of the stock-take" in other.text
    no_file = bank.post(f"{take}/file", box="D-045")
    assert no_file.status_code == 422
    assert "No file was chosen" in no_file.text
    assert bank.page.get("/stock-takes/ST-9999").status_code == 404
    assert bank.page.get("/discrepancies/99").status_code == 404


def test_the_api_counts_a_box(bank: Bank) -> None:
    send = {"headers": bank.manager.bearer}
    made = bank.api.post("/api/v1/stock-takes", json={"container": "D-044"}, **send)
    assert made.status_code == 201
    take = f"/api/v1/stock-takes/{made.json['code']}"
    box = f"{take}/boxes/D-044"
    assert bank.api.get(box, **send).status_code == 404
    tubes = [{"position": "A1", "tube": "SH-9"}, {"position": "C7", "unread": True}]
    seen = bank.api.post(
        f"{box}/readings", json={"tubes": tubes, "rest_is_empty": True}, **send
    ).json
    assert seen["counts"] == {"same": 1, "missing": 1, "extra": 0, "moved": 0, "unread": 1}
    wrong = bank.api.post(f"{box}/commit", json={"fingerprint": "0"}, **send)
    assert wrong.status_code == 409
    done = bank.api.post(f"{box}/commit", json={"fingerprint": seen["fingerprint"]}, **send)
    assert done.json == {"box": "D-044", "state": "committed", "recorded": 3, "same": 1}
    assert bank.api.get(take, **send).json["state"] == "done"
    listed = bank.api.get("/api/v1/discrepancies", **send).json["items"]
    assert {(one["tube"], one["kind"]) for one in listed} == {
        ("SH-2", "missing"), ("SH-1", "unread"),
    }  # fmt: skip
    one = next(one for one in listed if one["tube"] == "SH-1")
    settle = f"/api/v1/discrepancies/{one['id']}/settle"
    odd = bank.api.post(settle, json={"how": "somehow"}, **send)
    assert (odd.status_code, odd.json["field"]) == (422, "how")
    settled = bank.api.post(settle, json={"how": "explained", "note": "frost"}, **send)
    assert settled.json["how"] == "explained"
    assert made.json["code"] in bank.api.get("/api/v1/stock-takes", **send).json["items"]
    other = bank.api.post("/api/v1/stock-takes", json={"container": "D-045"}, **send).json["code"]
    anew = bank.api.post(f"/api/v1/stock-takes/{other}/boxes/D-045/anew", **send)
    assert anew.json["state"] == "waiting"
    closed = bank.api.post(f"/api/v1/stock-takes/{other}/close", **send)
    assert closed.json["state"] == "closed"


def test_strangers_and_readers_count_nothing(bank: Bank) -> None:
    take = bank.post("/stock-takes/new", container="D-045").location
    assert bank.stranger.browser(bank.app).get(take).status_code == 404
    reader = bank.reader.browser(bank.app)
    assert reader.get(take).status_code == 200
    data = {"csrf": bank.reader.csrf, "container": "R07"}
    assert reader.post("/stock-takes/new", data=data).status_code == 403
