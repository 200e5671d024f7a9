"""From a scanner's file to a found vial, in a real browser on a served application."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server.core.db import Database
from server.storage import service as storage
from server.storage.positions import BoxShape
from tests.support.shelves import START, Shelves
from tests.support.signed_in import Served, SignedIn, make_app, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILE = "\ufeffFX12345678,A1,AB10000001\r\nFX12345678,B1,AB10000002\r\nFX12345678,C1,NO READ\r\n"


@pytest.fixture
def manager(database: Database) -> SignedIn:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        site = shelves.site(org, "Pudong")
        room = storage.add_room(session, shelves.actor, site, "B1.04", at=START)
        rack = shelves.rack(org, "R07", shelves.freezer(org, "LN2-03", room))
        shelves.box(org, "D-044", rack, shape=BoxShape(8, 12), barcode="FX12345678")
        shelves.lot(org, code="L-0412")
        return sign_in(session, org.id)


@pytest.fixture
def served(database: Database, manager: SignedIn, tmp_path: Path) -> Iterator[Served]:
    running = Served(make_app(database, tmp_path))
    yield running
    running.stop()


def test_a_rack_is_scanned_and_its_vial_is_found(
    served: Served, manager: SignedIn, page: "Page", tmp_path: Path
) -> None:
    file = tmp_path / "rack.csv"
    file.write_bytes(FILE.encode())
    page.context.add_cookies([{"name": "ck_session", "value": manager.cookie, "url": served.url}])

    page.goto(f"{served.url}/scans")
    page.set_input_files("#file", file)
    page.fill("#lot", "L-0412")
    page.get_by_role("button", name="Read and show").click()
    page.wait_for_url("**/scans/*")
    assert page.locator("text=is entered into the lot and placed here").count() == 2
    page.get_by_role("button", name="Apply all of it").click()
    page.wait_for_url("**/boxes/D-044")
    page.fill("#scan", "AB10000002")
    page.keyboard.press("Enter")

    page.wait_for_selector(".place.this")
    way = page.locator("nav.path").inner_text()
    for step in ("Pudong", "B1.04", "LN2-03", "R07", "D-044", "B1"):
        assert step in way
    assert page.locator("h1").inner_text() == "AB10000002"
