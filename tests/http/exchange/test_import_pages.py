"""From the form to the report: a file goes through the pages as a person takes it through."""

import csv
import io
from pathlib import Path

import pytest
from flask import Flask

from server.core.clock import SystemClock
from server.core.db import Database
from server.exchange.steps import Worker
from tests.support.shelves import Shelves
from tests.support.signed_in import SignedIn, make_app, sign_in

FILE = "Tube,Batch,Where,Spot\n0001,LOT1,BOX1,A1\n0002,NONE,BOX1,A2\n"


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Flask:
    return make_app(database, tmp_path)


@pytest.fixture
def person(database: Database) -> SignedIn:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org("BANK")
        shelves.lot(org, code="LOT1")
        shelves.box(org, "BOX1")
        return sign_in(session, org.id)


def work(database: Database) -> None:
    worker = Worker(database, SystemClock(), "tests")
    while worker.step():
        pass


def test_a_file_is_sent_mapped_checked_and_its_good_rows_brought_in(
    app: Flask, database: Database, person: SignedIn
) -> None:
    browser = person.browser(app)
    csrf = {"csrf": person.csrf}
    sent = browser.post(
        "/imports",
        data={**csrf, "sheet": "vials/own", "file": (io.BytesIO(FILE.encode()), "list.csv")},
    )
    assert sent.headers["Location"] == "/imports/I-0001"
    page = browser.get("/imports/I-0001").text
    assert "Which column is which" in page
    assert "0001" in page

    refused = browser.post("/imports/I-0001/columns", data={**csrf, "column:code": "0"})
    assert refused.status_code == 422
    assert "This column is needed" in refused.text
    mapping = {"column:code": "0", "column:lot": "1", "column:box": "2", "column:position": "3"}
    assert browser.post("/imports/I-0001/columns", data={**csrf, **mapping}).status_code == 302
    assert "data-progress-url" in browser.get("/imports/I-0001").text
    work(database)

    assert "progress-url" not in browser.get("/imports/I-0001/progress").text
    page = browser.get("/imports/I-0001").text
    assert "Nothing has changed yet" in page
    assert "the code of a lot of this organisation" in page
    all_or_nothing = browser.post("/imports/I-0001/apply", data={**csrf, "mode": "all"})
    assert all_or_nothing.status_code == 422
    assert browser.post("/imports/I-0001/apply", data={**csrf, "mode": "good"}).status_code == 302
    work(database)

    assert browser.get("/vials/0001").status_code == 200
    report = browser.get("/imports/I-0001/report.csv").get_data().decode("utf-8-sig")
    assert report.splitlines()[1] == "3,lot,NONE,the code of a lot of this organisation"
    back = browser.get("/imports/I-0001/refused.csv").get_data().decode("utf-8-sig").splitlines()
    assert back[0] == "Tube,Batch,Where,Spot,import_status,import_message"
    assert back[1].startswith("0002,NONE,BOX1,A2,FAILED,")
    assert len(back) == 2
    path = "/api/v1/imports/I-0001/refused"
    by_program = app.test_client().get(f"{path}.csv", headers=person.bearer)
    assert by_program.get_data().decode("utf-8-sig").splitlines() == back
    assert app.test_client().get(f"{path}.pdf", headers=person.bearer).status_code == 404
    exported = browser.get("/exports/vials.csv").get_data().decode("utf-8-sig")
    assert ",0001,LOT1," in exported

    assert browser.post("/imports/I-0001/take-back", data={**csrf, "reason": ""}).status_code == 422
    browser.post("/imports/I-0001/take-back", data={**csrf, "reason": "the wrong file"})
    work(database)
    assert browser.get("/vials/0001").status_code == 404
    assert "taken back" in browser.get("/imports").text


def test_the_mapping_of_such_a_file_is_remembered(
    app: Flask, database: Database, person: SignedIn
) -> None:
    browser = person.browser(app)
    csrf = {"csrf": person.csrf}
    for code in ("I-0001", "I-0002"):
        file = (io.BytesIO(FILE.encode()), "list.csv")
        browser.post("/imports", data={**csrf, "sheet": "vials/own", "file": file})
        page = browser.get(f"/imports/{code}").text
        assert ("as it was mapped the last time" in page) is (code == "I-0002")
        mapping = {"column:code": "0", "column:lot": "1"}
        browser.post(f"/imports/{code}/columns", data={**csrf, **mapping})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"PK\x03\x04nonsense", "no XLSX workbook that can be read"),
        (b"\n\n", "a header is expected"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    app: Flask, person: SignedIn, data: bytes, said: str
) -> None:
    sent = person.browser(app).post(
        "/imports",
        data={"csrf": person.csrf, "sheet": "vials/own", "file": (io.BytesIO(data), "x.csv")},
    )
    assert sent.status_code == 422
    assert said in sent.text


def test_the_api_takes_a_file_through(app: Flask, database: Database, person: SignedIn) -> None:
    client, token = app.test_client(), person.bearer
    asked = {**token, "Idempotency-Key": "once"}
    sent = client.post("/api/v1/imports?sheet=vials&file=a.csv", data=FILE, headers=asked)
    again = client.post("/api/v1/imports?sheet=vials&file=a.csv", data=FILE, headers=asked)
    assert (sent.status_code, again.get_data()) == (201, sent.get_data())
    mapping = {"code": "Tube", "lot": "Batch", "box": "Where", "position": "Spot"}
    tag = client.get("/api/v1/imports/I-0001", headers=token).headers["ETag"]
    address = "/api/v1/imports/I-0001/mapping"
    mapped = client.put(address, json={"mapping": mapping}, headers={**token, "If-Match": tag})
    assert mapped.json["state"] == "checking"
    stale = client.put(address, json={"mapping": mapping}, headers={**token, "If-Match": tag})
    assert stale.status_code in {409, 412}
    work(database)
    found = client.get("/api/v1/imports/I-0001/problems?limit=1", headers=token).json
    assert found["items"][0] | {"expected": ""} == {
        "row": 3, "column": "lot", "found": "NONE", "expected": "", "step": "in",
    }  # fmt: skip
    client.post("/api/v1/imports/I-0001/apply", json={"mode": "good"}, headers=token)
    work(database)
    assert client.get("/api/v1/imports/I-0001", headers=token).json["applied"] == 1
    assert client.get("/api/v1/imports", headers=token).json["items"][0]["code"] == "I-0001"


def test_the_api_says_what_columns_there_are_and_takes_what_it_suggests(
    app: Flask, person: SignedIn
) -> None:
    client, token = app.test_client(), person.bearer
    sent = client.post(
        "/api/v1/imports?sheet=vials", data="Code,LOT,Wert\n0001,LOT1,x\n", headers=token
    )
    assert sent.headers["ETag"]
    found = client.get("/api/v1/imports/I-0001/columns", headers=token).json
    assert found["suggested"] == {"code": "Code", "lot": "LOT"}
    assert found["header"] == ["Code", "LOT", "Wert"]
    columns = {one["name"]: one for one in found["columns"]}
    assert columns["code"]["required"]
    assert "labelled" in columns["state"]["choices"]

    mapped = client.put("/api/v1/imports/I-0001/mapping", json={}, headers=token)
    assert mapped.json["mapping"] == {"code": "Code", "lot": "LOT"}
    wrong = client.post("/api/v1/imports/I-0001/apply", json={"mode": "some"}, headers=token)
    assert wrong.status_code == 422


def test_two_columns_of_one_name_are_never_mixed_up(app: Flask, person: SignedIn) -> None:
    client, token = app.test_client(), person.bearer
    file = "code,code,lot\nA-1,B-2,LOT1\n"
    client.post("/api/v1/imports?sheet=vials", data=file, headers=token)
    found = client.get("/api/v1/imports/I-0001/columns", headers=token).json
    assert found["suggested"] == {"lot": "lot"}
    mapping = {"mapping": {"code": "code", "lot": "lot"}}
    refused = client.put("/api/v1/imports/I-0001/mapping", json=mapping, headers=token)
    assert (refused.status_code, refused.json["field"]) == (422, "code")
    assert "2 columns “code”" in refused.json["detail"]
    assert "code (2)" in person.browser(app).get("/imports/I-0001").text


def test_what_stands_beyond_the_header_is_not_dropped(
    app: Flask, database: Database, person: SignedIn
) -> None:
    client, token = app.test_client(), person.bearer
    file = "code,lot,comment\n0001,LOT1,a,b\n0002,LOT1,c,,\n0003,LOT1\n"
    client.post("/api/v1/imports?sheet=vials", data=file, headers=token)
    client.put("/api/v1/imports/I-0001/mapping", json={}, headers=token)
    work(database)
    assert client.get("/api/v1/imports/I-0001", headers=token).json["bad"] == 1
    one = client.get("/api/v1/imports/I-0001/problems", headers=token).json["items"][0]
    assert (one["row"], one["found"]) == (2, "b")
    assert "3 columns" in one["expected"]


def test_a_header_alone_and_an_open_quote_are_told(
    app: Flask, database: Database, person: SignedIn
) -> None:
    client, token = app.test_client(), person.bearer
    address = "/api/v1/imports?sheet=vials&file=" + "x" * 300 + "%00.csv"
    alone = client.post(address, data="code,lot\n,,\n", headers=token)
    assert (alone.status_code, alone.json["code"]) == (422, "no_rows")
    rows = "".join(f"{n:04d},LOT1\n" for n in range(60)) + '0060,"LOT1\n0061,LOT1\n'
    sent = client.post(address, data="code,lot\n" + rows, headers=token).json
    assert len(sent["file"]) <= 80
    assert sent["file"].endswith("….csv")
    code = sent["code"]
    client.put(f"/api/v1/imports/{code}/mapping", json={}, headers=token)
    work(database)
    told = client.get(f"/api/v1/imports/{code}", headers=token).json
    assert (told["state"], told["rows"]) == ("received", 0)
    assert "row 62 opens is not closed" in told["because"]


def test_who_may_not_is_told_what_it_takes(app: Flask, database: Database) -> None:
    with database.writing() as session:
        org = Shelves(session).org("BANK")
        token = sign_in(session, org.id, ("technician",)).bearer
    client = app.test_client()
    refused = client.post("/api/v1/imports?sheet=lots", data=FILE, headers=token)
    assert (refused.status_code, refused.json["code"]) == (403, "not_permitted")
    assert "catalogue.edit" in refused.json["detail"]
    refused = client.get("/api/v1/exports/people.csv", headers=token)
    assert refused.status_code == 403


def test_what_a_sheet_program_would_compute_goes_out_marked_and_comes_in_as_it_was(
    app: Flask, database: Database, person: SignedIn
) -> None:
    client, token = app.test_client(), person.bearer
    file = "code,lot,comment\n0001,LOT1,=1+1\n0002,LOT1,'''@x\n0003,LOT1,-4.5\n"
    client.post("/api/v1/imports?sheet=vials", data=file, headers=token)
    client.put("/api/v1/imports/I-0001/mapping", json={}, headers=token)
    work(database)
    client.post("/api/v1/imports/I-0001/apply", json={"mode": "all"}, headers=token)
    work(database)
    out = client.get("/api/v1/exports/vials.csv", headers=token).get_data()
    header, *rows = csv.reader(io.StringIO(out.decode("utf-8-sig")))
    comments = [row[header.index("comment")] for row in rows]
    assert comments == ["'=1+1", "'''@x", "-4.5"]
    client.post("/api/v1/imports?sheet=vials", data=out, headers=token)
    client.put("/api/v1/imports/I-0002/mapping", json={}, headers=token)
    work(database)
    client.post("/api/v1/imports/I-0002/apply", json={"mode": "all"}, headers=token)
    work(database)
    assert client.get("/api/v1/imports/I-0002", headers=token).json["applied"] == 3
    assert client.get("/api/v1/exports/vials.csv", headers=token).get_data() == out
