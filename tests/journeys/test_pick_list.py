"""Forty tubes on one walk, on a telephone, with one wrong tube among them: in order, refused by name, done."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import select

from server.core.db import Database
from server.handling.models import WorkLine, WorkList
from server.storage.models import Vial
from server.storage.queries import paths_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

TUBES = 40


def stored(bank: Database) -> list[str]:
    """Return forty codes of distribution vials that lie in different racks and boxes, in no order, and one more."""
    with bank.reading() as session:
        wanted = select(Vial.code).where(
            Vial.state == "in_storage", Vial.lot.has(tier="distribution")
        )
        codes = list(session.scalars(wanted.order_by(Vial.tail, Vial.id)))
    step = len(codes) // (TUBES + 1)
    return codes[::step][: TUBES + 1]


def ways(bank: Database, codes: list[str]) -> list[tuple[str, ...]]:
    with bank.reading() as session:
        found = {
            vial.code: vial.id for vial in session.scalars(select(Vial).where(Vial.code.in_(codes)))
        }
        paths = paths_of(session, vials=found.values())
    return [tuple(step.code for step in paths[found[code]].steps[:5]) for code in codes]


def test_forty_tubes_in_the_order_of_the_walk(bank: Database, enter: Callable[..., "Page"]) -> None:
    *codes, stray = stored(bank)
    page = enter("tech1@bank.example", viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto("/lists/new?kind=pick")
    page.fill("textarea[name=codes]", "\n".join(codes))
    page.click("main button.main")
    page.wait_for_url(re.compile(r"/lists/P-\d+$"))
    walked = []
    for number in range(TUBES):
        assert f"tube {number + 1} of {TUBES}" in page.inner_text("main")
        expected = page.locator(".stat .code").first.inner_text().strip()
        if number == 7:
            page.fill("#tube", stray)
            page.keyboard.press("Enter")
            refusal = page.locator(".refused[data-tone=wrong]")
            assert stray in refusal.inner_text()
            assert expected in refusal.inner_text()
        page.fill("#tube", expected)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(rf"done={re.escape(expected)}$"))
        walked.append(expected)

    way = ways(bank, walked)
    assert sorted(walked) == sorted(codes)
    assert len(set(way)) == len([one for n, one in enumerate(way) if n == 0 or way[n - 1] != one])
    assert "expected tube" not in page.inner_text("main")
    with bank.reading() as session:
        assert session.scalars(select(WorkList.state)).one() == "done"
        assert set(session.scalars(select(WorkLine.state))) == {"done"}
        strayed = session.scalars(select(Vial).where(Vial.code == stray)).one()
        assert strayed.state == "in_storage"
