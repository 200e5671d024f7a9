"""Controllers' logs and retention by page and by program."""

import io
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from server.core.clock import from_ms
from server.telemetry import log_work, rollups, thinning
from server.telemetry.models import KeptWindow, LogImport, LogRow, Retention
from tests.service.telemetry.measured import NOON_MS
from tests.support.signed_in import sign_in

HEAD = "Date,Time,Temp A,Temp B,Level,Usage,User,Status\n"
CLEAR = (
    HEAD
    + "13/02/2025,08:00,-177.4 °C,-195.1 °C,231 mm,15 mm/day,,F  AM\n14/02/2025,08:00,warm,,,,,AM\n"
)
OPEN = HEAD + "05/02/2025,08:00,-177.4 °C,,231 mm,,,AM\n06/02/2025,08:00,-177.0 °C,,230 mm,,,AM\n"


def send(watched, text, who=None):
    who = who or watched.manager
    file = (io.BytesIO(text.encode("cp1252")), "ts log.csv")
    data = {"csrf": who.csrf, "file": file}
    return who.browser(watched.app).post("/freezers/LN2-SH/logs", data=data)


def work(watched):
    log_work.work(watched.measured.database, watched.clock)


def api(watched, method, path, who=None, **body):
    headers = (who or watched.manager).bearer
    client = watched.app.test_client()
    return client.open(f"/api/v1{path}", method=method, headers=headers, **body)


def test_a_log_is_seen_before_it_comes_in_and_goes_as_a_whole(watched):
    answer = send(watched, CLEAR)
    assert answer.status_code == 302
    page = watched.get("/logs/L-0001").text
    assert "−177.4" in page
    assert "231\N{THIN SPACE}mm" in page
    assert "Temp A: “warm” was found, a number with its unit is expected." in page
    assert "cp1252" in page
    assert "F AM" in page

    assert watched.post("/logs/L-0001/apply").status_code == 302
    work(watched)
    assert "brought in" in watched.get("/logs/L-0001").text
    assert watched.post("/logs/L-0001/take-back").status_code == 422
    assert watched.post("/logs/L-0001/take-back", reason="of another tank").status_code == 302
    work(watched)
    assert "of another tank" in watched.get("/logs/L-0001").text
    assert "L-0001" in watched.get("/freezers/LN2-SH/logs").text


def test_what_has_to_be_asked_is_asked_on_the_page(watched):
    send(watched, OPEN)
    page = watched.get("/logs/L-0001").text
    assert "Lines 2 to 3; the first of them is" in page
    assert "2025-02-05 08:00" in page
    assert "2025-05-02 08:00" in page
    assert watched.post("/logs/L-0001/apply").status_code == 422

    assert watched.post("/logs/L-0001/dates", **{"order_2-3": "dmy"}).status_code == 302
    assert "What has to be said first" not in watched.get("/logs/L-0001").text
    assert watched.post("/logs/L-0001/put-aside").status_code == 302
    assert watched.post("/logs/L-0001/apply").status_code == 422


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_what_is_no_log_is_refused_in_place(watched, text):
    answer = send(watched, text)

    assert answer.status_code == 422
    assert "Bring in a log" in answer.text


def test_readers_see_and_strangers_do_not(watched):
    send(watched, CLEAR)

    assert watched.get("/logs/L-0001", watched.reader).status_code == 200
    assert "Bring in a log" not in watched.get("/freezers/LN2-SH/logs", watched.reader).text
    assert watched.post("/logs/L-0001/apply", watched.reader).status_code == 403
    for path in ("/logs/L-0001", "/freezers/LN2-SH/logs"):
        assert watched.get(path, watched.stranger).status_code == 404
    assert watched.post("/logs/L-0001/apply", watched.stranger).status_code == 404


def test_a_program_sends_asks_answers_and_brings_in(watched):
    sent = api(watched, "POST", "/freezers/LN2-SH/logs?file=a.csv", data=OPEN.encode())
    assert sent.status_code == 201
    code = sent.json["code"]
    assert sent.json["questions"] == [
        {"lines": "2-3", "options": {"dmy": "2025-02-05T08:00:00", "mdy": "2025-05-02T08:00:00"}}
    ]
    assert api(watched, "POST", f"/logs/{code}/apply").status_code == 409
    assert (
        api(watched, "POST", f"/logs/{code}/dates", json={"dates": {"x": "dmy"}}).status_code == 422
    )
    said = api(watched, "POST", f"/logs/{code}/dates", json={"dates": {"2-3": "dmy"}})
    assert said.json["questions"] == []
    assert api(watched, "POST", f"/logs/{code}/apply").json["state"] == "applying"
    work(watched)
    assert api(watched, "GET", f"/logs/{code}").json["state"] == "applied"
    assert len(api(watched, "GET", "/freezers/LN2-SH/logs").json["items"]) == 1
    assert api(watched, "GET", f"/logs/{code}", watched.stranger).status_code == 404
    back = api(watched, "POST", f"/logs/{code}/take-back", json={"reason": "a trial"})
    assert back.json["state"] == "taking_back"
    work(watched)
    with watched.measured.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LogRow)) == 0
        assert session.scalars(select(LogImport)).one().state == "taken_back"


def test_a_freezers_chart_shows_the_log_where_it_has_some(watched):
    send(watched, HEAD + "13/03/2026,08:00,-177.4 °C,-195.1 °C,231 mm,15 mm/day,,AM\n")
    watched.post("/logs/L-0001/apply")
    work(watched)
    begin = NOON_MS - 3 * 86_400_000

    long = api(watched, "GET", f"/freezers/LN2-SH/history?from={begin}&to={NOON_MS}").json
    short = api(watched, "GET", "/freezers/LN2-SH/history?range=1h").json

    assert [(s["key"], s["label"]) for s in long["series"]] == [
        ("top_c", "Top"), ("bottom_c", "Bottom"), ("top_c", "Top (log)"), ("bottom_c", "Bottom (log)"),
    ]  # fmt: skip
    assert long["series"][2]["mean"] == [-177.4]
    assert len(short["series"]) == 2


def test_days_are_set_with_a_reason_by_page_and_by_program(watched):
    org = str(watched.measured.org_id)
    page = watched.get("/retention").text
    assert "How long readings are kept" in page
    short = watched.post("/retention", org=org, raw_days="5", minute_days="400", reason="x")
    assert short.status_code == 422
    assert "at least 31 are expected" in short.text
    assert watched.post("/retention", org=org, raw_days="90", minute_days="").status_code == 422
    done = watched.post(
        "/retention", org=org, quantity="top_c", raw_days="", minute_days="", reason="GMP"
    )
    assert done.status_code == 302
    sent = {"organisation": "SH", "raw_days": 90, "minute_days": 400, "reason": "less disk"}
    assert api(watched, "POST", "/retention", json=sent).status_code == 200
    assert api(watched, "POST", "/retention", json=sent).status_code == 409

    told = api(watched, "GET", "/retention").json
    assert [(i["quantity"], i["raw_days"], i["minute_days"]) for i in told["items"]] == [
        ("top_c", None, None), ("", 90, 400),
    ]  # fmt: skip
    assert watched.post("/retention", watched.reader, org=org, reason="x").status_code == 403
    assert watched.post("/retention", watched.stranger, org=org, reason="x").status_code == 422
    assert api(watched, "GET", "/retention", watched.stranger).json["items"] == []
    with watched.measured.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Retention)) == 2


def test_a_time_is_kept_and_lifted_by_those_who_may(watched):
    org = str(watched.measured.org_id)
    laid = watched.post(
        "/retention/kept", org=org, begin="2026-03-01", until="2026-03-02", reason="case 7"
    )
    assert laid.status_code == 302
    with watched.measured.database.reading() as session:
        window = session.scalars(select(KeptWindow)).one()
    assert datetime.fromtimestamp(window.from_ms / 1000, UTC) < datetime(2026, 3, 1, 1, tzinfo=UTC)
    assert window.to_ms - window.from_ms == 2 * 86_400_000
    assert "case 7" in watched.get("/retention").text
    backwards = watched.post(
        "/retention/kept", org=org, begin="2026-03-03", until="2026-03-01", reason="x"
    )
    assert backwards.status_code == 422

    assert watched.post(f"/retention/kept/{window.id}/lift").status_code == 422
    assert (
        watched.post(f"/retention/kept/{window.id}/lift", watched.stranger, reason="x").status_code
        == 404
    )
    assert watched.post(f"/retention/kept/{window.id}/lift", reason="closed").status_code == 302
    assert "closed" in watched.get("/retention").text

    sent = {
        "organisation": "SH",
        "begins": "2026-03-01T00:00:00Z",
        "reason": "case 8",
        "freezer": "LN2-SH",
    }
    made = api(watched, "POST", "/retention/kept", json=sent)
    assert (made.status_code, made.json["freezer"], made.json["ends"]) == (201, "LN2-SH", None)
    lifted = api(
        watched, "POST", f"/retention/kept/{made.json['number']}/lift", json={"reason": "over"}
    )
    assert lifted.json["lifted_at"]
    with watched.measured.database.writing() as session:
        technician = sign_in(session, watched.measured.org_id, ("technician",))
    assert watched.post("/retention/kept/1/lift", technician, reason="x").status_code == 403


def test_what_was_thinned_stands_on_the_page(watched):

    database = watched.measured.database
    rollups.roll(database, from_ms(NOON_MS + 86_400_000))
    thinning.thin(database, from_ms(NOON_MS + 401 * 86_400_000))

    page = watched.get("/retention").text

    assert "Rows gone" in page
    assert "2027-04-19" in page
