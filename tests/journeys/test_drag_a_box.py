"""A vial is dragged to another position in a real browser; the page says where it is now, or why it is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server.core.db import Database
from tests.support.shelves import Shelves
from tests.support.signed_in import Served, SignedIn, make_app, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.needs("built pages")


@pytest.fixture
def bank(make_database_url: object, tmp_path: Path) -> Iterator[tuple[Served, SignedIn]]:
    database = Database(make_database_url("sqlite"))
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box, lot = shelves.box(org, "D-044", shelves.rack(org)), shelves.lot(org)
        for ordinal in (1, 2, 3):
            shelves.vial(lot, f"SH-{ordinal}", box, ordinal)
        person = sign_in(session, org.id)
    served = Served(make_app(database, tmp_path))
    yield served, person
    served.stop()
    database.close()


def open_page(page: "Page", bank: tuple[Served, SignedIn], path: str) -> None:
    served, person = bank
    base = f"http://127.0.0.1:{served.port}"
    page.context.add_cookies([{"name": "ck_session", "value": person.cookie, "url": base}])
    page.goto(base + path)
    page.wait_for_selector("html[data-ready]")


def drag(page: "Page", here: str, there: str) -> None:
    start = page.locator(f'.place[data-place="{here}"]').bounding_box()
    end = page.locator(f'.place[data-place="{there}"]').bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 12, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 40, steps=3)
    page.mouse.move(end["x"] + 12, end["y"] + 12, steps=5)
    page.mouse.up()


def test_a_dragged_vial_is_moved_and_the_move_taken_back(
    page: "Page", bank: tuple[Served, SignedIn]
) -> None:
    open_page(page, bank, "/boxes/D-044")
    drag(page, "A1", "E5")
    page.locator(".notice", has_text="SH-1 is at D-044 E5 now.").wait_for()
    assert page.locator('.place[data-place="E5"]').get_attribute("data-code") == "SH-1"
    page.get_by_role("button", name="Undo").click()
    page.locator(".notice", has_text="Everything is back where it was").wait_for()


def test_a_vial_dropped_on_another_stays_and_the_sentence_says_why(
    page: "Page", bank: tuple[Served, SignedIn]
) -> None:
    open_page(page, bank, "/boxes/D-044")
    drag(page, "A1", "A2")
    page.locator("[data-drag-refused]", has_text="A2 of D-044 already holds SH-2.").wait_for()
    assert page.locator('.place[data-place="A1"]').get_attribute("data-code") == "SH-1"


def test_a_new_order_is_dragged_and_then_sent(page: "Page", bank: tuple[Served, SignedIn]) -> None:
    open_page(page, bank, "/boxes/D-044/reorder")
    drag(page, "A1", "A3")
    drag(page, "A2", "B2")
    assert page.locator('input[name="at-SH-3"]').input_value() == "A1"
    page.get_by_role("button", name="Put them in this order").click()
    page.locator(".notice", has_text="3 vials of D-044 stand in another order.").wait_for()
    assert page.locator('.place[data-place="A3"]').get_attribute("data-code") == "SH-1"
    assert page.locator('.place[data-place="B2"]').get_attribute("data-code") == "SH-2"


def test_one_tick_chooses_all(page: "Page", bank: tuple[Served, SignedIn]) -> None:
    open_page(page, bank, "/boxes/D-044/select")
    page.get_by_label("All vials of this box").check()
    assert page.locator('input[name="vials"]:checked').count() == 3
    page.locator('input[value="SH-2"]').uncheck()
    assert not page.get_by_label("All vials of this box").is_checked()
