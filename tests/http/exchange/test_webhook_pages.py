"""The page and the API of webhooks: the secret is shown once, deliveries are listed."""

from pathlib import Path

import pytest

from server.core.db import Database
from server.exchange.views import webhooks
from tests.support.shelves import Shelves
from tests.support.signed_in import make_app, sign_in


@pytest.fixture
def house(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhooks.calling, "_addresses", lambda host: ["127.0.0.1" if "inside" in host else "93.184.216.34"])  # fmt: skip
    with database.writing() as session:
        org = Shelves(session).org("BANK")
        return make_app(database, tmp_path), sign_in(session, org.id), sign_in(session, org.id, ("technician",))  # fmt: skip


def test_a_webhook_is_set_up_on_its_page_and_ended(house) -> None:
    app, manager, technician = house
    browser, csrf = manager.browser(app), {"csrf": manager.csrf}
    assert technician.browser(app).get("/webhooks").status_code == 403
    offered = browser.get("/webhooks").text
    assert 'value="hold.*"' in offered
    assert "<legend>Work at the freezers</legend>" in offered
    assert "person.*" not in offered
    form = {
        **csrf,
        "address": "https://example.org/in",
        "events": ["vial.*"],
        "more": "lot.decided",
    }
    page = browser.post("/webhooks", data=form).text
    assert "shown this once" in page
    assert "lot.decided, vial.*" in page
    assert "shown this once" not in browser.get("/webhooks").text

    inside = browser.post("/webhooks", data={**form, "address": "https://inside.example/"})
    assert inside.status_code == 422
    assert "into this machine or its own network" in inside.text

    assert "What was delivered" in browser.get("/webhooks/1").text
    assert browser.post("/webhooks/1/end", data=csrf).status_code == 303
    assert "ended" in browser.get("/webhooks/1").text


def test_the_api_of_webhooks(house) -> None:
    app, manager, _technician = house
    client, token = app.test_client(), manager.bearer
    body = {"address": "https://example.org/in", "events": ["import.*"]}
    made = client.post("/api/v1/webhooks", json=body, headers=token)
    assert (made.status_code, len(made.json["secret"]) > 30) == (201, True)
    got = client.get("/api/v1/webhooks/1", headers=token)
    assert (got.json["secret"], got.headers["ETag"]) == ("", '"1"')
    assert client.get("/api/v1/webhooks", headers=token).json["items"][0]["events"] == ["import.*"]
    assert client.get("/api/v1/webhooks/1/deliveries", headers=token).json == {
        "items": [],
        "next": None,
    }
    stale = client.delete("/api/v1/webhooks/1", headers={**token, "If-Match": '"9"'})
    assert stale.status_code in {409, 412}
    assert client.delete("/api/v1/webhooks/1", headers=token).json["ended"] is True
    bad = client.post("/api/v1/webhooks", json={**body, "events": ["person.*"]}, headers=token)
    assert bad.status_code == 422
