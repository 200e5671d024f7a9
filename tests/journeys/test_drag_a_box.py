"""A vial or box is dragged to another position in a real browser, or carried with the keyboard; the page says where it is now, or why it is not."""

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
        rack, lot = shelves.rack(org, "R07"), shelves.lot(org)
        box = shelves.box(org, "D-044", rack)
        shelves.box(org, "D-045", rack)
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
    page.locator(".box-map").scroll_into_view_if_needed()
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


def test_a_dragged_box_takes_all_along_and_the_move_is_taken_back(
    page: "Page", bank: tuple[Served, SignedIn]
) -> None:
    open_page(page, bank, "/racks/R07")
    drag(page, "1", "2")
    page.locator("[data-drag-refused]", has_text="2 of R07 already holds D-045.").wait_for()
    drag(page, "1", "5")
    page.locator(".notice", has_text="D-044 is at R07 5 now.").wait_for()
    assert page.locator('.place[data-place="5"]').get_attribute("data-code") == "D-044"
    page.get_by_role("button", name="Undo").click()
    page.locator(".notice", has_text="Everything is back where it was").wait_for()


def test_what_stands_on_a_map_is_carried_with_the_keyboard_alone(
    page: "Page", bank: tuple[Served, SignedIn]
) -> None:
    open_page(page, bank, "/racks/R07")
    page.locator('.place[data-place="1"]').focus()
    page.keyboard.press("Space")
    page.locator("[data-drag-said]", has_text="D-044 is lifted").wait_for(state="attached")
    page.keyboard.press("Escape")
    page.locator("[data-drag-said]", has_text="D-044 stays").wait_for(state="attached")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.locator(".notice", has_text="D-044 is at R07 3 now.").wait_for()
    open_page(page, bank, "/boxes/D-044")
    page.locator('.place[data-place="A1"]').focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("[data-drag-refused]", has_text="A2 of D-044 already holds SH-2.").wait_for()
